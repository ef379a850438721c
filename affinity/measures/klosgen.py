"""Klösgen: added value weighted by the root of support."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def klosgen(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """√P(XY)·(P(Y|X) − P(Y)). NaN without X."""
    return np.sqrt(n_xy / n) * (n_xy / n_x - n_y / n)


KLOSGEN = Measure(
    name="klosgen",
    formula="√P(XY)·(P(Y|X) − P(Y))",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=False,
    reference="Klösgen 1992; arules",
    function=klosgen,
)
