"""The worked figures of the source pages, case by case (numbers as in the metric definitions; S0–S4 are the pages)."""

from __future__ import annotations

import math

import pytest

from affinity.errors import InputError, SettingsError
from affinity.metrics import DEFINITIONS, FORMULAS, MEASURES, compare_values, find_metric, implied_share, tree_revenue


def value(name, *counts, **amounts):
    return find_metric(name)(*counts, **amounts).value


def test_case_1_eligible_conversion_with_its_interval():  # S0
    found = find_metric("eligible_conversion_rate")(600, 5000)
    assert found.value == 0.12
    assert (round(found.lower, 4), round(found.upper, 4)) == (0.1113, 0.1293)


def test_case_2_and_3_recurring_revenue():  # S0
    assert find_metric("cross_sell_revenue")(600, 40) == 24_000
    assert tree_revenue(5000, 1.0, 0.12, 40) == 24_000


def test_case_4_and_5_the_mix_behind_a_blend():  # derived from S0
    assert implied_share(0.12, 0.20, 0.05) == pytest.approx(0.4667, abs=5e-5)
    assert implied_share(0.10, 0.25, 0.0) == pytest.approx(0.40)
    assert math.isnan(implied_share(0.1, 0.2, 0.2))


def test_case_6_customers_at_period_start():  # S1
    assert value("customer_cross_sell_rate", 10, 100) == 0.10


def test_case_7_to_9_revenue_on_two_denominators():  # S1, derived
    opening = 400_000
    cross_sell, upsell = 0.10 * opening, 0.05 * opening
    ending = opening + cross_sell + upsell
    assert (cross_sell, upsell, ending) == (40_000, 20_000, 460_000)
    assert value("cross_sell_revenue_rate_opening", cross_sell, opening) == 0.10
    assert value("cross_sell_revenue_share", cross_sell, ending) == pytest.approx(0.0870, abs=5e-5)
    assert value("net_revenue_retention", opening, expansion=60_000, contraction=0, churned=0) == pytest.approx(1.15)


def test_case_10_and_11_multi_product_rate():  # S2
    assert value("multi_product_rate", 350, 1000) == 0.35
    assert value("multi_product_rate", 220, 1000) == 0.22
    change = compare_values(0.22, 0.38)
    assert (round(change.points, 4), round(change.relative, 3)) == (0.16, 0.727)


@pytest.mark.parametrize(("multi", "active", "percent"), [(61, 85, 71.76), (98, 240, 40.83), (108, 675, 16.0)])
def test_case_12_by_segment(multi, active, percent):  # S2
    assert round(100 * value("multi_product_rate", multi, active), 2) == percent


def test_case_13_pooled_is_not_the_mean_of_the_segments():  # S2
    segments = [(61, 85), (98, 240), (108, 675)]
    pooled = value("multi_product_rate", sum(x for x, _ in segments), sum(n for _, n in segments))
    assert round(100 * pooled, 1) == 26.7
    assert round(100 * sum(x / n for x, n in segments) / 3, 1) == 42.9  # the wrong answer


def test_case_14_trials():  # S2
    net = find_metric("net_trial_conversion_rate")(0.18, 0.62)
    assert net == pytest.approx(0.1116)
    assert round(net * 280) == 31


def test_case_15_campaign():  # S2
    assert round(100 * value("campaign_conversion_rate", 94, 520), 2) == 18.08


def test_case_16_gross_is_not_net():  # S2; net derived
    roi = find_metric("campaign_roi")(680_000, 47_000)
    assert (round(roi["gross"].value, 2), round(roi["net"].value, 2)) == (14.47, 13.47)


def test_case_17_and_18_simple_ltv():  # S2, derived
    before, after = value("simple_ltv", 10_000, 0.15), value("simple_ltv", 18_000, 0.08)
    assert (round(before), round(after), round(after / before, 3)) == (66_667, 225_000, 3.375)
    assert value("simple_ltv", 18_000, 0.15) == pytest.approx(120_000)
    assert value("simple_ltv", 10_000, 0.08) == pytest.approx(125_000)
    assert find_metric("customer_lifetime_value")(10_000, 1.0, 1 / 0.15) == pytest.approx(before)  # margin 1, lifespan 1/churn
    assert find_metric("simple_ltv")(10_000, 0).note == "UNBOUNDED: without churn, give a horizon"
    assert value("simple_ltv", 10_000, 0, horizon=5) == 50_000
    assert value("simple_ltv", 10_000, 0.5, horizon=2) == pytest.approx(15_000)


def test_case_19_lower_loss():  # derived
    kept = [value("gross_revenue_retention", 100, contraction=c, churned=d) for c, d in ((6, 10), (1, 3))]
    assert kept == [pytest.approx(0.84), pytest.approx(0.96)]
    assert compare_values(1 - kept[0], 1 - kept[1]).relative == pytest.approx(-0.75)


@pytest.mark.parametrize(
    ("case", "before", "after", "points", "relative"),
    [
        (20, 0.18, 0.25, 0.07, 0.389),  # S2 cohorts
        (21, 14, 7, -7, -0.5),  # S2 median velocity, months
        (22, 0.15, 0.28, 0.13, 0.867),  # S3
        (25, 0.18, 0.31, 0.13, 0.722),  # S2 expansion share
    ],
)
def test_changes(case, before, after, points, relative):
    change = compare_values(before, after)
    assert (round(change.points, 4), round(change.relative, 3)) == (points, relative), case
    assert math.isnan(compare_values(0, after).relative)


def test_case_23_no_offers_is_null_and_never_zero():  # S4
    for name in ("offer_event_conversion_rate", "offer_conversion_rate"):
        found = find_metric(name)(0, 0)
        assert math.isnan(found.value)
        assert math.isnan(found.lower)
        assert found.note == "ZERO_DENOMINATOR"
    assert find_metric("offer_event_conversion_rate")(7, 0).note == "ZERO_DENOMINATOR"  # purchases without offers


def test_case_24_and_26_money_a_unit():  # S2, derived
    assert find_metric("campaign_roi")(285_000, 120_000)["gross"].value == 2.375
    assert value("average_order_value", 47_000, 94) == 500
    assert round(value("average_order_value", 680_000, 94)) == 7_234


def test_rows_may_exceed_offers_without_an_interval():
    found = find_metric("offer_event_conversion_rate")(3, 2)
    assert found.value == 1.5
    assert math.isnan(found.lower)


def test_the_bare_name_is_refused_with_what_it_may_mean():
    for name in ("cross_sell_rate", "Cross-sell rate"):
        with pytest.raises(SettingsError, match="one name for a dozen different ratios") as error:
            find_metric(name)
        for meant in ("eligible_conversion_rate = ", "offer_conversion_rate = ", "multi_product_rate = "):
            assert meant in str(error.value)


def test_unknown_names():
    with pytest.raises(SettingsError, match="no metric 'attachrate'. Did you mean 'attach_rate'"):
        find_metric("attachrate")


def test_a_share_needs_a_part_of_its_whole():
    with pytest.raises(InputError, match="campaign_conversion_rate: 5 of 3 is no share"):
        find_metric("campaign_conversion_rate")(5, 3)


def test_every_metric_is_defined_and_every_definition_is_a_metric():
    assert {*FORMULAS, *MEASURES} == set(DEFINITIONS)
    for name in FORMULAS:
        assert callable(find_metric(name))


@pytest.mark.parametrize("name", sorted(name for name, where in FORMULAS.items() if ".rates:" in where and "trial" not in name))
def test_every_share_holds_its_counts_and_a_wilson_interval(name):
    found = find_metric(name)(3, 8)
    assert (found.metric, found.numerator, found.denominator, found.value) == (name, 3, 8, 0.375)
    assert 0 < found.lower < 0.375 < found.upper < 1
