"""The prior is recovered when only pairs with a count of 5 or more are stored."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.statistics import shrinkage


def test_the_likelihood_of_stored_pairs_has_the_gradient_it_says():
    rng = np.random.default_rng(0)
    n, e, weight = rng.poisson(3, 200) + 5.0, rng.gamma(2, 2, 200) + 0.01, np.ones(200)
    x = np.log([2.0, 1.5, 0.6, 0.3, 9.0])
    for floor in (0, 1, 5):
        value = lambda at, floor=floor: shrinkage._negative_log_likelihood(at, n, e, weight, floor)[0]  # noqa: E731
        numeric = [(value(x + 1e-5 * d) - value(x - 1e-5 * d)) / 2e-5 for d in np.eye(5)]
        assert shrinkage._negative_log_likelihood(x, n, e, weight, floor)[1] == pytest.approx(numeric, rel=1e-5)


def test_the_prior_survives_leaving_out_rare_pairs():
    rng = np.random.default_rng(1)
    expected = np.exp(rng.normal(0.0, 1.5, 200_000))
    ratio = np.where(rng.random(200_000) < 0.9, rng.gamma(5, 1 / 5.3, 200_000), rng.gamma(2, 1.0, 200_000))
    count = rng.poisson(ratio * expected)
    stored = count >= 5
    right = shrinkage.fit_gamma_poisson_mixture(count[stored], expected[stored], truncated=True, at_least=5)
    wrong = shrinkage.fit_gamma_poisson_mixture(count[stored], expected[stored], truncated=True)
    assert right.method == "two_gamma"
    assert right.prior_mean == pytest.approx(ratio.mean(), abs=0.05)
    assert wrong.prior_mean > 1.3


def test_few_stored_pairs_fall_back_to_one_gamma_of_the_right_width():
    rng = np.random.default_rng(2)
    expected = rng.uniform(1.0, 6.0, 2500)
    count = rng.poisson(rng.gamma(4, 1 / 4, 2500) * expected)
    stored = count >= 5
    assert stored.sum() < 1000
    prior = shrinkage.fit_gamma_poisson_mixture(count[stored], expected[stored], truncated=True, at_least=5)
    assert prior.method == "one_gamma"
    assert 2.0 < prior.alpha_1 < 8.0
