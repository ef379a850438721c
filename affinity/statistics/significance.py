"""One-sided p-values of "together more often than independent", for pairs and for rules."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from affinity.statistics.elementary import exp

#: Counts up to which `least_mid_p` says anything.
BOUNDED_COUNT = 3


def binomial_mid_p(count: ArrayLike, expected: ArrayLike, trials: ArrayLike) -> np.ndarray:
    """P(N > count) + ½·P(N = count) for N ~ Binomial(trials, expected / trials), float64 in [0, 1], broadcast.

    ``trials`` is the most the count can be, min(n_a, n_b); the chance is capped at 1 − 1e-9. The null must be the
    expected count that allows for basket sizes: with n_a·n_b/n, sizes alone made every null run "discover" pairs.
    trials ≤ 0, or expected NaN, gives NaN. Mid-p: Lancaster 1961, JASA 56.

    >>> float(binomial_mid_p(3, 1.5, 3))  # ½ · P(3 of 3), chance ½
    0.0625
    """
    from scipy.special import betainc

    n, e, m = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (count, expected, trials)))
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(m > 0, np.minimum(e / m, 1.0 - 1e-9), np.nan)

    def at_least(k: np.ndarray) -> np.ndarray:
        inside = betainc(np.maximum(k, 1.0), np.maximum(m - k + 1.0, 1.0), chance)
        return np.where(k <= 0, 1.0, np.where(k > m, 0.0, inside))

    return np.where(np.isnan(chance), np.nan, 0.5 * (at_least(n) + at_least(n + 1.0)))


def least_mid_p(count: np.ndarray, expected: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """A quick lower bound of `binomial_mid_p`, float64 in [0, 1]: 0 where ``count`` is above `BOUNDED_COUNT`.

    P(N = k) ≤ E^k / k! · e^{−E + ck} of Binomial(trials, c) with E = c·trials, so that
    p ≥ 1 − e^{−E + cn}·(Σ_{k<n} E^k / k! + ½·E^n / n!) at the count n.
    """
    chance = np.minimum(expected / trials, 1.0 - 1e-9)
    mean = chance * trials
    term, below = np.ones(len(mean)), np.zeros(len(mean))
    for k in range(BOUNDED_COUNT + 1):
        below += term * np.where(count > k, 1.0, np.where(count == k, 0.5, 0.0))
        term *= mean / (k + 1)
    bound = 1.0 - below * exp(chance * count - mean)
    return np.where(count <= BOUNDED_COUNT, np.maximum(bound, 0.0), 0.0)


def hypergeometric_mid_p(n_xy: ArrayLike, n_x: ArrayLike, n_y: ArrayLike, n: ArrayLike) -> np.ndarray:
    """P(N > n_xy) + ½·P(N = n_xy) with all margins fixed (one-sided Fisher, mid-p), float64 in [0, 1].

    It holds only where all baskets are of about one size (see `binomial_mid_p`). NaN where n ≤ 0.
    """
    from scipy.stats import hypergeom

    k, x, y, total = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (n_xy, n_x, n_y, n)))
    with np.errstate(divide="ignore", invalid="ignore"):
        above, equal = hypergeom.sf(k, total, x, y), hypergeom.pmf(k, total, x, y)
    return np.where(total > 0, above + 0.5 * equal, np.nan)
