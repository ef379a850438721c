"""Ralambondrainy: share of baskets in which the rule is wrong."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def ralambondrainy(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(X¬Y). Smaller is better; NaN without baskets."""
    return (n_x - n_xy) / n


RALAMBONDRAINY = Measure(
    name="ralambondrainy",
    formula="P(X¬Y)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Ralambondrainy 1995; Diatta, Ralambondrainy & Totohasina 2007",
    function=ralambondrainy,
)
