"""Empirical-Bayes shrinkage of observed over expected counts (the gamma-Poisson shrinker, GPS).

A raw ratio N/E ranks noise first: at N = 1 it is 1/E. Here N ~ Poisson(λE) and λ ~ q·Γ(α₁, β₁) + (1−q)·Γ(α₂, β₂)
over all pairs; what is shown is the posterior of λ given (N, E).
Sources: DuMouchel 1999, Am. Stat. 53; DuMouchel & Pregibon 2001, KDD (squashing, likelihood of the stored pairs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from affinity.statistics.climb import minimize_bounded
from affinity.statistics.elementary import exp, expm1, log, log1p

#: (α₁, β₁, α₂, β₂, q) from which the likelihood is climbed; the better end is kept.
STARTS = ((5.0, 5.0, 0.5, 0.1, 0.95), (50.0, 50.0, 2.0, 0.7, 0.99))
#: Bounds of the logarithms of α and β, and of the logit of q.
LOG_BOUND, LOGIT_BOUND = 7.0, 12.0
E_BINS, SINGLE_FROM = 60, 200
#: Pairs put into cells at a time.
SQUASHED_AT_ONCE = 1 << 17
MIN_VARIANCE = 1e-6


@dataclass(frozen=True)
class GammaMixture:
    """The prior of the ratio λ: weight·Γ(alpha_1, beta_1) + (1 − weight)·Γ(alpha_2, beta_2) (shape, rate).

    method         : "two_gamma", or "one_gamma" where pairs were too few or the fit failed (then both components
                     are one gamma with mean 1)
    log_likelihood : of the stored pairs at the fit; NaN for "one_gamma"
    n_pairs        : pairs it was fitted on
    """

    alpha_1: float
    beta_1: float
    alpha_2: float
    beta_2: float
    weight: float
    method: Literal["two_gamma", "one_gamma"] = "two_gamma"
    log_likelihood: float = float("nan")
    n_pairs: int = 0

    @property
    def prior_mean(self) -> float:
        """Mean of λ over all pairs; near 1 when the expected counts fit."""
        return self.weight * self.alpha_1 / self.beta_1 + (1.0 - self.weight) * self.alpha_2 / self.beta_2

    def posterior_weight(self, count: ArrayLike, expected: ArrayLike) -> np.ndarray:
        """Probability that λ comes from the first component given (count, expected), float64 in [0, 1]."""
        from scipy.special import expit, gammaln

        n, e = _floats(count, expected)

        def evidence(alpha: float, beta: float) -> np.ndarray:
            return gammaln(alpha + n) - gammaln(alpha) + alpha * log(beta) - (alpha + n) * log(beta + e)

        odds = log(self.weight) - log1p(-self.weight) if self.weight < 1.0 else np.inf
        return expit(odds + evidence(self.alpha_1, self.beta_1) - evidence(self.alpha_2, self.beta_2))

    def posterior_log_mean(self, count: ArrayLike, expected: ArrayLike) -> np.ndarray:
        """EBGM, the shrunk ratio: exp of the posterior mean of log λ, float64 > 0.

        exp{Q[ψ(α₁+N) − ln(β₁+E)] + (1−Q)[ψ(α₂+N) − ln(β₂+E)]}, Q the posterior weight. With one gamma the
        closed form (a + N)/(a + E). Near N/E where E is large, near 1 where nothing is known.
        """
        from scipy.special import psi

        n, e = _floats(count, expected)
        if self.method == "one_gamma":
            return (self.alpha_1 + n) / (self.beta_1 + e)
        q = self.posterior_weight(n, e)
        first = psi(self.alpha_1 + n) - log(self.beta_1 + e)
        second = psi(self.alpha_2 + n) - log(self.beta_2 + e)
        return exp(q * first + (1.0 - q) * second)

    def quantile(self, count: ArrayLike, expected: ArrayLike, p: float) -> np.ndarray:
        """The ``p`` quantile of λ given (count, expected), float64 > 0: EB05 at p = .05, EB95 at .95.

        Found in log λ between the quantiles of the two components; for small whole counts read off a fixed grid in
        log expected (relative error mostly under 1e-6, 1e-4 at worst), so a pair's bounds do not depend on its
        company. Intervals hold on average over pairs, not for each strong and tiny pair (those are shrunk).
        """
        from affinity.statistics.mixture_quantile import gamma_mixture_quantile

        n, e = np.broadcast_arrays(*_floats(count, expected))
        return gamma_mixture_quantile(self, n.ravel(), e.ravel(), p).reshape(n.shape)


def fit_gamma_poisson_mixture(
    count: ArrayLike,
    expected: ArrayLike,
    *,
    truncated: bool,
    at_least: int = 1,
    variance: ArrayLike | None = None,
    min_pairs: int = 1000,
) -> GammaMixture:
    """Fit the prior of λ = observed/expected by maximum likelihood over pairs; the same input, the same prior.

    count, expected : one row a pair; pairs with expected ≤ 0 or not finite are left out
    truncated       : only pairs with count ≥ 1 are given, though others exist: each likelihood is divided by
                      1 − f(0; E). Without that term the prior mean came out 6.2 instead of 1.0.
    at_least        : where ``truncated``, the smallest count that is given: the divisor is P(N ≥ at_least; E)
    variance        : of each count if products were independent (baskets hold a product at most once, so it is
                      below ``expected``); only the fallback reads it; Poisson when not given
    min_pairs       : below, or when the fit fails, one gamma with mean 1 (`method` "one_gamma"), by moments:
                      v = max(Σw[(N−E)² − V] / ΣwE², 1e-6), w = (1+E)⁻², α = β = 1/v. Where ``truncated``, its
                      variance comes from the truncated likelihood instead (moments of seen pairs only mislead).
    """
    n, e = np.broadcast_arrays(np.asarray(count), np.asarray(expected, dtype=np.float64))
    floor = max(at_least, 1) if truncated else 0

    def usable_in(rows: slice) -> np.ndarray:
        return np.isfinite(e[rows]) & (e[rows] > 0) & (n[rows] >= floor)

    if sum(int(np.count_nonzero(usable_in(rows))) for rows in _blocks(len(n))) >= min_pairs:
        fitted = _fit_two_gammas(n, e, usable_in, floor)
        if fitted is not None:
            return fitted
    usable = usable_in(slice(None))
    v = e if variance is None else np.broadcast_to(np.asarray(variance, dtype=np.float64), e.shape)
    return _fit_one_gamma(n[usable].astype(np.float64), e[usable], v[usable], floor)


def squash(
    count: np.ndarray, expected: np.ndarray, usable: np.ndarray | Callable[[slice], np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells (count, mean expected, number of pairs): 60 bins of log expected × count; counts ≥ 200 stay single.

    Cells come by count, then by expected; sums run in row order. Nothing as long as the columns is made.
    usable : bool, the pairs that are looked at, or what gives it for a run of rows (None: all)
    """

    def usable_in(rows: slice) -> np.ndarray:
        if usable is None:
            return np.ones(len(count[rows]), dtype=bool)
        return usable(rows) if callable(usable) else usable[rows]

    alone, low, high = _single_cells(count, expected, usable_in)
    if high == 0.0:
        return alone
    origin, width = log(low), max((log(high) - log(low)) / E_BINS, 1e-12)
    pairs, total = np.zeros(SINGLE_FROM * E_BINS), np.zeros(SINGLE_FROM * E_BINS)
    for rows in _runs(usable_in, len(count)):  # so that what is in between stays small
        few = usable_in(rows) & (count[rows] < SINGLE_FROM)
        n, e = count[rows][few], expected[rows][few]
        place = np.clip(((log(e) - origin) / width).astype(np.int64), 0, E_BINS - 1)
        cell = n.astype(np.int64) * E_BINS + place
        pairs += np.bincount(cell, minlength=len(pairs))
        total += np.bincount(cell, weights=e, minlength=len(pairs))
    kept = np.flatnonzero(pairs)
    return (
        np.concatenate([(kept // E_BINS).astype(np.float64), alone[0]]),
        np.concatenate([total[kept] / pairs[kept], alone[1]]),
        np.concatenate([pairs[kept], alone[2]]),
    )


def _single_cells(
    count: np.ndarray, expected: np.ndarray, usable_in: Callable[[slice], np.ndarray]
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], float, float]:
    """The cells of the counts that stay single, and the least and largest expected of the others (inf and 0 without any)."""
    parts, low, high = [], np.inf, 0.0
    for rows in _blocks(len(count)):
        usable, many = usable_in(rows), count[rows] >= SINGLE_FROM
        few = expected[rows][usable & ~many]
        low, high = min(low, float(few.min(initial=np.inf))), max(high, float(few.max(initial=0.0)))
        many &= usable
        parts.append((count[rows][many].astype(np.float64), expected[rows][many]))
    n, e = (np.concatenate(column) for column in zip(*parts))
    order = np.lexsort((e, n))
    return (n[order], e[order], np.ones(len(order))), low, high


def _blocks(n: int) -> Iterator[slice]:
    return (slice(first, first + SQUASHED_AT_ONCE) for first in range(0, max(n, 1), SQUASHED_AT_ONCE))


def _runs(usable_in: Callable[[slice], np.ndarray], n: int) -> Iterator[slice]:
    """Rows that hold SQUASHED_AT_ONCE usable ones each, the last run fewer: sums do not depend on what is not usable."""
    begin = held = 0
    for block in _blocks(n):
        rows = np.flatnonzero(usable_in(block))
        if held + len(rows) >= SQUASHED_AT_ONCE:
            end = block.start + int(rows[SQUASHED_AT_ONCE - held - 1]) + 1
            yield slice(begin, end)
            begin, held = end, held - SQUASHED_AT_ONCE
        held += len(rows)
    yield slice(begin, n)


def _fit_two_gammas(
    count: np.ndarray, expected: np.ndarray, usable_in: Callable[[slice], np.ndarray], floor: int
) -> GammaMixture | None:
    n, e, weight = squash(count, expected, usable_in)
    high = np.array([LOG_BOUND] * 4 + [LOGIT_BOUND])
    best = None
    for *gammas, q in STARTS:
        start = np.array([*log(gammas), log(q / (1.0 - q))])
        end = minimize_bounded(lambda x: _negative_log_likelihood(x, n, e, weight, floor), start, -high, high)
        if end.finite and (best is None or end.value < best.value):
            best = end
    if best is None:
        return None
    a1, b1, a2, b2 = (float(value) for value in exp(best.x[:4]))
    q = float(1.0 / (1.0 + exp(-best.x[4])))
    return GammaMixture(a1, b1, a2, b2, q, "two_gamma", -best.value, int(weight.sum()))


def _negative_log_likelihood(
    x: np.ndarray, n: np.ndarray, e: np.ndarray, weight: np.ndarray, floor: int
) -> tuple[float, np.ndarray]:
    """−Σ weight·log f(n; e) and its gradient in (log α₁, log β₁, log α₂, log β₂, logit q)."""
    (a1, b1, a2, b2), t = exp(x[:4]), x[4]
    log_q, log_r = -np.logaddexp(0.0, -t), -np.logaddexp(0.0, t)
    q = exp(log_q)
    f1, by_a1, by_b1 = _log_negative_binomial(n, e, a1, b1)
    f2, by_a2, by_b2 = _log_negative_binomial(n, e, a2, b2)
    log_f = np.logaddexp(log_q + f1, log_r + f2)
    s1, s2 = exp(log_q + f1 - log_f), exp(log_r + f2 - log_f)
    parts = np.array([s1 * by_a1, s1 * by_b1, s2 * by_a2, s2 * by_b2, s1 * (1.0 - q) - s2 * q])
    if floor:
        seen1, a_seen1, b_seen1 = _tail(floor, e, a1, b1)
        seen2, a_seen2, b_seen2 = _tail(floor, e, a2, b2)
        r = exp(log_r)
        seen = q * seen1 + r * seen2
        log_f = log_f - log(seen)
        by = [q * a_seen1, q * b_seen1, r * a_seen2, r * b_seen2, q * (1.0 - q) * (seen1 - seen2)]
        parts = parts - np.array(by) / seen
    return -float((weight * log_f).sum()), -(parts * weight).sum(axis=1)


def _log_negative_binomial(n: np.ndarray, e: np.ndarray, a: float, b: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log f(n; e) of N ~ Poisson(λe), λ ~ Γ(a, rate b), and its derivatives in log a and log b."""
    from scipy.special import gammaln, psi

    share = log(b / (b + e))
    log_f = gammaln(a + n) - gammaln(a) - gammaln(n + 1.0) + a * share + n * log(e / (b + e))
    return log_f, a * (psi(a + n) - psi(a) + share), a - (a + n) * b / (b + e)


def _tail(floor: int, e: np.ndarray, a: float, b: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(N ≥ floor) of N ~ Poisson(λe), λ ~ Γ(a, rate b), and its derivatives in log a and log b."""
    from scipy.special import betainc, betaln

    if floor == 1:
        z = a * log(b / (b + e))
        none = exp(z)
        return -expm1(z), -none * z, -none * a * e / (b + e)
    p = e / (b + e)
    step = 1e-5  # betainc has no derivative in a: a central difference, good to ten digits
    up, down = betainc(floor, a * exp(step), p), betainc(floor, a * exp(-step), p)
    density = exp(floor * log(p) + a * log1p(-p) - betaln(floor, a))
    return np.maximum(betainc(floor, a, p), np.finfo(np.float64).tiny), (up - down) / (2.0 * step), -density


def _fit_one_gamma(n: np.ndarray, e: np.ndarray, v: np.ndarray, floor: int) -> GammaMixture:
    if len(n) == 0:
        spread = MIN_VARIANCE
    elif floor:
        spread = _truncated_spread(n, e, floor)
    else:
        w = 1.0 / (1.0 + e) ** 2
        spread = max(float((w * ((n - e) ** 2 - v)).sum() / (w * e * e).sum()), MIN_VARIANCE)
    a = 1.0 / spread
    return GammaMixture(a, a, a, a, 1.0, "one_gamma", float("nan"), len(n))


def _truncated_spread(n: np.ndarray, e: np.ndarray, floor: int) -> float:
    """Variance of one gamma with mean 1 that is likeliest for pairs of which only count ≥ ``floor`` are seen."""
    from scipy.optimize import minimize_scalar

    def cost(log_a: float) -> float:
        a = float(exp(log_a))
        log_f, _, _ = _log_negative_binomial(n, e, a, a)
        return -float((log_f - log(_tail(floor, e, a, a)[0])).sum())

    found = minimize_scalar(cost, bounds=(log(1e-2), -log(MIN_VARIANCE)), method="bounded", options={"xatol": 1e-6})
    return float(exp(-found.x))


def _floats(count: ArrayLike, expected: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(count, dtype=np.float64), np.asarray(expected, dtype=np.float64)
