"""Observed against expected events of many pairs: how far beyond chance they spread, and which are more than that."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

#: Median of χ² with one degree of freedom; pairs with fewer expected events say little about the spread.
MEDIAN_CHI_SQUARED, LEAST_EXPECTED = 0.454936423119572, 10.0


def robust_dispersion(
    observed: ArrayLike, expected: ArrayLike, noise: ArrayLike = 0.0, *, least_expected: float = LEAST_EXPECTED
) -> float:
    """φ² ≥ 0 with median (O − E)² / (E + (φ² + ν)·E²) = median of χ²₁: the variance of O/E beyond chance of ordinary pairs.

    A baseline is never quite that of the pair: even unrelated pairs spread more than Poisson counts. The median sees the
    ordinary pairs and not the few that really differ (of those up to a half). ν = ``noise``: relative variance of E
    itself. Only pairs with E ≥ ``least_expected`` are looked at; fewer than 20 of them: 0.
    """
    o, e, known = (np.asarray(column, dtype=np.float64) for column in np.broadcast_arrays(observed, expected, noise))
    usable = e >= least_expected
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
    """One-sided mid-p of "more events than expected": ½P(X ≥ O) + ½P(X > O), float64; NaN where nothing is expected.

    X is negative binomial with mean E and variance E + φ²·E², φ² = ``dispersion``; Poisson where φ² = 0.

    >>> excess_p_values([4, 0], [1.0, 2.0]).round(4).tolist()
    [0.0113, 0.9323]
    """
    from scipy.special import betainc, gammainc

    columns = np.broadcast_arrays(observed, expected, dispersion)
    o, e, spread = (np.asarray(column, dtype=np.float64) for column in columns)
    safe = np.where(e > 0, e, 1.0)

    def at_least(k: np.ndarray) -> np.ndarray:
        some, size = np.maximum(k, 1.0), 1.0 / np.where(spread > 0, spread, 1.0)
        tail = np.where(spread > 0, betainc(some, size, safe / (size + safe)), gammainc(some, safe))
        return np.where(k > 0, tail, 1.0)

    return np.where(e > 0, 0.5 * (at_least(o) + at_least(o + 1.0)), np.nan)
