"""Intervals against SciPy and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from affinity.statistics.intervals import gamma_interval, newcombe_interval, wilson_interval


@pytest.mark.parametrize(("x", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (600, 5000), (94, 520)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_is_the_score_interval(x, n, level):
    golden = stats.binomtest(x, n).proportion_ci(level, method="wilson")
    lower, upper = wilson_interval(x, n, level)
    np.testing.assert_allclose([lower, upper], [golden.low, golden.high], atol=1e-12)


def test_wilson_edges():
    lower, upper = wilson_interval([0, 7, 1, np.nan, 0.5], [7, 7, 0, 5, 2.5])
    assert lower[0] == 0.0
    assert upper[1] == 1.0
    assert np.isnan([lower[2], upper[2], lower[3], upper[3]]).all()
    assert 0 < lower[4] < 0.2 < upper[4] < 1
    assert wilson_interval(np.array([], dtype=np.int64), np.array([], dtype=np.int64))[0].shape == (0,)


def test_gamma_interval_is_jeffreys():
    lower, upper = gamma_interval([0, 1, 25, 3], [2.0, 0.25, 25.0, 0.0])
    assert lower[0] == 0.0
    np.testing.assert_allclose(upper[:3], stats.gamma.ppf(0.975, np.array([0.5, 1.5, 25.5])) / [2.0, 0.25, 25.0])
    np.testing.assert_allclose(lower[1:3], stats.gamma.ppf(0.025, np.array([1.5, 25.5])) / [0.25, 25.0])
    assert np.isnan([lower[3], upper[3]]).all()


def test_gamma_interval_covers():
    rng = np.random.default_rng(0)
    for mean in (1.0, 5.0, 25.0):
        lower, upper = gamma_interval(rng.poisson(mean, 20_000), mean)
        assert 0.91 <= ((lower <= 1) & (upper >= 1)).mean() <= 0.99


@pytest.mark.parametrize(
    ("table", "golden"),
    [((56, 70, 48, 80), (0.0524, 0.3339)), ((9, 10, 3, 10), (0.1705, 0.8090)), ((10, 10, 0, 10), (0.6075, 1.0))],
)
def test_newcombe_published(table, golden):
    """Newcombe 1998, table II, method 10."""
    np.testing.assert_allclose(newcombe_interval(*table), golden, atol=5e-5)


def test_newcombe_without_trials():
    assert np.isnan(newcombe_interval(0, 0, 1, 2)).all()
