"""Bootstrap by matrix product against plain resampling in a loop."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.evaluate.calibrate import Predicted, summarise_calibration
from affinity.evaluate.resample import bounds, resample_sums
from affinity.statistics.calibration import calibration_slope


def test_every_resample_draws_as_many_customers_and_all_columns_alike() -> None:
    random = np.random.default_rng(0)
    value = random.random(50)
    drawn = resample_sums(np.column_stack([np.ones(50), value, 2 * value]), 300, seed=1)
    assert np.array_equal(drawn[:, 0], np.full(300, 50.0))
    assert drawn[:, 2] == pytest.approx(2 * drawn[:, 1])
    assert np.array_equal(drawn, resample_sums(np.column_stack([np.ones(50), value, 2 * value]), 300, seed=1))
    assert not np.array_equal(drawn, resample_sums(np.column_stack([np.ones(50), value, 2 * value]), 300, seed=2))


def test_intervals_are_those_of_a_plain_loop() -> None:
    random = np.random.default_rng(3)
    value = random.exponential(size=200)
    low, high = bounds(resample_sums(value[:, None], 4000, seed=0) / 200)
    plain = [value[random.integers(0, 200, 200)].mean() for _ in range(4000)]
    assert (low[0], high[0]) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), rel=0.02)


def test_unknown_samples_are_left_out_of_bounds() -> None:
    low, high = bounds(np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert (low[0], high[0]) == pytest.approx((1.05, 2.95))
    assert np.isnan(low[1])
    assert np.isnan(high[1])


@pytest.mark.parametrize("clustered", [False, True])
def test_the_slope_moves_as_a_refit_would(clustered: bool) -> None:
    """One Newton step a resample against fitting anew; customers whose rows go together widen the interval."""
    random = np.random.default_rng(5)
    customers, each = 300, 20
    who = np.repeat(np.arange(customers), each)
    logit = random.normal(-2.5, 1.0, customers * each)
    shift = random.normal(0, 1.5 if clustered else 0.0, customers)[who]
    y = (random.random(len(who)) < 1 / (1 + np.exp(-logit - shift))).astype(float)
    p = 1 / (1 + np.exp(-1.2 * logit))
    found = {name: row for name, *row in summarise_calibration([Predicted(who, p, y)], 2000, 0)}
    refitted = []
    for _ in range(200):
        rows = (random.integers(0, customers, customers)[:, None] * each + np.arange(each)).ravel()
        refitted.append(calibration_slope(p[rows], y[rows]))
    value, lower, upper, judged = found["calibration_slope"]
    assert value == calibration_slope(p, y)
    assert judged == customers
    assert (lower, upper) == pytest.approx(tuple(np.quantile(refitted, [0.025, 0.975])), abs=0.05)
    assert found["predicted_decile_1"][0] < found["predicted_decile_10"][0]
    assert all(low <= value <= high for name, (value, low, high, _) in found.items() if "decile" in name)


def test_probabilities_of_which_nothing_came_have_an_error_and_no_slope() -> None:
    none = summarise_calibration([Predicted(np.arange(30), np.linspace(0.1, 0.3, 30), np.zeros(30))], 50, 0)
    found = {name: row for name, *row in none}
    assert found["calibration_error"][0] == pytest.approx(0.2)
    assert np.isnan(found["calibration_slope"]).tolist() == [True, True, True, False]
    assert found["observed_decile_1"][:3] == [0.0, 0.0, 0.0]
