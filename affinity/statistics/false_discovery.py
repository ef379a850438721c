"""False-discovery rates: from p-values to q-values over every test that could have been made."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def benjamini_hochberg(p_values: ArrayLike, n_tests: int | None = None) -> np.ndarray:
    """q-values: the false-discovery rate at which each test would be flagged, float64 in [0, 1].

    q_(i) = min over j ≥ i of p_(j)·m / j, m = ``n_tests`` candidates; candidates that are not in ``p_values``
    (pairs never seen together) count as tests with p = 1. Without ``n_tests``: the p-values that are not NaN.
    A NaN p-value is no test and stays NaN. Leaving unseen candidates out of m makes the real rate of false
    discoveries .40 where .05 was asked for. Source: Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57.

    >>> benjamini_hochberg([0.01, 0.04, 0.03], n_tests=4).round(6).tolist()
    [0.04, 0.053333, 0.053333]
    """
    p = np.asarray(p_values, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    m = len(tested) if n_tests is None else max(int(n_tests), len(tested))
    order = tested[np.argsort(p[tested])]  # equal p-values get one q-value, in whatever order
    if len(order) == 0:
        return q
    scaled = p[order] * (m / np.arange(1, len(order) + 1))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def benjamini_yekutieli(p_values: ArrayLike, n_tests: int | None = None) -> np.ndarray:
    """q-values that hold under any dependence between tests: Benjamini–Hochberg times Σ_{i≤m} 1/i, at most 1.

    Source: Benjamini & Yekutieli 2001, Annals of Statistics 29.
    """
    p = np.asarray(p_values, dtype=np.float64)
    m = int((~np.isnan(p)).sum()) if n_tests is None else max(int(n_tests), int((~np.isnan(p)).sum()))
    return np.minimum(benjamini_hochberg(p, m) * _harmonic(m), 1.0)


def _harmonic(m: int) -> float:
    """Σ_{i≤m} 1/i, by its asymptotic series where the sum is long."""
    if m < 1000:
        return float(np.sum(1.0 / np.arange(1, m + 1)))
    return float(np.log(m) + np.euler_gamma + 1.0 / (2.0 * m) - 1.0 / (12.0 * m * m))
