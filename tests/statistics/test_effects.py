"""Effects: equal to the referees, unbiased in simulation, empty arms said."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from affinity.statistics.effects import (
    adjusted_difference,
    complier_effect,
    difference_of_means,
    difference_of_shares,
    stratified_difference,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "campaigns/goldens/newcombe.json").read_text())


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"] + str(case["counts"]))
def test_differences_of_shares_equal_the_golden_file(case: dict) -> None:
    found = difference_of_shares(*case["counts"])
    assert found.lower == pytest.approx(case["lower"], abs=1e-9)
    assert found.upper == pytest.approx(case["upper"], abs=1e-9)


def test_differences_of_means_equal_welch_in_scipy() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.gamma(1, 5, 80), rng.gamma(1, 3, 33)
    found = difference_of_means(a, b)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx(tuple(expected))
    assert math.isnan(difference_of_means(a, b[:0]).value)
    assert math.isnan(difference_of_means(a, b[:1]).lower)
    constant = difference_of_means(np.ones(3), np.zeros(3))
    assert (constant.value, constant.lower, constant.upper) == (1, 1, 1)


def test_strata_remove_a_confounder_and_weigh_by_their_arms() -> None:
    """In both strata the effect is nothing; pooled it looks like one (arms of different mix)."""
    stratum = np.repeat([0, 0, 1, 1], [90, 10, 10, 40])
    treated = np.repeat([True, False, True, False], [90, 10, 10, 40])
    outcome = (stratum == 0).astype(float)
    assert stratified_difference(outcome, treated, stratum).value == 0
    assert difference_of_means(outcome[treated], outcome[~treated]).value == pytest.approx(0.7)
    outcome[treated & (stratum == 1)] = 0.5
    weights = np.array([90 * 10 / 100, 10 * 40 / 50])
    assert stratified_difference(outcome, treated, stratum).value == pytest.approx(0.5 * weights[1] / weights.sum())
    assert math.isnan(stratified_difference(outcome, treated, np.where(treated, 0, 1)).value)


def test_the_covariate_narrows_and_does_not_move() -> None:
    rng = np.random.default_rng(2)
    raw, ours, saved = [], [], []
    for _ in range(300):
        fit = rng.beta(1, 4, 600)
        treated = rng.permutation(600) < 300
        outcome = (rng.random(600) < np.clip(fit + 0.05 * treated, 0, 1)).astype(float)
        raw.append(difference_of_means(outcome[treated], outcome[~treated]).value)
        effect, share = adjusted_difference(outcome, treated, fit)
        ours.append(effect.value)
        saved.append(share)
    assert np.mean(ours) == pytest.approx(0.05, abs=0.01)
    assert np.var(ours) < np.var(raw)
    assert 0.05 < np.mean(saved) < 0.4
    effect, share = adjusted_difference(outcome, treated, np.ones(600))
    assert share == 0
    assert effect.value == pytest.approx(raw[-1])


def test_the_effect_on_those_reached() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        treated = rng.permutation(2000) < 1000
        would = rng.random(2000) < 0.4
        exposed = treated & would
        outcome = (rng.random(2000) < 0.1 + 0.2 * exposed).astype(float)
        found = complier_effect(outcome, treated, exposed)
        covered += found.lower <= 0.2 <= found.upper
    assert covered / 300 > 0.9
    assert math.isnan(complier_effect(outcome, treated, ~treated).value)
    assert math.isnan(complier_effect(outcome, np.ones(2000, dtype=bool), exposed).value)
    everybody = complier_effect(outcome, treated, treated)
    itt = difference_of_means(outcome[treated], outcome[~treated])
    assert everybody.value == pytest.approx(itt.value)
    assert everybody.lower == pytest.approx(itt.lower)
