"""Item-item cosine: neighbours of what a customer owns."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import count_owners, count_pairs, count_recent, keep_strongest, owned_matrix, score_sums
from affinity.tables.landmark import Landmark


def cosine(landmark: Landmark, *, neighbours: int = 20, half_life_days: float | None = None, trend: float = 0.0) -> Scorer:
    """Σ over owned A of weight_A·cos(A, B), times (recent buyers + 1 / buyers + 1)^trend.

    cos(A, B) = n_AB/√(n_A·n_B), n counted in customers, over the ``neighbours`` nearest of each B
    half_life_days : weight_A = 2^(−age of the last purchase / half-life); None: 1
    trend          : 0 leaves it out
    Source: Linden, Smith & York 2003; Deshpande & Karypis 2004.
    """
    holdings = landmark.holdings
    n = np.maximum(count_owners(holdings), 1)
    pairs = count_pairs(owned_matrix(holdings))
    row = np.repeat(np.arange(len(n)), np.diff(pairs.indptr))
    near = sparse.csr_array((pairs.data / np.sqrt(n[row] * n[pairs.indices]), pairs.indices, pairs.indptr), shape=pairs.shape)
    near = keep_strongest(near, neighbours).T.tocsr()  # by owned A
    factor = ((count_recent(holdings, holdings.last_at) + 1) / (n + 1)) ** trend
    return score_sums(owned_matrix(holdings, half_life_days), sparse.csr_array(near.multiply(factor)))


def recent_cosine(landmark: Landmark) -> Scorer:
    """The same with what is owned decayed (half-life 120 days) and a trend factor of ½."""
    return cosine(landmark, half_life_days=120.0, trend=0.5)
