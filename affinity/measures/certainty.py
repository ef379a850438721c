"""Certainty factor: how far X moves the belief in Y towards 1."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def certainty(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(Y|X) − P(Y)) / (1 − P(Y)). 0 where every basket holds Y, as in mlxtend; NaN without X."""
    confidence, y = n_xy / n_x, n_y / n
    return np.where(y == 1.0, 0.0, (confidence - y) / (1.0 - y))


CERTAINTY = Measure(
    name="certainty",
    formula="(P(Y|X) − P(Y)) / (1 − P(Y))",
    low=-float("inf"),
    high=1.0,
    at_independence=0.0,
    symmetric=False,
    reference="Shortliffe & Buchanan 1975, the form of mlxtend",
    function=certainty,
)
