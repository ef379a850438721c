"""Representativity: share of baskets on which the rule could be judged."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def representativity(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """1 − (baskets with missing values) / n. Baskets are always complete here, so 1; NaN without baskets."""
    return np.where(n > 0, 1.0, np.nan) + 0.0 * n_xy


REPRESENTATIVITY = Measure(
    name="representativity",
    formula="1 − (baskets with missing values) / n",
    low=0.0,
    high=1.0,
    at_independence=1.0,
    symmetric=True,
    reference="Ragel & Crémilleux 1999; mlxtend",
    function=representativity,
)
