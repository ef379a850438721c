"""A simulated SaaS of known truth: every metric covers it as often as it says, and retention shows no effect where none is."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from affinity.metrics import compare_retention, compute_metrics
from affinity.settings import MetricSettings
from tests.metrics.saas_world import PAY, TRIAL, make_world, truths

SEEDS = range(30)
NUMBERS = re.compile(r"[\d,]+")


@pytest.fixture(scope="module")
def worlds():
    return [make_world(seed) for seed in SEEDS]


def measured(world, names, offers):
    found = compute_metrics(
        world.lines,
        products=world.products,
        customers=world.customers,
        subscriptions=world.subscriptions,
        offers=offers,
        settings=MetricSettings(names=names),
    ).to_pandas()
    return {row.metric: row for row in found[found["segment_by"].isna()].itertuples()}


def test_every_metric_is_within_its_interval_of_the_truth(worlds):
    expected = truths()
    inside = dict.fromkeys(expected, 0)
    middle = {name: [] for name in expected}
    for world in worlds:
        found = measured(world, tuple(expected), world.offers)
        for name, truth in expected.items():
            inside[name] += found[name].lower <= truth <= found[name].upper
            middle[name].append(found[name].value)
    for name, truth in expected.items():
        assert inside[name] >= 0.83 * len(worlds), (name, inside[name], truth, np.mean(middle[name]))
        assert abs(np.mean(middle[name]) / truth - 1) < 0.05, (name, truth, np.mean(middle[name]))


def test_trials_multiply_to_the_net_rate(worlds):
    inside = 0
    for world in worlds:
        row = measured(world, ("net_trial_conversion_rate",), world.trial_offers)["net_trial_conversion_rate"]
        inside += row.lower <= TRIAL * PAY <= row.upper
        tried, offered, paid, tried_too = (int(text.replace(",", "")) for text in NUMBERS.findall(row.note.partition(";")[0]))
        assert (tried, paid, offered) == (tried_too, row.numerator, row.denominator)
    assert inside >= 0.83 * len(worlds)


def test_no_effect_is_found_where_none_was_planted_and_the_naive_ratio_finds_one(worlds):
    naive, adjusted, unadjusted, landmark = [], [], [], []
    for world in worlds[:12]:
        found = compare_retention(world.lines, products=world.products, customers=world.customers)
        naive.append(found.naive)
        adjusted.append(math.log(found.adjusted.ratio))
        unadjusted.append(math.log(found.unadjusted.ratio))
        landmark.append(found.landmark[0].value / found.landmark[1].value)
    assert max(naive) < 0.85
    assert abs(np.mean(adjusted)) < 0.08
    assert abs(np.mean(unadjusted)) < 0.08
    assert abs(np.mean(landmark) - 1) < 0.08
