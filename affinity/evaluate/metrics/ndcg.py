"""NDCG: discounted gain of the hits over that of the best possible list."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Judged


def ndcg(judged: Judged) -> np.ndarray:
    """float64[n] in [0, 1]: Σ over hits of 1/log₂(place + 1), over the same sum for min(relevant, k) hits at the top."""
    k = judged.hit.shape[1]
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discount)[np.minimum(judged.relevant, k) - 1]
    return np.asarray((judged.hit * discount).sum(axis=1) / best)
