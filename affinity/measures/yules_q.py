"""Yule's Q: the odds ratio brought to −1 … 1."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def yules_q(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(ad − bc) / (ad + bc). (OR − 1)/(OR + 1); NaN where 0/0."""
    both = (n_xy / n) * (((n - n_x) - (n_y - n_xy)) / n)
    one = ((n_x - n_xy) / n) * ((n_y - n_xy) / n)
    return (both - one) / (both + one)


YULES_Q = Measure(
    name="yules_q",
    formula="(ad − bc) / (ad + bc)",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=True,
    reference="Yule 1900",
    function=yules_q,
)
