"""Gini index: how much X lowers the Gini impurity of Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def gini(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(X)·Σ P(y|X)² + P(¬X)·Σ P(y|¬X)² − P(Y)² − P(¬Y)². NaN where X is in every basket or in none."""
    x = n_x / n
    # Twice the squared leverage over P(X)·P(¬X): the same sum without cancellation.
    return 2.0 * (n_xy / n - x * (n_y / n)) ** 2 / (x * (1.0 - x))


GINI = Measure(
    name="gini",
    formula="P(X)·Σ P(y|X)² + P(¬X)·Σ P(y|¬X)² − P(Y)² − P(¬Y)²",
    low=0.0,
    high=0.5,
    at_independence=0.0,
    symmetric=False,
    reference="Breiman et al. 1984; Tan, Kumar & Srivastava 2004",
    function=gini,
)
