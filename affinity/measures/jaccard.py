"""Jaccard: share of the baskets with X or Y that hold both."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def jaccard(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) / P(X ∪ Y). NaN where there is neither."""
    return n_xy / (n_x + n_y - n_xy)


JACCARD = Measure(
    name="jaccard",
    formula="P(XY) / P(X ∪ Y)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Jaccard 1912; Tan, Kumar & Srivastava 2004",
    function=jaccard,
)
