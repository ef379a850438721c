"""Relative linkage disequilibrium: the departure from independence over the most it could be."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def relative_linkage_disequilibrium(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """D / (D + the smaller opposing cell), D = P(XY)·P(¬X¬Y) − P(X¬Y)·P(¬XY). NaN where 0/0."""
    x, y = n_x / n, n_y / n
    departure = n_xy / n - x * y
    against = np.minimum(n_x - n_xy, n_y - n_xy) / n
    along = np.minimum(n_xy, (n - n_x) - (n_y - n_xy)) / n
    return np.where(departure > 0, departure / (departure + against), departure / (departure - along))


RELATIVE_LINKAGE_DISEQUILIBRIUM = Measure(
    name="relative_linkage_disequilibrium",
    formula="D / (D + the smaller opposing cell), D = P(XY)·P(¬X¬Y) − P(X¬Y)·P(¬XY)",
    low=0.0,
    high=1.0,
    at_independence=0.0,
    symmetric=True,
    reference="Kenett & Salini 2008",
    function=relative_linkage_disequilibrium,
)
