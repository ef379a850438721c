"""All-confidence: the smaller of the confidences in both directions."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def all_confidence(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) / max(P(X), P(Y)). NaN without X and Y."""
    return n_xy / np.maximum(n_x, n_y)


ALL_CONFIDENCE = Measure(
    name="all_confidence",
    formula="P(XY) / max(P(X), P(Y))",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Omiecinski 2003",
    function=all_confidence,
)
