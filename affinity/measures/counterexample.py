"""Counterexample rate: 1 less the wrong baskets a right one."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def counterexample(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(XY) − P(X¬Y)) / P(XY). −inf where no basket is right; NaN without X."""
    return (n_xy - (n_x - n_xy)) / n_xy


COUNTEREXAMPLE = Measure(
    name="counterexample",
    formula="(P(XY) − P(X¬Y)) / P(XY)",
    low=-float("inf"),
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Azé & Kodratoff 2004; arules",
    function=counterexample,
)
