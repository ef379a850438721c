"""Collective strength: agreement of X and Y over violation, against independence."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def collective_strength(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(XY)+P(¬X¬Y))/(P(X)P(Y)+P(¬X)P(¬Y)) · (1−P(X)P(Y)−P(¬X)P(¬Y))/(1−P(XY)−P(¬X¬Y)).

    inf where they never disagree; NaN where 0/0.
    """
    x, y = n_x / n, n_y / n
    differ = (n_x - n_xy + (n_y - n_xy)) / n
    differ_by_chance = x * (1.0 - y) + y * (1.0 - x)
    return (1.0 - differ) / (1.0 - differ_by_chance) * differ_by_chance / differ


COLLECTIVE_STRENGTH = Measure(
    name="collective_strength",
    formula="(P(XY)+P(¬X¬Y))/(P(X)P(Y)+P(¬X)P(¬Y)) · (1−P(X)P(Y)−P(¬X)P(¬Y))/(1−P(XY)−P(¬X¬Y))",
    low=0.0,
    high=float("inf"),
    at_independence=1.0,
    symmetric=True,
    reference="Aggarwal & Yu 1998",
    function=collective_strength,
)
