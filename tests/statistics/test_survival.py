"""Kaplan–Meier over many runs: against SciPy, against the plain definition, and its edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.statistics import survival

DURATIONS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40), st.booleans()), min_size=1, max_size=60)


def curve_of(rows, groups=4):
    group, day, event = (np.array(column) for column in zip(*rows))
    return survival.cumulative_curve(*survival.count_life_table(day, event.astype(bool), group, groups))


@settings(deadline=None, max_examples=60)
@given(DURATIONS)
def test_the_curve_is_scipys(rows):
    from scipy import stats

    curve = curve_of(rows)
    for run in range(4):
        mine = [(day, event) for group, day, event in rows if group == run]
        if not any(event for _, event in mine):
            assert curve.indptr[run] == curve.indptr[run + 1]
            continue
        there = stats.CensoredData(
            uncensored=[day for day, event in mine if event], right=[day for day, event in mine if not event]
        )
        expected = stats.ecdf(there).cdf
        here = slice(curve.indptr[run], curve.indptr[run + 1])
        np.testing.assert_allclose(curve.rate[here], expected.evaluate(curve.day[here]), atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(DURATIONS)
def test_a_batch_equals_its_members(rows):
    curve = curve_of(rows)
    for run in range(4):
        alone = curve_of([(0, day, event) for group, day, event in rows if group == run] or [(0, 1, False)], groups=1)
        here = slice(curve.indptr[run], curve.indptr[run + 1])
        assert curve.rate[here].tobytes() == alone.rate.tobytes()
        assert curve.variance[here].tobytes() == alone.variance.tobytes()


def test_a_worked_life_table():
    # Ten at risk, one converts on day 3; two censored on day 5; two of the seven left on day 9.
    curve = survival.cumulative_curve(np.array([0, 2]), np.array([3, 9]), np.array([10, 7]), np.array([1, 2]))
    assert curve.rate.tolist() == pytest.approx([0.1, 1 - 0.9 * 5 / 7])
    assert curve.variance[1] == pytest.approx((0.9 * 5 / 7) ** 2 * (1 / 90 + 2 / 35))
    rate, variance = curve.at(8)
    assert rate.tolist() == pytest.approx([0.1])
    assert variance.tolist() == pytest.approx([0.9**2 / 90])
    assert curve.at(2)[0].tolist() == [0.0]


def test_everybody_converting_is_certain_and_counts_everybody():
    curve = survival.cumulative_curve(np.array([0, 1]), np.array([4]), np.array([6]), np.array([6]))
    rate, variance = curve.at(30)
    assert (rate[0], variance[0]) == (1.0, 0.0)
    size = survival.effective_size(rate, variance, np.array([6]), np.array([6.0]))
    assert size.tolist() == [6.0]
    assert survival.rate_bounds(rate, size)[1].tolist() == [1.0]


def test_without_censoring_the_effective_size_is_the_number_at_risk():
    days = np.repeat([3, 8, 50], [5, 4, 31])
    event = days < 50
    curve = survival.cumulative_curve(*survival.count_life_table(days, event))
    rate, variance = curve.at(40)
    assert rate[0] == pytest.approx(9 / 40)
    assert survival.effective_size(rate, variance, np.array([40]), np.array([40.0]))[0] == pytest.approx(40)


def test_no_event_gives_zero_with_an_upper_bound():
    curve = survival.cumulative_curve(np.array([0, 0]), np.array([], int), np.array([], int), np.array([], int))
    rate, variance = curve.at(90)
    size = survival.effective_size(rate, variance, np.array([50]), survival.steady_size(np.array([50]), np.array([20])))
    lower, upper = survival.rate_bounds(rate, size)
    assert rate[0] == lower[0] == 0.0
    assert 20 < size[0] < 50
    assert 0.05 < upper[0] < 0.2


def test_steady_size_is_the_harmonic_mean_of_a_falling_line():
    sizes = np.linspace(100, 40, 100_000)
    assert survival.steady_size(np.array([100]), np.array([40]))[0] == pytest.approx(1 / np.mean(1 / sizes), rel=1e-4)
    assert survival.steady_size(np.array([7, 7, 0]), np.array([7, 0, 0])).tolist() == [7.0, 0.0, 0.0]


def test_velocity_and_median():
    days = np.array([5, 10, 20, 60, 60, 60, 60, 60])
    curve = survival.cumulative_curve(*survival.count_life_table(days, days < 60))
    assert survival.velocity_days(curve, curve.at(30)[0]).tolist() == [10.0]  # two of the three converters
    assert np.isnan(survival.median_days(curve)[0])  # three of eight never reach one half
    assert np.isnan(survival.velocity_days(curve, np.array([np.nan]))[0])
    assert np.isnan(survival.velocity_days(curve, np.array([0.0]))[0])
    fast = survival.cumulative_curve(*survival.count_life_table(days, np.ones(8, bool)))
    assert survival.median_days(fast).tolist() == [60.0]


def test_counts_until_a_horizon():
    indptr, day = np.array([0, 3, 3, 5]), np.array([1, 30, 31, 2, 90])
    assert survival.sum_until(indptr, day, np.array([4, 2, 1, 7, 9]), 30).tolist() == [6, 0, 7]
    assert survival.sum_until(indptr, day, np.array([4, 2, 1, 7, 9]), 365).tolist() == [7, 0, 16]


def test_the_interval_covers_the_truth_under_censoring():
    # True F(365) = .30; owners come evenly over two years, so half of them are not followed for 365 days.
    rng, runs, owners = np.random.default_rng(1), 1000, 200
    followed = 729 - (730 * rng.uniform(0.0, 1.0, (runs, owners))).astype(int)
    wait = np.ceil(rng.exponential(-365 / np.log(0.7), (runs, owners))).astype(int)
    run = np.repeat(np.arange(runs), owners)
    table = survival.count_life_table(np.minimum(followed, wait).ravel(), (wait <= followed).ravel(), run, runs)
    rate, variance = survival.cumulative_curve(*table).at(365)
    size = survival.effective_size(rate, variance, (followed >= 1).sum(axis=1), np.full(runs, float(owners)))
    lower, upper = survival.rate_bounds(rate, size)
    assert rate.mean() == pytest.approx(0.30, abs=0.005)
    assert 0.93 < ((lower <= 0.30) & (upper >= 0.30)).mean() < 0.97
