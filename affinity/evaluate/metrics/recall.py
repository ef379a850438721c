"""Recall: the share of what was newly bought that the list holds."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Judged


def recall(judged: Judged) -> np.ndarray:
    """float64[n] in [0, 1]: hits among the first k places over products newly bought."""
    return np.asarray(judged.hit.sum(axis=1) / judged.relevant)
