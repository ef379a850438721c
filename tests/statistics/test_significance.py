"""One-sided mid-p values against SciPy's distributions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from affinity.statistics.significance import binomial_mid_p, hypergeometric_mid_p


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.data())
def test_binomial_mid_p(trials, data):
    count = data.draw(st.integers(0, trials))
    expected = data.draw(st.floats(1e-6, trials * 0.99))
    null = stats.binom(trials, expected / trials)
    golden = null.sf(count) + 0.5 * null.pmf(count)
    np.testing.assert_allclose(binomial_mid_p(count, expected, trials), golden, rtol=1e-8, atol=1e-300)


def test_binomial_edges():
    p = binomial_mid_p([0, 3, 3, 3, 1, 0], [1.0, 0.0, 50.0, np.nan, 1.0, 0.0], [10, 10, 10, 10, 0, 5])
    np.testing.assert_allclose(p[0], 1 - 0.5 * 0.9**10)
    assert p[1] == 0.0
    assert p[2] > 0.99
    assert np.isnan(p[[3, 4]]).all()
    assert p[5] == 0.5


def test_staple_pairs_are_less_surprising_than_poisson_says():
    """A count cannot exceed its trials; Poisson does not know that."""
    count, expected, trials = 95, 80.0, 100
    assert binomial_mid_p(count, expected, trials) < stats.poisson.sf(count - 1, expected) / 100


def test_hypergeometric_is_one_sided_fisher():
    table = np.array([[8, 2], [1, 9]])
    above = stats.fisher_exact(table, alternative="greater").pvalue
    equal = stats.hypergeom.pmf(8, 20, 10, 9)
    np.testing.assert_allclose(hypergeometric_mid_p(8, 10, 9, 20), above - 0.5 * equal)
    assert np.isnan(hypergeometric_mid_p(0, 0, 0, 0))
