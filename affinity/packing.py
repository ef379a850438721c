"""What a server needs of a shop, packed into arrays that a release keeps.

A cart, and an order that has just been placed, are not known when a release is published. `pack_shop` puts by what
`affinity.contexts` answers them from; `affinity.packed` makes a shop of it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from affinity.contexts import Shop
from affinity.fit.features import known_segments
from affinity.ranking.choice import category_codes
from affinity.ranking.evidence import choose_horizon
from affinity.ranking.rank import DEFAULT_HORIZON_DAYS
from affinity.tables import FitModel, Landmark

PAIR_COLUMNS = ("count", "lift_eb", "lift_eb_lower", "lift_eb_upper")
CONVERSION_COLUMNS = (
    "eligible", "converted", "rate", "lower", "upper", "hazard_ratio", "hazard_ratio_lower", "hazard_ratio_upper",
)  # fmt: skip


def pack_shop(shop: Shop) -> dict[str, Any]:
    """Arrays (.npy), lists of texts and plain values by name; products and customers are codes of the shop.

    CSR by product or customer: NAME_rows int64 and columns of its rows. Orders are not among them: of a customer the
    products owned with the day (or order) of the first and last purchase, and the days of purchases.
    """
    facts: dict[str, Any] = {
        "as_of_day": shop.past.lines.as_of_day,
        "baskets": int(shop.graph.n),
        "buyers": shop.buyers.customers,
        "clock": shop.past.holdings.clock,
        "settings": shop.settings.model_dump(mode="json", exclude={"campaign", "engine", "memory_budget", "release", "spark"}),
    }
    packed = _pack_products(shop) | _pack_pairs(shop)
    if shop.past.has_customers:
        packed |= _pack_customers(shop)
        facts["customer_keys"] = field_keys(shop.facts.customers)
        facts["plan_excludes"] = {plan: list(labels) for plan, labels in shop.facts.customers.plan_excludes.items()}
    if shop.judged is not None:
        packed |= _pack_fields("judged", shop.judged)
        facts["states"] = list(shop.judged.states)
    if shop.learnt is not None:
        packed |= _pack_model(*shop.learnt)
        facts["model"] = _describe_model(*shop.learnt)
    return packed | {"shop": facts}


def _pack_products(shop: Shop) -> dict[str, Any]:
    return {
        "shop_product": [str(label) for label in shop.facts.products.products.labels],
        "category": sorted({str(label) for label in shop.facts.products.category if label is not None}),
        "product_category_code": category_codes(shop.facts.products),
        "product_baskets": shop.graph.n_item,
        "product_buyers": shop.buyers.count,
        **_pack_fields("product", shop.facts.products),
    }


def _pack_fields(kind: str, table: Any) -> dict[str, Any]:
    """Every array of a table as KIND_FIELD, those of its mappings as KIND_FIELD.NUMBER in the order of `field_keys`."""
    packed: dict[str, Any] = {}
    for field in fields(table):
        value = getattr(table, field.name)
        if isinstance(value, np.ndarray):
            packed |= _pack_column(f"{kind}_{field.name}", value)
    for name, keys in field_keys(table).items():
        for number, key in enumerate(keys):
            packed |= _pack_column(f"{kind}_{name}.{number}", getattr(table, name)[key])
    return packed


def field_keys(table: Any) -> dict[str, list[str]]:
    """The keys of every field that maps names to arrays."""
    mappings = {field.name: getattr(table, field.name) for field in fields(table)}
    return {
        name: list(value)
        for name, value in mappings.items()
        if isinstance(value, Mapping) and value and all(isinstance(column, np.ndarray) for column in value.values())
    }


def _pack_column(name: str, column: np.ndarray) -> dict[str, Any]:
    if column.dtype != object:
        return {name: column}
    known = sorted({str(label) for label in column.tolist() if label is not None})
    number = {label: code for code, label in enumerate(known)}
    codes = (-1 if label is None else number[str(label)] for label in column.tolist())
    return {f"{name}.code": np.fromiter(codes, np.int32, len(column)), f"{name}.label": known}


def _pack_pairs(shop: Shop) -> dict[str, Any]:
    graph, conversion = shop.graph, shop.conversion
    packed = {"pair_rows": graph.indptr, "pair_product": graph.consequent}
    packed |= {f"pair_{name}": getattr(graph, name) for name in PAIR_COLUMNS}
    if conversion is None:
        return packed
    wanted = shop.learnt[0].horizon_days if shop.learnt else DEFAULT_HORIZON_DAYS
    rows = np.flatnonzero(conversion.horizon_days == choose_horizon(conversion, wanted))
    packed["converts_rows"] = _bounds(conversion.antecedent[rows], len(graph.products))
    packed |= {"converts_product": conversion.consequent[rows], "converts_horizon_days": conversion.horizon_days[rows][:1]}
    return packed | {f"converts_{name}": getattr(conversion, name)[rows] for name in CONVERSION_COLUMNS}


def _pack_customers(shop: Shop) -> dict[str, Any]:
    held, past = shop.past.holdings, shop.past
    n, labels = len(held.customers), held.customers.held_labels
    packed = {
        "shop_customer": [str(label) for label in labels] if isinstance(labels, np.ndarray) else labels,
        "held_rows": held.indptr,
        "held_product": held.product,
        "held_first_at": held.first_at,
        "held_last_at": held.last_at,
        "held_times": held.times,
        "held_end": held.end,
        **_pack_fields("customer", shop.facts.customers),
        **_pack_rows("returned", n, *past.returned),
    }
    steps = past.steps
    if steps is not None and steps.customer is not None and steps.at is not None:
        bounds, order = steps.by_customer
        rows = slice(int(bounds[0]), int(bounds[-1]))
        packed |= {"step_rows": bounds - bounds[0], "step_at": steps.at[rows if order is None else order[rows]]}
    return packed


def _pack_rows(name: str, n: int, customer: np.ndarray, product: np.ndarray) -> dict[str, np.ndarray]:
    order = np.lexsort((product, customer))
    return {f"{name}_rows": _bounds(customer[order], n), f"{name}_product": product[order].astype(np.int32)}


def _pack_model(model: FitModel, now: Landmark) -> dict[str, Any]:
    counts, segment = now.transitions, known_segments(now)
    assert model.similar_indptr is not None
    return {
        "edge_rows": model.indptr,
        "edge_product": model.consequent,
        "edge_weight": model.edge,
        "like_rows": model.similar_indptr,
        "like_product": model.similar_consequent,
        "like_weight": model.similar_edge,
        "first_purchases": counts.first_purchases,
        "recent_lines": counts.recent_lines,
        "known_buyers": counts.buyers,
        "customer_segment": segment.place,
        "segment_score": segment.score,
    }


def _describe_model(model: FitModel, now: Landmark) -> dict[str, Any]:
    names = ("clock", "half_life", "slope", "intercept", "horizon_days")
    counts = now.transitions
    return {
        **{name: getattr(model, name) for name in names},
        "blend": dict(model.blend),
        "customer_terms": dict(model.customer_terms),
        "half_lives": [counts.half_life, counts.co_owned_half_life, counts.row_half_life],
        "counts_clock": counts.clock,
    }


def _bounds(code: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(code, minlength=n))]).astype(np.int64)
