"""Effects of a treatment against a control group: differences with their intervals. Arrays in, numbers out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from affinity.statistics.intervals import newcombe_interval


@dataclass(frozen=True)
class Effect:
    """A difference treated − control with its interval; NaN where it cannot be told."""

    value: float
    lower: float
    upper: float

    def times(self, factor: float) -> Effect:
        """The effect on ``factor`` ≥ 0 customers (or in other units)."""
        return Effect(self.value * factor, self.lower * factor, self.upper * factor)

    def plain(self) -> dict[str, float | None]:
        """value, lower and upper as plain values, None for NaN."""
        numbers = {"value": self.value, "lower": self.lower, "upper": self.upper}
        return {name: None if math.isnan(number) else number for name, number in numbers.items()}


UNKNOWN = Effect(math.nan, math.nan, math.nan)


def difference_of_shares(successes_1: int, trials_1: int, successes_0: int, trials_0: int, level: float = 0.95) -> Effect:
    """p₁ − p₀ of two independent shares with Newcombe's interval, in [−1, 1]; NaN with an empty arm.

    >>> effect = difference_of_shares(56, 70, 48, 80)
    >>> [round(v, 4) for v in (effect.value, effect.lower, effect.upper)]
    [0.2, 0.0524, 0.3339]
    """
    if trials_1 <= 0 or trials_0 <= 0:
        return UNKNOWN
    lower, upper = newcombe_interval(successes_1, trials_1, successes_0, trials_0, level)
    return Effect(successes_1 / trials_1 - successes_0 / trials_0, float(lower), float(upper))


def difference_of_means(treated: np.ndarray, control: np.ndarray, level: float = 0.95) -> Effect:
    """Mean of ``treated`` − mean of ``control`` (float64 arrays) with Welch's interval.

    d ± t_{ν}·√(s₁²/n₁ + s₀²/n₀), ν by Welch and Satterthwaite. Fewer than two values in an arm: value without interval;
    none: NaN. Both arms constant: an interval of no width. Source: Welch 1947, Biometrika 34.
    """
    n1, n0 = len(treated), len(control)
    if n1 == 0 or n0 == 0:
        return UNKNOWN
    value = float(treated.mean() - control.mean())
    if n1 < 2 or n0 < 2:
        return Effect(value, math.nan, math.nan)
    a, b = float(treated.var(ddof=1)) / n1, float(control.var(ddof=1)) / n0
    if a + b == 0:
        return Effect(value, value, value)
    freedom = (a + b) ** 2 / (a * a / (n1 - 1) + b * b / (n0 - 1))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * math.sqrt(a + b)
    return Effect(value, value - half, value + half)


def stratified_difference(outcome: np.ndarray, treated: np.ndarray, stratum: np.ndarray, level: float = 0.95) -> Effect:
    """Σ w_s·d_s / Σ w_s over strata, d_s the difference of means within stratum s, w_s = n_T·n_C/(n_T + n_C).

    outcome : float64[n]; treated : bool[n]; stratum : int[n] codes ≥ 0. Strata with an empty arm weigh nothing. The interval
    is the normal one of Σ w²(s_T²/n_T + s_C²/n_C) / (Σw)²; a stratum with one customer in an arm takes the variance
    of that arm over all strata. NaN where no stratum has both arms.
    """
    k = int(stratum.max(initial=-1)) + 1
    moments = [_moments(outcome[arm], stratum[arm], k) for arm in (treated, ~treated)]
    (n1, m1, v1), (n0, m0, v0) = moments
    both = (n1 > 0) & (n0 > 0)
    if not both.any():
        return UNKNOWN
    n1, m1, v1, n0, m0, v0 = (column[both] for column in (n1, m1, v1, n0, m0, v0))
    weight = n1 * n0 / (n1 + n0)
    value = float((weight * (m1 - m0)).sum() / weight.sum())
    variance = float((weight**2 * (v1 / n1 + v0 / n0)).sum() / weight.sum() ** 2)
    half = float(ndtri(0.5 + level / 2)) * math.sqrt(variance)
    return Effect(value, value - half, value + half)


def _moments(outcome: np.ndarray, stratum: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers, mean and variance (ddof 1) of each stratum."""
    n = np.bincount(stratum, minlength=k).astype(np.float64)
    mean = np.bincount(stratum, weights=outcome, minlength=k) / np.maximum(n, 1)
    squares = np.bincount(stratum, weights=(outcome - mean[stratum]) ** 2, minlength=k)
    whole = float(outcome.var(ddof=1)) if len(outcome) > 1 else 0.0
    return n, mean, np.where(n > 1, squares / np.maximum(n - 1, 1), whole)


def adjusted_difference(
    outcome: np.ndarray, treated: np.ndarray, covariate: np.ndarray, level: float = 0.95
) -> tuple[Effect, float]:
    """The difference of means of outcome − θ·(covariate − its mean), and the share of variance it saves (CUPED).

    θ = cov(outcome, covariate) / var(covariate) over everybody; the covariate must be known before the treatment, so that it
    narrows the interval and moves the expected effect not at all. A constant covariate gives θ = 0. Welch's interval.
    Source: Deng, Xu, Kohavi, Walker 2013 (WSDM).
    """
    centred = covariate - covariate.mean() if len(covariate) else covariate
    spread = float((centred * centred).sum())
    theta = float((centred * outcome).sum()) / spread if spread > 0 else 0.0
    adjusted = outcome - theta * centred
    before = float(outcome.var()) if len(outcome) else 0.0
    saved = 1 - float(adjusted.var()) / before if before > 0 else 0.0
    return difference_of_means(adjusted[treated], adjusted[~treated], level), saved


def complier_effect(outcome: np.ndarray, treated: np.ndarray, exposed: np.ndarray, level: float = 0.95) -> Effect:
    """The effect on those who were reached because they were assigned (CACE): ITT / (share exposed, treated − control).

    outcome : float64[n]; treated, exposed : bool[n]. Interval of the ratio by the residual outcome − CACE·exposed (two-stage
    least squares with unequal variances). It takes assignment to act through exposure only. NaN where assignment
    did not raise exposure. Source: Angrist, Imbens, Rubin 1996 (JASA 91).
    """
    if not treated.any() or treated.all():
        return UNKNOWN
    seen = exposed.astype(np.float64)
    reach = float(seen[treated].mean() - seen[~treated].mean())
    if reach <= 0:
        return UNKNOWN
    value = float(outcome[treated].mean() - outcome[~treated].mean()) / reach
    rest = difference_of_means(outcome[treated] - value * seen[treated], outcome[~treated] - value * seen[~treated], level)
    half = (rest.upper - rest.lower) / 2 / reach
    return Effect(value, value - half, value + half)
