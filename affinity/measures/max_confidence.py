"""Max-confidence: the larger of the confidences in both directions."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def max_confidence(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) / min(P(X), P(Y)). NaN without X or Y."""
    return n_xy / np.minimum(n_x, n_y)


MAX_CONFIDENCE = Measure(
    name="max_confidence",
    formula="P(XY) / min(P(X), P(Y))",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Wu, Chen & Han 2010",
    function=max_confidence,
)
