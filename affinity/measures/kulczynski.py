"""Kulczynski: mean of the confidences in both directions."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def kulczynski(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(Y|X) + P(X|Y)) / 2. NaN without X or Y."""
    return (n_xy / n_x + n_xy / n_y) / 2.0


KULCZYNSKI = Measure(
    name="kulczynski",
    formula="(P(Y|X) + P(X|Y)) / 2",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Kulczyński 1927; Wu, Chen & Han 2010",
    function=kulczynski,
)
