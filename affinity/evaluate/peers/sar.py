"""SAR (simple algorithm for recommendation): item similarity times time-decayed affinity."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import DAYS_AN_ORDER, count_owners, count_pairs, owned_matrix, score_sums
from affinity.tables.landmark import Landmark


def sar(landmark: Landmark, *, similarity: str = "jaccard", half_life_days: float | None = 30.0) -> Scorer:
    """score(c, B) = Σ over purchases of A at age t of 2^(−t/half-life)·s(A, B).

    s : "jaccard" n_AB/(n_A + n_B − n_AB), "lift" n_AB/(n_A·n_B) or "count" n_AB, n counted in customers; s(A, A) adds
        to what is owned, which matters only where repurchases are ranked
    half_life_days : None counts every purchase as 1. Every step (day or order) of a purchase counts.
    Source: Microsoft Recommenders, SAR.
    """
    holdings = landmark.holdings
    n = count_owners(holdings)
    pairs = sparse.csr_array(count_pairs(owned_matrix(holdings)) + sparse.diags_array(n.astype(np.float64)))
    row = np.repeat(np.arange(len(n)), np.diff(pairs.indptr))
    count, n_a, n_b = pairs.data, n[row], n[pairs.indices]
    value = {"jaccard": count / np.maximum(n_a + n_b - count, 1), "lift": count / np.maximum(n_a * n_b, 1), "count": count}
    near = sparse.csr_array((value[similarity], pairs.indices, pairs.indptr), shape=pairs.shape)
    return score_sums(_affinity(landmark, half_life_days), near)


def _affinity(landmark: Landmark, half_life_days: float | None) -> sparse.csr_array:
    """Σ over the steps that hold a product of its weight; the holdings themselves where there are no steps."""
    holdings, steps = landmark.holdings, landmark.steps
    if steps is None or steps.customer is None or steps.at is None:
        return owned_matrix(holdings)
    known = np.repeat(steps.customer >= 0, steps.sizes)
    customer, at = np.repeat(steps.customer, steps.sizes)[known], np.repeat(steps.at, steps.sizes)[known]
    weight = np.ones(len(customer))
    if half_life_days is not None:
        half = half_life_days if steps.clock == "day" else half_life_days / DAYS_AN_ORDER
        weight = np.exp2(-(holdings.end[customer] - at) / half)
    shape = (len(holdings.customers), len(holdings.products))
    return sparse.coo_array((weight, (customer, steps.item[known])), shape=shape).tocsr()
