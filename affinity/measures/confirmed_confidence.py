"""Descriptive confirmed confidence: confidence less the share of baskets with X that lack Y."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def confirmed_confidence(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """P(Y|X) − P(¬Y|X). NaN without X."""
    return (n_xy - (n_x - n_xy)) / n_x


CONFIRMED_CONFIDENCE = Measure(
    name="confirmed_confidence",
    formula="P(Y|X) − P(¬Y|X)",
    low=-1.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Kodratoff 2001; arules",
    function=confirmed_confidence,
)
