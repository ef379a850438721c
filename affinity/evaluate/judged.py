"""Lists and truth side by side: what every ranking metric is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Ranked:
    """Ranked lists, CSR by customer code, best first; fit (float64 a row) where the recommender gives probabilities."""

    indptr: np.ndarray
    product: np.ndarray
    fit: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Truth:
    """Who is judged, and by what: the customers with a history who then bought what the protocol looks for.

    customer : int32[n], rising; indptr, product : CSR by position of those products that somebody had bought before
    buyers   : int64[n_products], distinct customers before; customers : how many had any history
    """

    customer: np.ndarray
    indptr: np.ndarray
    product: np.ndarray
    buyers: np.ndarray
    customers: int


@dataclass(frozen=True, eq=False)
class Judged:
    """The first k places of each judged customer's list.

    product  : int32[n, k], −1 where a list is shorter; hit : bool[n, k]. k is the cutoff, at most n_products
    relevant : int64[n], products that would be right; truth : where these come from
    """

    product: np.ndarray
    hit: np.ndarray
    relevant: np.ndarray
    truth: Truth


def judge_lists(ranked: Ranked, truth: Truth, cutoff: int) -> Judged:
    """The first ``cutoff`` places of the judged customers' lists, and which of them were bought."""
    n = np.int64(len(truth.buyers))
    place = ranked.indptr[truth.customer][:, None] + np.arange(min(cutoff, int(n)))
    inside = place < ranked.indptr[truth.customer + 1][:, None]
    product = np.full(place.shape, -1, dtype=np.int32)
    product[inside] = ranked.product[place[inside]]
    relevant = np.diff(truth.indptr)
    bought = np.repeat(np.arange(len(truth.customer), dtype=np.int64), relevant) * n + truth.product
    asked = np.arange(len(truth.customer), dtype=np.int64)[:, None] * n + product
    return Judged(product, inside & np.isin(asked, bought), relevant, truth)
