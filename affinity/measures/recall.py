"""Recall: share of the baskets with Y that hold X."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def recall(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(X|Y). NaN without Y."""
    return n_xy / n_y


RECALL = Measure(
    name="recall",
    formula="P(X|Y)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Lavrač, Flach & Zupan 1999",
    function=recall,
)
