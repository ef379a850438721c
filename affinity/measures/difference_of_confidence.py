"""Difference of confidence: share with Y among baskets with X, less among those without."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def difference_of_confidence(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(Y|X) − P(Y|¬X). NaN where X is in every basket or in none."""
    return n_xy / n_x - (n_y - n_xy) / (n - n_x)


DIFFERENCE_OF_CONFIDENCE = Measure(
    name="difference_of_confidence",
    formula="P(Y|X) − P(Y|¬X)",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=False,
    reference="Hofmann & Wilhelm 2001 (doc in arules)",
    function=difference_of_confidence,
)
