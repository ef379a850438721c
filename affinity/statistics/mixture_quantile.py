"""Quantiles of a mixture of two gamma posteriors, for millions of pairs."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from affinity.statistics.elementary import exp, log

#: Counts up to this are read off a grid of this step in log expected; larger ones are solved one by one.
GRID_COUNT, GRID_STEP = 64, 1.0 / 64.0
#: Third difference of neighbouring nodes from which the quantile jumps between the components: solved one by one.
SMOOTH = 3e-5


class Mixture(Protocol):
    """What is asked of the prior (see `affinity.statistics.shrinkage.GammaMixture`)."""

    @property
    def alpha_1(self) -> float: ...
    @property
    def beta_1(self) -> float: ...
    @property
    def alpha_2(self) -> float: ...
    @property
    def beta_2(self) -> float: ...
    def posterior_weight(self, count: np.ndarray, expected: np.ndarray) -> np.ndarray: ...


def gamma_mixture_quantile(prior: Mixture, n: np.ndarray, e: np.ndarray, p: float) -> np.ndarray:
    """float64[k]: the ``p`` quantile of the posterior of each (count, expected); see `GammaMixture.quantile`."""
    found = np.empty(len(n))
    gridded = (n <= GRID_COUNT) & (n == np.rint(n)) & (n >= 0) & (e > 0)
    alone = np.flatnonzero(~gridded)
    found[alone] = _solve(prior, n[alone], e[alone], p)
    rows = np.flatnonzero(gridded)
    found[rows], smooth = _interpolated(prior, n[rows].astype(np.int64), log(e[rows]) / GRID_STEP, p)
    steep = rows[~smooth]
    found[steep] = _solve(prior, n[steep], e[steep], p)
    return found


def _interpolated(prior: Mixture, n: np.ndarray, place: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Cubic through the four nodes about ``place`` (log expected in grid steps), and whether they are smooth."""
    left = np.floor(place).astype(np.int64)
    t = place - left
    key = (left + (1 << 20)) * (GRID_COUNT + 1) + n
    cells, which = np.unique(key, return_inverse=True)
    nodes = np.unique(cells[:, None] + np.arange(-1, 3) * (GRID_COUNT + 1))
    at, count = np.divmod(nodes, GRID_COUNT + 1)
    logs = log(_solve(prior, count.astype(np.float64), exp((at - (1 << 20)) * GRID_STEP), p))
    value = logs[np.searchsorted(nodes, cells[:, None] + np.arange(-1, 3) * (GRID_COUNT + 1))]
    smooth = np.abs(np.diff(value, 3, axis=1)[:, 0]) < SMOOTH
    before, here, after, beyond = (column[which] for column in value.T)
    result = -t * (t - 1.0) * (t - 2.0) / 6.0 * before + (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * here
    result += -(t + 1.0) * t * (t - 2.0) / 2.0 * after + (t + 1.0) * t * (t - 1.0) / 6.0 * beyond
    return exp(result), smooth[which]


def _solve(prior: Mixture, n: np.ndarray, e: np.ndarray, p: float) -> np.ndarray:
    """Newton steps in log λ, kept between the quantiles of the components by bisection."""
    from scipy.special import gammainc, gammaincinv, gammaln

    shape_1, shape_2, rate_1, rate_2 = prior.alpha_1 + n, prior.alpha_2 + n, prior.beta_1 + e, prior.beta_2 + e
    first, second = gammaincinv(shape_1, p) / rate_1, gammaincinv(shape_2, p) / rate_2
    q = prior.posterior_weight(n, e)
    tiny = np.finfo(np.float64).tiny
    first, second = log(np.maximum(first, tiny)), log(np.maximum(second, tiny))
    low, high = np.minimum(first, second), np.maximum(first, second)
    at = first * q + second * (1.0 - q)
    open_ = np.flatnonzero(high - low > 1e-12)
    for _ in range(100):
        if len(open_) == 0:
            break
        x = exp(at[open_])
        k1, k2, r1, r2, w = shape_1[open_], shape_2[open_], rate_1[open_], rate_2[open_], q[open_]
        below = w * gammainc(k1, r1 * x) + (1.0 - w) * gammainc(k2, r2 * x) - p
        # Density in log λ: λ times the gamma density.
        slope = w * exp(k1 * log(r1 * x) - r1 * x - gammaln(k1))
        slope += (1.0 - w) * exp(k2 * log(r2 * x) - r2 * x - gammaln(k2))
        low[open_] = np.where(below < 0, at[open_], low[open_])
        high[open_] = np.where(below < 0, high[open_], at[open_])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = at[open_] - below / slope
        outside = ~((step > low[open_]) & (step < high[open_]))
        after = np.where(outside, 0.5 * (low[open_] + high[open_]), step)
        moved = np.abs(after - at[open_])
        at[open_] = after
        open_ = open_[(moved > 1e-11) & (high[open_] - low[open_] > 1e-12)]
    return exp(at)
