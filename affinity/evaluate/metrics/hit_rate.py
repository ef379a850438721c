"""Hit rate: whether the list holds anything that was bought."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Judged


def hit_rate(judged: Judged) -> np.ndarray:
    """float64[n]: 1 with a hit among the first k places, else 0."""
    return np.asarray(judged.hit.any(axis=1), dtype=np.float64)


def hit_rate_at_1(judged: Judged) -> np.ndarray:
    """float64[n]: 1 when the first place was bought, else 0."""
    return np.asarray(judged.hit[:, 0], dtype=np.float64)
