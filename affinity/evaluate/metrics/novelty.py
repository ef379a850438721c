"""Novelty: how little known the shown products are."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Judged


def novelty(judged: Judged) -> np.ndarray:
    """float64[n] in bits: mean of −log₂(buyers / customers) over the first k places; NaN for an empty list."""
    shown = judged.product >= 0
    share = np.maximum(judged.truth.buyers[np.maximum(judged.product, 0)], 1) / max(judged.truth.customers, 1)
    count = shown.sum(axis=1)
    total = np.where(shown, -np.log2(share), 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
