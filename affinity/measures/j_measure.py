"""J-measure: mean information in nats that X gives about Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure
from affinity.statistics.elementary import log


def j_measure(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY)·ln(P(Y|X)/P(Y)) + P(X¬Y)·ln(P(¬Y|X)/P(¬Y)). An impossible side adds 0; NaN without X."""
    confidence, y = n_xy / n_x, n_y / n
    with_y = np.where(n_xy > 0, confidence * log(confidence / y), 0.0 * confidence)
    without_y = np.where(n_xy < n_x, (1.0 - confidence) * log((1.0 - confidence) / (1.0 - y)), 0.0 * confidence)
    return np.maximum(n_x / n * (with_y + without_y), 0.0)


J_MEASURE = Measure(
    name="j_measure",
    formula="P(XY)·ln(P(Y|X)/P(Y)) + P(X¬Y)·ln(P(¬Y|X)/P(¬Y))",
    low=0.0,
    high=float("inf"),
    at_independence=0.0,
    symmetric=False,
    reference="Smyth & Goodman 1991",
    function=j_measure,
)
