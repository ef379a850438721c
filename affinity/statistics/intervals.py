"""Intervals of shares, of ratios to an expected count, and of differences of two shares. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

Bounds = tuple[np.ndarray, np.ndarray]


def wilson_interval(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> Bounds:
    """Wilson score interval of a share, ``(lower, upper)`` in [0, 1], float64, broadcast.

    (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), p = successes / trials.
    ``trials`` may be fractional (an effective sample size); trials ≤ 0 or NaN gives NaN. The lower bound is
    exactly 0 without successes, the upper exactly 1 without failures. Source: Wilson 1927, JASA 22.

    >>> lower, upper = wilson_interval(600, 5000)
    >>> round(float(lower), 4), round(float(upper), 4)
    (0.1113, 0.1293)
    """
    x, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    z = _normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(n > 0, n, np.nan)
        p = np.clip(x / n, 0.0, 1.0)
        widened = 1.0 + z * z / n
        middle = (p + z * z / (2.0 * n)) / widened
        half = z * np.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / widened
        lower = np.where(p <= 0.0, np.where(np.isnan(p), np.nan, 0.0), np.maximum(middle - half, 0.0))
        upper = np.where(p >= 1.0, np.where(np.isnan(p), np.nan, 1.0), np.minimum(middle + half, 1.0))
    return lower, upper


def gamma_interval(count: ArrayLike, expected: ArrayLike, level: float = 0.95) -> Bounds:
    """Interval of count / expected for a Poisson-like count: the Γ(count + ½) quantiles over ``expected``.

    ``(lower, upper)`` ≥ 0, float64, broadcast; lower is 0 when count is 0; expected ≤ 0 or NaN gives NaN.
    It is the Jeffreys interval of a Poisson rate: coverage .917–.986 at an expected count of .25–25, where
    the log-Wald interval covers .30–.96.
    """
    from scipy.special import gammaincinv

    n, e = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    tail = (1.0 - level) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        e = np.where(e > 0, e, np.nan)
        lower = np.where(n <= 0, 0.0, gammaincinv(n + 0.5, tail)) / e
        upper = gammaincinv(n + 0.5, 1.0 - tail) / e
    return lower, upper


def newcombe_interval(
    successes_1: ArrayLike, trials_1: ArrayLike, successes_0: ArrayLike, trials_0: ArrayLike, level: float = 0.95
) -> Bounds:
    """Interval of the difference p₁ − p₀ of two independent shares, in [−1, 1], float64, broadcast.

    Newcombe's hybrid score interval (his method 10): with Wilson bounds (l, u) of each share,
    d − √((p₁−l₁)² + (u₀−p₀)²), d + √((u₁−p₁)² + (p₀−l₀)²). No trials on either side gives NaN.
    Source: Newcombe 1998, Statistics in Medicine 17, 873–890.
    """
    lower_1, upper_1 = wilson_interval(successes_1, trials_1, level)
    lower_0, upper_0 = wilson_interval(successes_0, trials_0, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1 = np.asarray(successes_1, dtype=np.float64) / np.asarray(trials_1, dtype=np.float64)
        p0 = np.asarray(successes_0, dtype=np.float64) / np.asarray(trials_0, dtype=np.float64)
        lower = p1 - p0 - np.hypot(p1 - lower_1, upper_0 - p0)
        upper = p1 - p0 + np.hypot(upper_1 - p1, p0 - lower_0)
    return np.maximum(lower, -1.0), np.minimum(upper, 1.0)


def _normal_quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2.0))
