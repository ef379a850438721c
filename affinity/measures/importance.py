"""Importance: log₁₀ of the confidence with X over that without, drawn towards 0 where counts are few."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure
from affinity.statistics.elementary import log10


def importance(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """log₁₀(((n_xy+1)/(n_x+2)) / ((n_¬xy+1)/(n_¬x+2))). Always finite."""
    return log10((n_xy + 1.0) / (n_x + 2.0)) - log10((n_y - n_xy + 1.0) / (n - n_x + 2.0))


IMPORTANCE = Measure(
    name="importance",
    formula="log₁₀(((n_xy+1)/(n_x+2)) / ((n_¬xy+1)/(n_¬x+2)))",
    low=-float("inf"),
    high=float("inf"),
    at_independence=None,
    symmetric=False,
    reference="Microsoft Association Rules; arules",
    function=importance,
)
