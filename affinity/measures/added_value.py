"""Added value: confidence beyond the share of all baskets with Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def added_value(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(Y|X) − P(Y). NaN without X."""
    return n_xy / n_x - n_y / n


ADDED_VALUE = Measure(
    name="added_value",
    formula="P(Y|X) − P(Y)",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=False,
    reference="Sahar & Mansour 1999; centred confidence, Pavillon",
    function=added_value,
)
