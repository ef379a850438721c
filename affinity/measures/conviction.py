"""Conviction: how many times more often X ⇒ Y would be wrong if X and Y were independent."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def conviction(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(X)·P(¬Y) / P(X¬Y). inf where the rule is never wrong; NaN without X."""
    return np.where(n_x > 0, np.where(n_xy < n_x, (1.0 - n_y / n) / (1.0 - n_xy / n_x), np.inf), np.nan)


CONVICTION = Measure(
    name="conviction",
    formula="P(X)·P(¬Y) / P(X¬Y)",
    low=0.0,
    high=float("inf"),
    at_independence=1.0,
    symmetric=False,
    reference="Brin, Motwani, Ullman & Tsur 1997",
    function=conviction,
)
