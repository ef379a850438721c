"""Least contradiction: right less wrong baskets, over the baskets with Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def least_contradiction(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(XY) − P(X¬Y)) / P(Y). NaN without Y."""
    return (n_xy - (n_x - n_xy)) / n_y


LEAST_CONTRADICTION = Measure(
    name="least_contradiction",
    formula="(P(XY) − P(X¬Y)) / P(Y)",
    low=-float("inf"),
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Azé & Kodratoff 2004",
    function=least_contradiction,
)
