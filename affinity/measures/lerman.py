"""Lerman similarity: the count beyond independence in Poisson standard deviations."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def lerman(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(n_xy − n_x·n_y/n) / √(n_x·n_y/n). NaN without X or Y."""
    expected = n_x * (n_y / n)
    return (n_xy - expected) / np.sqrt(expected)


LERMAN = Measure(
    name="lerman",
    formula="(n_xy − n_x·n_y/n) / √(n_x·n_y/n)",
    low=-float("inf"),
    high=float("inf"),
    at_independence=0.0,
    symmetric=True,
    reference="Lerman 1981; arules",
    function=lerman,
)
