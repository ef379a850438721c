"""Small simulated shops with known truth, counted the obvious way."""

from __future__ import annotations

import numpy as np

from affinity.tables import Margins, PairCounts
from affinity.tables.margins import SIZE_STRATA
from affinity.vocabulary import Vocabulary


def count_sets(sets: list[np.ndarray], n_products: int) -> tuple[np.ndarray, Margins]:
    """Dense pair counts (int64[n_products, n_products], diagonal the item counts) and margins of item sets."""
    sizes = np.array([len(s) for s in sets], dtype=np.int64)
    member = np.zeros((len(sets), n_products), dtype=np.float64)
    for row, items in enumerate(sets):
        member[row, items] = 1.0
    stratum = np.searchsorted(SIZE_STRATA, sizes, side="right") - 1
    k = len(SIZE_STRATA)
    by_stratum = np.stack([member[stratum == s].sum(0) for s in range(k)]).astype(np.int64)
    margins = Margins(
        n=len(sets),
        n_item=member.sum(0).astype(np.int64),
        stratum_n=np.bincount(stratum, minlength=k).astype(np.int64),
        stratum_size_sum=np.bincount(stratum, weights=sizes, minlength=k).astype(np.int64),
        stratum_size_square_sum=np.bincount(stratum, weights=sizes * sizes, minlength=k).astype(np.int64),
        stratum_item=by_stratum,
    )
    return (member.T @ member).astype(np.int64), margins


def make_pairs(baskets: list[np.ndarray], n_products: int, customer: np.ndarray | None = None) -> PairCounts:
    """Pair counts of baskets (arrays of distinct codes), and of their customers where given."""
    dense, margins = count_sets(baskets, n_products)
    owned, owners = np.zeros_like(dense), None
    if customer is not None:
        held = [np.unique(np.concatenate([baskets[r] for r in np.flatnonzero(customer == c)])) for c in np.unique(customer)]
        owned, owners = count_sets(held, n_products)
    a, b = np.nonzero(np.triu((dense > 0) | (owned > 0), 1))
    return PairCounts(
        a=a.astype(np.int32),
        b=b.astype(np.int32),
        count=dense[a, b],
        customers=owned[a, b],
        baskets=margins,
        owners=owners,
        products=Vocabulary("product", [f"p{i:03d}" for i in range(n_products)]),
    )


def null_baskets(rng: np.random.Generator, n: int, n_products: int, sizes: np.ndarray) -> list[np.ndarray]:
    """Baskets of the given sizes whose products are drawn independently, by popularity, without repeats."""
    popularity = 1.0 / (np.arange(n_products) + 5.0)
    scores = np.log(popularity) + rng.gumbel(size=(n, n_products))
    order = np.argsort(-scores, axis=1)
    return [np.sort(order[row, : sizes[row]]) for row in range(n)]
