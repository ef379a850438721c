"""The gamma-Poisson shrinker: known truth recovered, formulas against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import gammainc

from affinity.statistics import shrinkage
from affinity.statistics.shrinkage import GammaMixture, fit_gamma_poisson_mixture, squash

PRIOR = GammaMixture(20.0, 20.0, 2.0, 0.5, 0.9)


@pytest.fixture(scope="module")
def world():
    """400,000 pairs, 1 % of them planted: count, expected, true ratio."""
    rng = np.random.default_rng(7)
    n = 400_000
    expected = np.exp(rng.normal(-2.5, 1.6, n)).clip(0.0005, 200)
    ratio = np.where(rng.random(n) < 0.01, rng.gamma(6, 0.5, n), rng.gamma(60, 1 / 60, n))
    return rng.poisson(ratio * expected), expected, ratio


def test_truncated_fit_recovers_the_prior_mean(world):
    count, expected, ratio = world
    seen = count >= 1
    fitted = fit_gamma_poisson_mixture(count[seen], expected[seen], truncated=True)
    assert fitted.method == "two_gamma"
    assert fitted.prior_mean == pytest.approx(ratio.mean(), abs=0.02)
    ignored = fit_gamma_poisson_mixture(count[seen], expected[seen], truncated=False)
    assert ignored.prior_mean > 2


def test_shrunk_ratios_rank_what_is_planted(world):
    count, expected, ratio = world
    seen = np.flatnonzero(count >= 1)
    fitted = fit_gamma_poisson_mixture(count[seen], expected[seen], truncated=True)
    shrunk = fitted.posterior_log_mean(count[seen], expected[seen])
    raw = count[seen] / expected[seen]
    assert ratio[seen[np.argsort(-shrunk)[:100]]].mean() > 3.5
    assert ratio[seen[np.argsort(-raw)[:100]]].mean() < 1.5
    assert count[seen[np.argmax(shrunk)]] > 1
    error = [np.sqrt(np.mean(np.log(x / ratio[seen]) ** 2)) for x in (raw, shrunk)]
    assert error[0] > 1.5
    assert error[1] < 0.25
    lower, upper = (fitted.quantile(count[seen][:20_000], expected[seen][:20_000], p) for p in (0.05, 0.95))
    truth = ratio[seen[:20_000]]
    assert 0.8 < ((lower <= truth) & (truth <= upper)).mean() < 0.97


def test_the_fit_is_deterministic_and_does_not_depend_on_order(world):
    count, expected, _ = world
    seen = np.flatnonzero(count >= 1)
    first = fit_gamma_poisson_mixture(count[seen], expected[seen], truncated=True)
    assert first == fit_gamma_poisson_mixture(count[seen], expected[seen], truncated=True)
    turned = fit_gamma_poisson_mixture(count[seen[::-1]], expected[seen[::-1]], truncated=True)
    assert turned.prior_mean == pytest.approx(first.prior_mean, rel=1e-4)


@pytest.mark.parametrize("truncated", [False, True])
def test_gradient(world, truncated):
    count, expected, _ = world
    seen = count >= 1
    cells = squash(count[seen].astype(float), expected[seen])
    x = np.array([1.0, 1.2, -0.5, -1.5, 2.0])

    def cost(at):
        return shrinkage._negative_log_likelihood(at, *cells, truncated)

    numeric = [(cost(x + d)[0] - cost(x - d)[0]) / 2e-6 for d in np.eye(5) * 1e-6]
    np.testing.assert_allclose(cost(x)[1], numeric, rtol=1e-5)


def test_likelihood_is_the_mixture_of_negative_binomials():
    n, e, x = np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.2, 2.0]), np.log([20.0, 20.0, 2.0, 0.5])
    value, _ = shrinkage._negative_log_likelihood(np.append(x, np.log(9.0)), n, e, np.ones(3), False)
    first, second = stats.nbinom.pmf(n, 20, 20 / (20 + e)), stats.nbinom.pmf(n, 2, 0.5 / (0.5 + e))
    assert value == pytest.approx(-np.log(0.9 * first + 0.1 * second).sum())


@pytest.mark.parametrize(("n", "e"), [(0, 0.3), (1, 0.01), (4, 1.5), (30, 10.0)])
def test_posterior_against_numerical_integration(n, e):
    def density(t):
        r = np.exp(t)
        prior = 0.9 * stats.gamma.pdf(r, 20, scale=1 / 20) + 0.1 * stats.gamma.pdf(r, 2, scale=2)
        return prior * stats.poisson.pmf(n, r * e) * r

    total = integrate.quad(density, -12, 4, limit=200)[0]
    log_mean = integrate.quad(lambda t: t * density(t), -12, 4, limit=200)[0] / total
    assert float(PRIOR.posterior_log_mean(n, e)) == pytest.approx(np.exp(log_mean), rel=1e-6)
    for p in (0.05, 0.95):
        below = integrate.quad(density, -12, np.log(float(PRIOR.quantile(n, e, p))), limit=200)[0] / total
        assert below == pytest.approx(p, abs=1e-6)


def test_quantiles_solve_the_posterior():
    rng = np.random.default_rng(0)
    e = np.exp(rng.uniform(-8, 6, 3000))
    n = rng.poisson(e * rng.gamma(1, 2, 3000))
    weight = PRIOR.posterior_weight(n, e)
    for p in (0.001, 0.05, 0.5, 0.95):
        at = PRIOR.quantile(n, e, p)
        below = weight * gammainc(20 + n, (20 + e) * at) + (1 - weight) * gammainc(2 + n, (0.5 + e) * at)
        np.testing.assert_allclose(below, p, atol=1e-4)
        assert np.quantile(np.abs(below - p), 0.99) < 1e-6


def test_bounds_do_not_depend_on_the_company():
    rng = np.random.default_rng(1)
    e = np.exp(rng.uniform(-6, 5, 500))
    n = rng.poisson(e * 2)
    together = PRIOR.quantile(n, e, 0.05)
    alone = np.array([float(PRIOR.quantile(n[i], e[i], 0.05)) for i in range(0, 500, 50)])
    np.testing.assert_array_equal(together[::50], alone)


def test_squash_keeps_every_pair():
    count, expected = np.array([1.0, 1.0, 2.0, 250.0, 300.0]), np.array([0.1, 0.1, 0.1, 3.0, 4.0])
    n, e, pairs = squash(count, expected)
    assert pairs.sum() == 5
    assert (e * pairs).sum() == pytest.approx(expected.sum())
    assert n.tolist() == [1.0, 2.0, 250.0, 300.0]


def test_few_pairs_fall_back_to_one_gamma():
    rng = np.random.default_rng(1)
    expected = rng.uniform(5, 50, 900)
    ratio = rng.gamma(10, 0.1, 900)
    variance = 0.7 * expected
    count = np.rint(ratio * expected + rng.normal(0, np.sqrt(variance))).clip(0)
    fitted = fit_gamma_poisson_mixture(count, expected, truncated=False, variance=variance)
    assert fitted.method == "one_gamma"
    assert 1 / fitted.alpha_1 == pytest.approx(0.1, rel=0.25)
    a = fitted.alpha_1
    np.testing.assert_allclose(fitted.posterior_log_mean(count, expected), (a + count) / (a + expected))
    np.testing.assert_allclose(fitted.quantile(5, 2.0, 0.05), stats.gamma.ppf(0.05, a + 5) / (a + 2))


def test_truncated_fallback_recovers_the_spread():
    rng = np.random.default_rng(2)
    expected = rng.uniform(0.2, 4, 950)
    count = rng.poisson(rng.gamma(4, 0.25, 950) * expected)
    seen = count >= 1
    fitted = fit_gamma_poisson_mixture(count[seen], expected[seen], truncated=True)
    assert fitted.method == "one_gamma"
    assert 1 / fitted.alpha_1 == pytest.approx(0.25, rel=0.5)


@pytest.mark.parametrize("truncated", [False, True])
def test_nothing_to_fit_shrinks_everything_to_one(truncated):
    fitted = fit_gamma_poisson_mixture([], [], truncated=truncated)
    assert fitted.n_pairs == 0
    assert float(fitted.posterior_log_mean(3, 0.1)) == pytest.approx(1, abs=1e-4)
    bad = fit_gamma_poisson_mixture([1, 2, 1], [0.0, np.nan, -1.0], truncated=truncated)
    assert bad.n_pairs == 0
