"""Consequent support: how often Y is bought."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def consequent_support(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(Y). Share of baskets with Y; NaN without baskets."""
    return n_y / n


CONSEQUENT_SUPPORT = Measure(
    name="consequent_support",
    formula="P(Y)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="mlxtend; rhsSupport in arules",
    function=consequent_support,
)
