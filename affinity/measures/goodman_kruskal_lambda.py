"""Goodman–Kruskal λ: fewer mistakes in guessing Y once X is known, as a share."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def goodman_kruskal_lambda(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(Σ_x max_y P(xy) − max_y P(y)) / (1 − max_y P(y)). NaN where Y is in every basket or in none."""
    often = np.maximum(n_y, n - n_y)
    with_x = np.maximum(n_xy, n_x - n_xy)
    without_x = np.maximum(n_y - n_xy, (n - n_x) - (n_y - n_xy))
    return (with_x + without_x - often) / (n - often)


GOODMAN_KRUSKAL_LAMBDA = Measure(
    name="goodman_kruskal_lambda",
    formula="(Σ_x max_y P(xy) − max_y P(y)) / (1 − max_y P(y))",
    low=0.0,
    high=1.0,
    at_independence=0.0,
    symmetric=False,
    reference="Goodman & Kruskal 1954; Tan, Kumar & Srivastava 2004",
    function=goodman_kruskal_lambda,
)
