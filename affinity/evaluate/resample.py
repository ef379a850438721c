"""Bootstrap over customers: resample counts times sums, one matrix product for every figure at once."""

from __future__ import annotations

import numpy as np

#: A block of resample counts is at most so large.
BLOCK_BYTES = 32_000_000


def resample_sums(sums: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """float64[resamples, columns]: the column sums over as many customers drawn with replacement.

    sums : float64[customers, columns], what each customer adds. All columns see the same draws, so differences of
    columns are paired. The draws depend on ``seed`` and the number of customers only.
    """
    n, random = len(sums), np.random.default_rng(seed)
    drawn = np.zeros((resamples, sums.shape[1]))
    rows = max(1, BLOCK_BYTES // (8 * max(n, 1)))
    for start in range(0, resamples if n else 0, rows):
        take = min(rows, resamples - start)
        who = random.integers(0, n, (take, n)) + np.arange(take)[:, None] * n
        counts = np.bincount(who.ravel(), minlength=take * n).reshape(take, n)
        drawn[start : start + take] = counts.astype(np.float64) @ sums
    return drawn


def bounds(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2.5 % and 97.5 % quantiles of each column over its known samples; NaN without any."""
    low, high = np.full(samples.shape[1], np.nan), np.full(samples.shape[1], np.nan)
    for column in range(samples.shape[1]):
        known = samples[:, column][np.isfinite(samples[:, column])]
        if len(known):
            low[column], high[column] = np.quantile(known, [0.025, 0.975])
    return low, high
