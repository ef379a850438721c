"""Retention of multi- against single-product customers: against plain counting, strata, ends, wording."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import MissingPart
from affinity.metrics import compare_retention, compute_metrics, find_metric
from affinity.metrics.facts import gather_facts
from affinity.metrics.retention import Lives, compare_churn, rate_ratio
from affinity.settings import MetricSettings
from affinity.tables import Customers
from tests.makers import day_number, make_lines
from tests.metrics.saas_world import make_world

NEVER = np.iinfo(np.int64).max


def make_lives(people):
    """Lives from (days to the second family or None, days followed, churned, stratum)."""
    second, end, churned, stratum = zip(*people)
    n = len(people)
    return Lives(
        second=np.array([NEVER if s is None else s for s in second], dtype=np.int64),
        end=np.array(end, dtype=np.int64),
        churned=np.array(churned, dtype=bool),
        stratum=np.array(stratum, dtype=np.int64),
        revenue=np.ones(n),
        customer=np.arange(n, dtype=np.int32),
        landmark_days=180,
        retention_days=365,
    )


def plain_ratio(people, from_day):
    """Mantel–Haenszel by days: d and T of both kinds in each (bin, stratum)."""
    days, deaths = {}, {}
    for second, end, churned, stratum in people:
        for day in range(from_day, end):
            cell = ((day - from_day) // 30, stratum)
            multi = second is not None and day >= second
            days.setdefault(cell, [0, 0])[multi] += 1
            if churned and day == end - 1:
                deaths.setdefault(cell, [0, 0])[second is not None and second < end] += 1
    top = bottom = spread = 0.0
    for cell, (t0, t1) in days.items():
        d0, d1 = deaths.get(cell, (0, 0))
        t = t0 + t1
        top, bottom, spread = top + d1 * t0 / t, bottom + d0 * t1 / t, spread + (d0 + d1) * t0 * t1 / t**2
    return top, bottom, spread


PEOPLE = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 300)), st.integers(1, 300), st.booleans(), st.integers(0, 2)),
    min_size=1,
    max_size=25,
)


@settings(deadline=None)
@given(people=PEOPLE, from_day=st.sampled_from([0, 45]))
def test_the_rate_ratio_agrees_with_counting_days(people, from_day):
    lives = make_lives(people)
    found = rate_ratio(lives, lives.stratum, from_day)
    top, bottom, spread = plain_ratio(people, from_day)
    assert (found.top, found.bottom) == (pytest.approx(top), pytest.approx(bottom))
    if top > 0 and bottom > 0:
        assert found.ratio == pytest.approx(top / bottom)
        assert math.log(found.upper / found.ratio) == pytest.approx(1.959964 * math.sqrt(spread / (top * bottom)))
    else:
        assert math.isnan(found.ratio)


def test_strata_that_point_the_other_way_are_a_reversal():
    def group(stratum, multi, single):  # (churned, customers) of each kind, all followed for the first bin
        for kind, (churned, n) in ((0, multi), (None, single)):
            yield from [(kind, 30, i < churned, stratum) for i in range(n)]

    people = [*group(0, (30, 100), (2, 10)), *group(1, (1, 10), (5, 100)), *group(2, (10, 10), (1, 10))]
    lives = make_lives(people)
    assert rate_ratio(lives, lives.stratum, 0).ratio > 1
    assert not rate_ratio(lives, lives.stratum, 0).reversal
    turned = make_lives([*group(0, (9, 100), (10, 100)), *group(1, (9, 100), (10, 100)), *group(2, (20, 20), (1, 20))])
    found = rate_ratio(turned, turned.stratum, 0)
    assert found.ratio > 1
    assert found.reversal


def test_the_e_value():
    lives = make_lives([(0, 30, True, 0), (None, 30, True, 0), (None, 30, True, 0), (0, 30, False, 0)])
    found = rate_ratio(lives, lives.stratum, 0)
    assert found.ratio == pytest.approx(0.5)
    assert found.e_value == pytest.approx(2 + math.sqrt(2))


def shop(ended, **given):
    """12 customers, half with a second product after 100 days."""
    day = np.datetime64("2020-01-01")
    rows = [("first", "early", "A", str(day))]
    for i in range(12):
        rows.append((f"a{i}", f"c{i:02}", "A", str(day + 400), 1, 10.0))
        if i % 2:
            rows.append((f"b{i}", f"c{i:02}", "B", str(day + 500), 1, 10.0))
    lines = make_lines(rows, as_of=str(day + 1500))
    last = np.array([ended[int(c[1:])] if c != "early" else -1 for c in lines.customers.labels])
    ends = np.where(last >= 0, last + day_number("2020-01-01"), -1).astype(np.int32)
    return lines, replace(Customers.bare(lines.customers), ended_at=ends)


ENDS = [700, 900, 800, -1, 750, -1, 640, 1000, 800, -1, -1, 1100]


def test_the_comparison_says_what_it_is():
    lines, customers = shop(ENDS)
    found = compare_retention(lines, customers=customers)
    multi, single = found.landmark
    assert (multi.denominator, single.denominator) == (6, 6)
    assert (multi.numerator, single.numerator) == (1, 5)  # within 365 days of day 180
    assert found.customers == 12  # the one of the wash-in was not seen from its start
    assert found.wording.startswith("Customers with at least 2 families by day 180 churned")
    assert "association" in found.wording
    assert found.lifetime.before + found.lifetime.revenue_part + found.lifetime.churn_part == pytest.approx(
        found.lifetime.after
    )
    metric = compute_metrics(
        lines, customers=customers, settings=MetricSettings(names=("retention_gap",), min_cell=1)
    ).to_pandas()
    assert np.isnan(metric.loc[0, "value"])
    assert math.isnan(found.adjusted.ratio)  # here a second product is a second order: no stratum holds both kinds
    assert metric.loc[0, "note"].startswith("NO_OVERLAP: no stratum has churn and time of both kinds")
    assert "adjusted for tenure alone (no stratum has both) the rate ratio is 0." in found.wording


def test_the_metric_carries_its_warning():
    world = make_world(3)
    given = {"products": world.products, "customers": world.customers}
    found = compare_retention(world.lines, **given)
    row = compute_metrics(world.lines, settings=MetricSettings(names=("retention_gap",)), **given).to_pandas().iloc[0]
    assert row["value"] == found.adjusted.ratio
    assert row["note"].startswith(f"association, not effect; E-value {found.adjusted.e_value:.2f}; naive ratio 0.")
    assert "immortal time, not to be quoted" in row["note"]
    assert "adjusted for tenure and for orders and recency before the landmark" in found.wording
    told = not found.adjusted.lower <= 1 <= found.adjusted.upper
    assert ("Chance alone may give such a difference." in found.wording) != told


def test_ends_must_be_known_or_a_lapse_defined():
    lines, _ = shop(ENDS)
    with pytest.raises(MissingPart, match="NO_ENDS"):
        compare_retention(lines)
    found = compare_retention(lines, settings=MetricSettings(lapse_days=600))
    assert found.landmark[0].numerator == 0  # 600 days after day 500 is past the landmark year
    assert found.landmark[1].numerator == 0
    assert compare_retention(lines, settings=MetricSettings(lapse_days=300)).landmark[1].numerator == 6


def test_what_cannot_be_told_is_not_told():
    lines, _ = shop([-1] * 12)
    found = compare_retention(lines, settings=MetricSettings(lapse_days=5000))
    assert found.wording.startswith("Not identified: of the customers seen from their start and still there at day 180, 6 had")


def test_from_counts():
    found = find_metric("retention_gap")(8, 1000, 15, 1000)
    assert found.value == pytest.approx(8 / 15)
    assert found.lower < found.value < found.upper
    assert find_metric("retention_gap")(0, 1000, 15, 1000).value == 0
    assert math.isnan(find_metric("retention_gap")(8, 1000, 0, 1000).value)


def test_two_families_on_the_first_day_count_from_the_first_day():
    rows = [("o1", "c1", "A", "2011-01-01"), ("o1", "c1", "B", "2011-01-01"), ("o2", "c2", "A", "2011-01-01"),
            ("o3", "c2", "B", "2011-01-11"), ("o4", "c3", "A", "2011-01-01")]  # fmt: skip
    lines = make_lines(rows, as_of="2011-12-01")
    started = replace(Customers.bare(lines.customers), started_at=np.full(3, day_number("2011-01-01"), dtype=np.int32))
    facts = gather_facts(
        lines, products=None, customers=started, offers=None, eligibility=None, subscriptions=None,
        settings=MetricSettings(lapse_days=90),
    )  # fmt: skip
    assert compare_churn(facts).second.tolist() == [0, 10, NEVER]
