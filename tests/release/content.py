"""A small release's tables, made from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.tables import AlsoBought, Conversion, ItemsetCounts, PairGraph, Products, Quarantine, Recommendations, Rules
from affinity.tables.itemset_rows import ItemsetRows
from affinity.vocabulary import Vocabulary

REPORT = {"rows_read": 12, "rows_kept": 10, "rows_set_aside": 2, "reasons": {"bad_date": 2}, "skill": float("nan")}
N_PRODUCTS, N_CUSTOMERS = 6, 4


def make_identity(seed: int = 0) -> dict[str, Any]:
    """What the inputs and settings of a run hash to."""
    return {"rows": f"hash-{seed}", "settings": {"horizon_days": 90}, "as_of": "2025-06-30", "version": "0.1.0"}


def make_vocabularies() -> tuple[Vocabulary, Vocabulary]:
    """Product and customer labels, some of them awkward."""
    products = Vocabulary.of("product", ["tea", "Crème, brûlée", "coffee", 'a "b"', "é", "日本"])
    return products, Vocabulary.of("customer", ["C-1", "C-10", "C-2", "ünï"])


def make_tables(seed: int = 0, repeat: int = 1) -> dict[str, Any]:
    """Tables of a release; ``repeat`` makes its pairs and conversions so many times longer."""
    rng = np.random.default_rng(seed)
    products, customers = make_vocabularies()
    return {
        "itemsets": ItemsetCounts(
            ItemsetRows(np.array([0, 1, 3]), np.array([2, 0, 2], dtype=np.int32), np.array([7, 3])), 20, 3, products
        ),
        "rules": make_rules(products),
        "pairs": make_graph(rng, products),
        "conversions": make_conversion(rng, products, repeat),
        "recommendations": make_recommendations(products, customers),
        "also_bought": AlsoBought(
            np.array([0, 0, 3], dtype=np.int32), np.array([1, 2, 1], dtype=np.int32), np.array([1, 2, 0], dtype=np.int32),
            np.array([0.5, 0.25, 0.125]), products, 
            {"count": np.array([9, 8, 7]), "kind": np.array(["cross_sell", "upsell", "cross_sell"], dtype=object)},
        ),
        "products": Products.bare(products),
        "quarantine": Quarantine.build(np.array([3, 9]), "bad_date", detail=["yesterday", None]),
        "ledger": {
            "state": np.array(["eligible", "owned"], dtype=object), "pairs": np.array([20, 4]),
            "note": np.array([None, "x"], dtype=object),
        },
    }  # fmt: skip


def make_rules(products: Vocabulary) -> Rules:
    """Two rules."""
    return Rules(
        antecedent_indptr=np.array([0, 1, 3]), antecedent_item=np.array([0, 1, 2], dtype=np.int32),
        consequent_indptr=np.array([0, 1, 2]), consequent_item=np.array([1, 0], dtype=np.int32),
        n_xy=np.array([5, 3]), n_x=np.array([9, 4]), n_y=np.array([8, 9]), n=20, q_value=np.array([0.01, np.nan]),
        products=products,
        measures={name: np.array([0.25, 0.15]) for name in ("support", "confidence", "lift", "leverage")},
    )  # fmt: skip


def make_graph(rng: np.random.Generator, products: Vocabulary) -> PairGraph:
    """Every ordered pair of products."""
    n = len(products)
    consequent = np.array([b for a in range(n) for b in range(n) if a != b], dtype=np.int32)
    names = (
        "support", "confidence", "confidence_lower", "confidence_upper", "lift", "lift_adjusted", "lift_eb",
        "lift_eb_lower", "lift_eb_upper", "owner_lift_eb", "q_value",
    )  # fmt: skip
    numbers = {name: rng.random(len(consequent)) for name in names}
    numbers["q_value"][::3] = np.nan
    return PairGraph(
        indptr=np.arange(n + 1) * (n - 1), consequent=consequent, count=rng.integers(5, 99, len(consequent)),
        customers=rng.integers(5, 99, len(consequent)), n_item=rng.integers(9, 99, n), n=1000,
        community=np.array([0, 0, -1, 1, 1, -1], dtype=np.int32), products=products, **numbers,
    )  # fmt: skip


def make_conversion(rng: np.random.Generator, products: Vocabulary, repeat: int = 1) -> Conversion:
    """Rows of conversion, three horizons a pair."""
    pairs = np.array([(a, b) for a in range(len(products)) for b in range(len(products)) if a != b] * repeat)
    rows = len(pairs) * 3
    whole = ("eligible", "converted", "censored", "offered", "accepted")
    number = (
        "rate", "lower", "upper", "baseline", "hazard_ratio", "hazard_ratio_lower", "hazard_ratio_upper", "median_days",
        "offer_rate", "offer_lower", "offer_upper", "best_from_day", "best_to_day", "best_lift", "q_value",
    )  # fmt: skip
    return Conversion(
        antecedent=np.repeat(pairs[:, 0], 3).astype(np.int32), consequent=np.repeat(pairs[:, 1], 3).astype(np.int32),
        horizon_days=np.tile(np.array([30, 90, 365], dtype=np.int32), len(pairs)),
        **{name: rng.integers(0, 50, rows) for name in whole}, **{name: rng.random(rows) for name in number},
        note=np.full(rows, None, dtype=object), products=products, kind=np.full(rows, "cross_sell", dtype=object),
        churn=np.full(rows, "crude", dtype=object),
    )  # fmt: skip


def make_recommendations(products: Vocabulary, customers: Vocabulary) -> Recommendations:
    """Two recommendations for each customer but one."""
    customer = np.array([0, 0, 1, 1, 3, 3], dtype=np.int32)
    return Recommendations(
        customer=customer, rank=np.array([1, 2] * 3, dtype=np.int32),
        product=np.array([1, 2, 0, 5, 4, 3], dtype=np.int32), fit=np.array([0.3, 0.2, 0.5, 0.1, 0.25, np.nan]),
        because=np.array([0, -1, 1, 2, 2, -1], dtype=np.int32),
        reason_code=np.array(["converts_from", "popular"] * 3, dtype=object),
        reason=np.array(["because owns é", "popular", "because owns 日本", "popular", "x", None], dtype=object),
        is_fallback=np.array([False, True] * 3), customers=customers, products=products,
    )  # fmt: skip
