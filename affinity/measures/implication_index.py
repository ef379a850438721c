"""Implication index: wrong baskets beyond independence in Poisson standard deviations."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def implication_index(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(n_x¬y − n_x·n_¬y/n) / √(n_x·n_¬y/n). Below 0 speaks for the rule; NaN without X or where every basket holds Y."""
    expected = n_x * ((n - n_y) / n)
    return (n_x - n_xy - expected) / np.sqrt(expected)


IMPLICATION_INDEX = Measure(
    name="implication_index",
    formula="(n_x¬y − n_x·n_¬y/n) / √(n_x·n_¬y/n)",
    low=-float("inf"),
    high=float("inf"),
    at_independence=0.0,
    symmetric=False,
    reference="Gras 1996; arules",
    function=implication_index,
)
