"""Cosine: geometric mean of the confidences in both directions."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def cosine(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) / √(P(X)·P(Y)). NaN without X or Y."""
    return np.sqrt(n_xy / n_x) * np.sqrt(n_xy / n_y)


COSINE = Measure(
    name="cosine",
    formula="P(XY) / √(P(X)·P(Y))",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Tan, Kumar & Srivastava 2004",
    function=cosine,
)
