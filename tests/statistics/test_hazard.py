"""Observed against expected events: the spread of ordinary pairs, and p-values that allow for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from affinity.statistics.hazard import excess_p_values, robust_dispersion


def test_p_values_are_the_tails_of_scipys_distributions():
    o, e = np.array([0, 1, 4, 30, 100]), np.array([0.3, 2.0, 1.0, 20.0, 150.0])
    np.testing.assert_allclose(excess_p_values(o, e), stats.poisson(e).sf(o - 1), rtol=1e-10)
    elsewhere = 25
    given_both = stats.binom(o + elsewhere, e / (e + elsewhere))
    np.testing.assert_allclose(excess_p_values(o, e, 1 / elsewhere), given_both.sf(o - 1), rtol=1e-9)
    np.testing.assert_allclose(excess_p_values(o, e, 1e-9), excess_p_values(o, e), rtol=1e-4)
    assert np.isnan(excess_p_values([3], [0.0])).all()


def test_p_values_hold_where_the_expected_count_is_estimated():
    # λ the same in both; E known from n events over 7 times the exposure: no more than the nominal share below any limit.
    rng = np.random.default_rng(0)
    o, elsewhere = rng.poisson(8.0, 200_000), rng.poisson(56.0, 200_000)
    p = excess_p_values(o, elsewhere / 7.0, 1.0 / elsewhere)
    for limit in (0.1, 0.01, 0.001):
        assert (p < limit).mean() <= limit
    assert (excess_p_values(o, elsewhere / 7.0) < 0.001).mean() > 0.0013  # as if E were known


@pytest.mark.parametrize("phi", [0.0, 0.1, 0.3])
def test_the_spread_of_ordinary_pairs_is_found_beside_strong_ones(phi):
    rng = np.random.default_rng(1)
    e = rng.uniform(10, 300, 4000)
    ratio = rng.gamma(1 / phi**2, phi**2, 4000) if phi else np.ones(4000)
    ratio[:100] *= 4.0
    assert np.sqrt(robust_dispersion(rng.poisson(e * ratio), e)) == pytest.approx(phi, abs=0.03)


def test_few_pairs_show_no_spread():
    assert robust_dispersion([30] * 19, [10.0] * 19) == 0.0
    assert robust_dispersion([300] * 40, [0.0] * 40) == 0.0
