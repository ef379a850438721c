"""Observed against expected events of many pairs: how far beyond chance they spread, and which are more than that."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

#: Median of χ² with one degree of freedom; pairs of which fewer events are to be expected say little about the spread.
MEDIAN_CHI_SQUARED, LEAST_EXPECTED = 0.454936423119572, 10.0


def robust_dispersion(observed: ArrayLike, expected: ArrayLike, noise: ArrayLike = 0.0) -> float:
    """φ² ≥ 0 with median (O − E)² / (E + (φ² + ν)·E²) = median of χ²₁: the variance of O/E beyond chance of ordinary pairs.

    A baseline is never quite that of the pair: even unrelated pairs spread more than Poisson counts. The median sees the
    ordinary pairs and not the few that really differ (of those up to a half). ν = ``noise``: relative variance of E
    itself. To be given are pairs that were not chosen for their O or E; E ≤ 0 is left out. Fewer than 20 pairs: 0.
    """
    o, e, known = (np.asarray(column, dtype=np.float64) for column in np.broadcast_arrays(observed, expected, noise))
    usable = e > 0
    o, e, known = o[usable], e[usable], known[usable]
    if len(o) < 20:
        return 0.0

    def median(dispersion: float) -> float:
        return float(np.median((o - e) ** 2 / (e + (dispersion + known) * e**2)))

    low, high = 0.0, 1.0
    if median(low) <= MEDIAN_CHI_SQUARED:
        return 0.0
    while median(high) > MEDIAN_CHI_SQUARED:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if median(middle) > MEDIAN_CHI_SQUARED else (low, middle)
    return high


def excess_p_values(observed: ArrayLike, expected: ArrayLike, dispersion: ArrayLike = 0.0) -> np.ndarray:
    """One-sided p of "more events than expected": P(X ≥ O), float64; NaN where nothing is expected.

    E was estimated with relative variance φ² = ``dispersion``, as from n = 1/φ² events elsewhere: of O + n events each is
    one of the O with probability E/(E + n), and X is binomial given O + n (the comparison of two Poisson counts of
    Przyborowski & Wilenski 1940, Biometrika 31, for any n by the incomplete beta function); Poisson where φ² = 0.
    Exact and not mid-p, of which the false discoveries are a fifth more than asked for.

    >>> excess_p_values([4, 0], [1.0, 2.0]).round(4).tolist()
    [0.019, 1.0]
    >>> excess_p_values(3, 1.0, 0.5).round(6).tolist()  # at least 3 of 5, each with probability 1/3: 51 / 243
    0.209877
    """
    from scipy.special import betainc, gammainc

    columns = np.broadcast_arrays(observed, expected, dispersion)
    o, e, spread = (np.asarray(column, dtype=np.float64) for column in columns)
    safe, some = np.where(e > 0, e, 1.0), np.maximum(o, 1.0)
    elsewhere = 1.0 / np.where(spread > 0, spread, 1.0)
    tail = np.where(spread > 0, betainc(some, elsewhere + 1.0, safe / (elsewhere + safe)), gammainc(some, safe))
    return np.where(e > 0, np.where(o > 0, tail, 1.0), np.nan)
