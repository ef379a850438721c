"""Antecedent support: how often X is bought."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def antecedent_support(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(X). Share of baskets with X; NaN without baskets."""
    return n_x / n


ANTECEDENT_SUPPORT = Measure(
    name="antecedent_support",
    formula="P(X)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="mlxtend; coverage in arules",
    function=antecedent_support,
)
