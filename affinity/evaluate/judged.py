"""Lists and truth side by side: what every ranking metric is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.tables.landmark import Landmark


@dataclass(frozen=True, eq=False)
class Ranked:
    """Ranked lists, CSR by customer code, best first; fit (float64 a row) where the recommender gives probabilities."""

    indptr: np.ndarray
    product: np.ndarray
    fit: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Truth:
    """Who is judged, and by what: the customers with a history and a new product bought in the horizon.

    customer : int32[n]; indptr, product : CSR by position of the products newly bought that somebody had bought before
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

    product  : int32[n, k], −1 where a list is shorter; hit : bool[n, k]
    relevant : int64[n], products newly bought; truth : where these come from
    """

    product: np.ndarray
    hit: np.ndarray
    relevant: np.ndarray
    truth: Truth


def know_truth(landmark: Landmark) -> Truth:
    """The judged customers of a past landmark; only products known before it can be right."""
    assert landmark.label_indptr is not None
    assert landmark.label_product is not None
    holdings = landmark.holdings
    buyers = np.bincount(holdings.product, minlength=len(holdings.products)).astype(np.int64)
    owner = np.repeat(np.arange(len(holdings.customers), dtype=np.int32), np.diff(landmark.label_indptr))
    known = (buyers[landmark.label_product] > 0) & (np.diff(holdings.indptr)[owner] > 0)
    customer, count = np.unique(owner[known], return_counts=True)
    indptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Truth(customer, indptr, landmark.label_product[known], buyers, int((np.diff(holdings.indptr) > 0).sum()))


def judge_lists(ranked: Ranked, truth: Truth, cutoff: int) -> Judged:
    """The first ``cutoff`` places of the judged customers' lists, and which of them were bought."""
    n = np.int64(len(truth.buyers))
    place = ranked.indptr[truth.customer][:, None] + np.arange(cutoff)
    inside = place < ranked.indptr[truth.customer + 1][:, None]
    product = np.full(place.shape, -1, dtype=np.int32)
    product[inside] = ranked.product[place[inside]]
    relevant = np.diff(truth.indptr)
    bought = np.repeat(np.arange(len(truth.customer), dtype=np.int64), relevant) * n + truth.product
    asked = np.arange(len(truth.customer), dtype=np.int64)[:, None] * n + product
    return Judged(product, inside & np.isin(asked, bought), relevant, truth)
