"""Leverage: share of baskets with both, beyond independence."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def leverage(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) − P(X)·P(Y). NaN without baskets."""
    return n_xy / n - (n_x / n) * (n_y / n)


LEVERAGE = Measure(
    name="leverage",
    formula="P(XY) − P(X)·P(Y)",
    low=-0.25,
    high=0.25,
    at_independence=0.0,
    symmetric=True,
    reference="Piatetsky-Shapiro 1991",
    function=leverage,
)
