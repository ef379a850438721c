"""Sebag–Schoenauer: right baskets a wrong one."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def sebag(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY) / P(X¬Y). inf where the rule is never wrong; NaN without X."""
    return n_xy / (n_x - n_xy)


SEBAG = Measure(
    name="sebag",
    formula="P(XY) / P(X¬Y)",
    low=0.0,
    high=float("inf"),
    at_independence=None,
    symmetric=False,
    reference="Sebag & Schoenauer 1988",
    function=sebag,
)
