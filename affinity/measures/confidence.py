"""Confidence: share of the baskets with X that hold Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def confidence(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(Y|X). NaN without X."""
    return n_xy / n_x


CONFIDENCE = Measure(
    name="confidence",
    formula="P(Y|X)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Agrawal, Imieliński & Swami 1993",
    function=confidence,
)
