"""χ²: n times the squared correlation of X and Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def chi_squared(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """n·φ². One degree of freedom; with uneven basket sizes it is no test. NaN where one is in every basket or in none."""
    x, y = n_x / n, n_y / n
    return n * (n_xy / n - x * y) ** 2 / (x * (1.0 - x)) / (y * (1.0 - y))


CHI_SQUARED = Measure(
    name="chi_squared",
    formula="n·φ²",
    low=0.0,
    high=float("inf"),
    at_independence=0.0,
    symmetric=True,
    reference="Pearson 1900; Brin, Motwani & Silverstein 1997",
    function=chi_squared,
)
