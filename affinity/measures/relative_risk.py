"""Relative risk: confidence over the share with Y among baskets without X."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def relative_risk(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(Y|X) / P(Y|¬X). inf where Y never comes without X; NaN where 0/0 or X is in every basket or in none."""
    return (n_xy / n_x) / ((n_y - n_xy) / (n - n_x))


RELATIVE_RISK = Measure(
    name="relative_risk",
    formula="P(Y|X) / P(Y|¬X)",
    low=0.0,
    high=float("inf"),
    at_independence=1.0,
    symmetric=False,
    reference="Sistrom & Garvan 2004; arules",
    function=relative_risk,
)
