"""Kappa: agreement of X and Y beyond chance."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def kappa(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(XY)+P(¬X¬Y)−P(X)P(Y)−P(¬X)P(¬Y)) / (1−P(X)P(Y)−P(¬X)P(¬Y)). NaN where chance agreement is complete."""
    x, y = n_x / n, n_y / n
    return 2.0 * (n_xy / n - x * y) / (x * (1.0 - y) + y * (1.0 - x))


KAPPA = Measure(
    name="kappa",
    formula="(P(XY)+P(¬X¬Y)−P(X)P(Y)−P(¬X)P(¬Y)) / (1−P(X)P(Y)−P(¬X)P(¬Y))",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=True,
    reference="Cohen 1960; Tan, Kumar & Srivastava 2004",
    function=kappa,
)
