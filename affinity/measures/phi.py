"""Phi: Pearson's correlation of having X and having Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def phi(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(XY) − P(X)·P(Y)) / √(P(X)·P(¬X)·P(Y)·P(¬Y)). NaN where one of them is in every basket or in none."""
    x, y = n_x / n, n_y / n
    return np.clip((n_xy / n - x * y) / (np.sqrt(x * (1.0 - x)) * np.sqrt(y * (1.0 - y))), -1.0, 1.0)


PHI = Measure(
    name="phi",
    formula="(P(XY) − P(X)·P(Y)) / √(P(X)·P(¬X)·P(Y)·P(¬Y))",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=True,
    reference="Pearson 1896; Tan, Kumar & Srivastava 2004",
    function=phi,
)
