"""Causal confidence: mean confidence of X ⇒ Y and of its contrapositive ¬Y ⇒ ¬X."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def causal_confidence(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(Y|X) + P(¬X|¬Y)) / 2. NaN without X or where every basket holds Y."""
    return (n_xy / n_x + ((n - n_x) - (n_y - n_xy)) / (n - n_y)) / 2.0


CAUSAL_CONFIDENCE = Measure(
    name="causal_confidence",
    formula="(P(Y|X) + P(¬X|¬Y)) / 2",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Kodratoff 2001 (casualConfidence in arules)",
    function=causal_confidence,
)
