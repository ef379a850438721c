"""Reciprocal rank: how far down the first hit stands."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Judged


def reciprocal_rank(judged: Judged) -> np.ndarray:
    """float64[n] in [0, 1]: 1/place of the first hit among the first k places, 0 without one."""
    first = judged.hit.argmax(axis=1)
    return np.where(judged.hit.any(axis=1), 1.0 / (first + 1), 0.0)
