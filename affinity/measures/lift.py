"""Lift: how many times more often X and Y meet than if they were independent."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def lift(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) / (P(X)·P(Y)). NaN without X or Y."""
    return (n_xy / n_x) / (n_y / n)


LIFT = Measure(
    name="lift",
    formula="P(XY) / (P(X)·P(Y))",
    low=0.0,
    high=float("inf"),
    at_independence=1.0,
    symmetric=True,
    reference="Brin, Motwani, Ullman & Tsur 1997",
    function=lift,
)
