"""Imbalance ratio: how unlike in size X and Y are."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def imbalance_ratio(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """|P(X) − P(Y)| / P(X ∪ Y). 0 where they are bought equally often; NaN where there is neither."""
    return np.abs(n_x - n_y) / (n_x + n_y - n_xy)


IMBALANCE_RATIO = Measure(
    name="imbalance_ratio",
    formula="|P(X) − P(Y)| / P(X ∪ Y)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Wu, Chen & Han 2010",
    function=imbalance_ratio,
)
