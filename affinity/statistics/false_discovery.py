"""False-discovery rates: from p-values to q-values over every test that could have been made."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from affinity.statistics.elementary import log

#: Sorted p-values that are made q-values at a time.
RANKED_AT_ONCE = 1 << 20


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
    return q_values_among(p.flatten(), p, n_tests)


def q_values_among(p_values: np.ndarray, wanted: np.ndarray, n_tests: int | None = None) -> np.ndarray:
    """The q-values that `benjamini_hochberg` gives for some of the tests, without a q-value for each of the others.

    p_values : float64, of all tests; overwritten, for where they are many there is no room for a second copy
    wanted   : the p-values of those tests, each among ``p_values``; NaN stays NaN
    Tests whose p is at least (number of tests)/``n_tests`` have q = 1 and may be left out of ``p_values`` (``wanted`` inf).
    """
    p_values.sort()  # NaN last
    tested = p_values[: len(p_values) - int(np.isnan(p_values).sum())]
    m = len(tested) if n_tests is None else max(int(n_tests), len(tested))
    q = np.full(wanted.shape, np.nan)
    known = ~np.isnan(wanted)
    place = np.searchsorted(tested, wanted[known])  # equal p-values have one q-value
    least = 1.0
    for last in range(len(tested), 0, -RANKED_AT_ONCE):
        first = max(last - RANKED_AT_ONCE, 0)
        scaled = tested[first:last] * (m / np.arange(first + 1, last + 1))
        tested[first:last] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], least)
        least = float(tested[first])
    among = np.ones(len(place))
    among[place < len(tested)] = tested[place[place < len(tested)]]
    q[known] = among
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
    return float(log(m) + np.euler_gamma + 1.0 / (2.0 * m) - 1.0 / (12.0 * m * m))
