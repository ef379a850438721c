"""Pair figures and candidates made by hand for the tests of ranking."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.tables import Candidates, Conversion, Holdings, PairGraph, Products
from affinity.vocabulary import Vocabulary

GOODS = Vocabulary("product", ["bread", "cheese", "grinder", "kettle", "mug", "tea"])
PEOPLE = Vocabulary("customer", ["ann", "bob", "cem", "dan"])
BREAD, CHEESE, GRINDER, KETTLE, MUG, TEA = range(6)


def make_holdings(owned: dict[int, dict[int, int]], *, end: int = 100, clock: str | None = "day") -> Holdings:
    """Holdings of customer -> {product: day of its only purchase}."""
    rows = [(c, p, at) for c in range(len(PEOPLE)) for p, at in sorted(owned.get(c, {}).items())]
    table = np.array(rows, dtype=np.int32).reshape(-1, 3)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(table[:, 0], minlength=len(PEOPLE)))]).astype(np.int64)
    day, ends = table[:, 2].copy(), np.full(len(PEOPLE), end, dtype=np.int32)
    return Holdings(indptr, table[:, 1].copy(), day, day, np.ones_like(day), ends, PEOPLE, GOODS, clock)


def make_graph(pairs: dict[tuple[int, int], tuple[int, float, float]], *, n_item: Any = None, n: int = 1000) -> PairGraph:
    """Both directions of unordered pairs: (count, shrunk lift, its lower bound)."""
    edges = sorted([(a, b, *v) for (a, b), v in pairs.items()] + [(b, a, *v) for (a, b), v in pairs.items()])
    table = np.array(edges, dtype=np.float64).reshape(-1, 5)
    a, b, count = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2].astype(np.int64)
    lift, lower = table[:, 3], table[:, 4]
    zeros = np.zeros(len(a))
    return PairGraph(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(a, minlength=len(GOODS)))]).astype(np.int64),
        consequent=b,
        count=count,
        customers=count,
        n_item=np.array(n_item if n_item is not None else [100] * len(GOODS), dtype=np.int64),
        n=n,
        support=count / n,
        confidence=zeros,
        confidence_lower=zeros,
        confidence_upper=zeros,
        lift=lift,
        lift_adjusted=lift,
        lift_eb=lift,
        lift_eb_lower=lower,
        lift_eb_upper=lift + 1,
        owner_lift_eb=zeros,
        q_value=zeros,
        community=np.full(len(GOODS), -1, dtype=np.int32),
        products=GOODS,
    )


def make_conversion(rows: list[tuple[int, int, int, int, int, float, float]]) -> Conversion:
    """Rows (antecedent, consequent, horizon, eligible, converted, rate, lower bound of the hazard ratio)."""
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 7)
    whole = lambda k: table[:, k].astype(np.int64)  # noqa: E731
    zeros, nothing = np.zeros(len(table), dtype=np.int64), np.full(len(table), np.nan)
    return Conversion(
        antecedent=table[:, 0].astype(np.int32),
        consequent=table[:, 1].astype(np.int32),
        horizon_days=table[:, 2].astype(np.int32),
        eligible=whole(3),
        converted=whole(4),
        censored=zeros,
        rate=table[:, 5],
        lower=table[:, 5] * 0.8,
        upper=table[:, 5] * 1.2,
        baseline=nothing,
        hazard_ratio=table[:, 6] + 0.5,
        hazard_ratio_lower=table[:, 6],
        hazard_ratio_upper=table[:, 6] + 1.0,
        median_days=nothing,
        offered=zeros,
        accepted=zeros,
        offer_rate=nothing,
        offer_lower=nothing,
        offer_upper=nothing,
        note=np.full(len(table), None, dtype=object),
        products=GOODS,
    )


def make_candidates(rows: dict[int, list[tuple[int, float, list[int]]]]) -> Candidates:
    """Candidates of customer -> [(product, fit, owned products by contribution)], best first."""
    flat = [(c, *row) for c in range(len(PEOPLE)) for row in rows.get(c, [])]
    fit = np.array([row[2] for row in flat], dtype=np.float64)
    owned = np.array([(row[3] + [-1, -1, -1])[:3] for row in flat], dtype=np.int32).reshape(-1, 3)
    who = np.array([row[0] for row in flat], dtype=np.int64)
    return Candidates(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(PEOPLE)))]).astype(np.int64),
        product=np.array([row[1] for row in flat], dtype=np.int32),
        fit=fit,
        score=fit,
        base=fit,
        evidence=fit,
        because=owned[:, 0],
        customers=PEOPLE,
        products=GOODS,
        antecedent=owned,
        term=(owned >= 0).astype(np.float64),
    )


def make_products(**columns: Any) -> Products:
    """Bare products with some columns given."""
    return Products(**{**vars(Products.bare(GOODS)), **columns})
