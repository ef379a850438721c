"""Mutual information of having X and having Y, over the smaller of their entropies."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure
from affinity.statistics.elementary import log, log1p


def mutual_information(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Σ P·ln(P / (P·P)) / min(H(X), H(Y)). NaN where one is in every basket or in none."""
    x, y = n_x / n, n_y / n
    cells = (
        (n_xy / n, x * y),
        ((n_x - n_xy) / n, x * (1.0 - y)),
        ((n_y - n_xy) / n, (1.0 - x) * y),
        (((n - n_x) - (n_y - n_xy)) / n, (1.0 - x) * (1.0 - y)),
    )
    shared = sum(np.where(seen > 0, seen * log(seen / chance), 0.0 * seen) for seen, chance in cells)
    return np.clip(shared / np.minimum(_entropy(x), _entropy(y)), 0.0, 1.0)


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * log(p) + (1.0 - p) * log1p(-p))


MUTUAL_INFORMATION = Measure(
    name="mutual_information",
    formula="Σ P·ln(P / (P·P)) / min(H(X), H(Y))",
    low=0.0,
    high=1.0,
    at_independence=0.0,
    symmetric=True,
    reference="Tan, Kumar & Srivastava 2004; normalised as in arules",
    function=mutual_information,
)
