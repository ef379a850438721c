"""Odds ratio: odds of Y with X over its odds without X."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def odds_ratio(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY)·P(¬X¬Y) / (P(X¬Y)·P(¬XY)). inf where one side never happens without the other; NaN where 0/0."""
    return (n_xy * ((n - n_x) - (n_y - n_xy))) / ((n_x - n_xy) * (n_y - n_xy))


ODDS_RATIO = Measure(
    name="odds_ratio",
    formula="P(XY)·P(¬X¬Y) / (P(X¬Y)·P(¬XY))",
    low=0.0,
    high=float("inf"),
    at_independence=1.0,
    symmetric=True,
    reference="Mosteller 1968; Tan, Kumar & Srivastava 2004",
    function=odds_ratio,
)
