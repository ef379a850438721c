"""Support: how often X and Y are together."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def support(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(XY). Share of baskets with both; NaN without baskets."""
    return n_xy / n


SUPPORT = Measure(
    name="support",
    formula="P(XY)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=True,
    reference="Agrawal, Imieliński & Swami 1993",
    function=support,
)
