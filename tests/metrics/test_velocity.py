"""Metrics of time: Kaplan–Meier medians and cohorts, with their censoring."""

from __future__ import annotations

import math

import numpy as np
import pytest

from affinity.errors import InputError
from affinity.metrics import compute_metrics, find_metric
from affinity.settings import MetricSettings
from tests.makers import make_lines


def shop(people, as_of):
    """Lines of people given as (first day, days until B was added or None), from 2010-01-01 on."""
    start = np.datetime64("2010-01-01")
    rows = []
    for i, (first, added) in enumerate(people):
        rows.append((f"a{i}", f"c{i:03}", "A", str(start + first)))
        if added is not None:
            rows.append((f"b{i}", f"c{i:03}", "B", str(start + first + added)))
    return make_lines(rows, products=["A", "B"], as_of=str(start + as_of))


def rows_of(lines, name, **given):
    frame = compute_metrics(lines, settings=MetricSettings(names=(name,), min_cell=1, **given)).to_pandas()
    return {row.segment if isinstance(row.segment, str) else None: row for row in frame.itertuples()}


def test_the_median_counts_who_is_still_open():
    people = [(0, 10), (0, 20), (80, None), (0, 50), (0, None)]  # the third was followed for 19 days only
    row = rows_of(shop(people, 100), "cross_sell_velocity_unconditional")[None]
    assert (row.numerator, row.denominator, row.value) == (3, 5, 50)  # F = .2 at 10, .466… at 20, .733… at 50


def test_the_median_is_null_when_half_is_not_reached():
    row = rows_of(shop([(0, 10), (0, None), (0, None)], 100), "cross_sell_velocity_unconditional")[None]
    assert math.isnan(row.value)
    assert row.note.startswith("NOT_REACHED")


def test_among_converters_within_the_horizon():
    people = [(0, 10), (0, 20), (0, 90), *[(0, None)] * 5]
    row = rows_of(shop(people, 100), "cross_sell_velocity_converters", velocity_horizon_days=60)[None]
    assert (row.numerator, row.denominator, row.value) == (2, 8, 10)
    short = rows_of(shop(people, 100), "cross_sell_velocity_converters", velocity_horizon_days=100)[None]
    assert math.isnan(short.value)
    assert short.note == "SHORT_FOLLOWUP: nobody was still open at day 100; from the first seen purchase"
    none = rows_of(shop([(0, None)], 100), "cross_sell_velocity_converters", velocity_horizon_days=60)[None]
    assert none.note.startswith("NO_EVENTS")


def test_a_product_of_the_first_day_is_not_added():
    row = rows_of(shop([(0, 0), (0, 3)], 100), "cross_sell_velocity_unconditional")[None]
    assert (row.numerator, row.denominator) == (1, 2)


def test_cohorts_followed_long_enough_are_shares_and_others_are_censored():
    people = [
        *[(0, 30), (10, 40), (20, 200), (30, None)],  # 2010-Q1, complete: 2 of 4 within 91 days
        *[(100, 50), (105, None), (150, 85), (160, None), (170, None)],  # 2010-Q2, not all followed for 91 days
        *[(190, 20), (195, None)],  # 2010-Q3: nobody was
    ]
    found = rows_of(shop(people, 250), "cohort_adoption_rate", cohort_months=3)
    assert (found["2010-Q1"].numerator, found["2010-Q1"].denominator, found["2010-Q1"].value) == (2, 4, 0.5)
    q2 = found["2010-Q2"]
    assert (q2.numerator, q2.denominator) == (2, 5)
    assert q2.note == "CENSORED: Kaplan–Meier, 3 of 5 were followed for 91 days"
    assert q2.value == pytest.approx(1 - 4 / 5 * 2 / 3)  # 5 at risk on day 50, 3 on day 85 (one was seen for 79 days)
    assert q2.lower < q2.value < q2.upper
    assert found["2010-Q3"].note.startswith("SHORT_FOLLOWUP: nobody of this cohort")
    assert math.isnan(found["2010-Q3"].value)
    total = found[None]
    assert (total.numerator, total.denominator, total.window) == (2, 4, "91 days from the first purchase")
    year = rows_of(shop(people, 250), "cohort_adoption_rate")[None]
    assert year.note == "SHORT_FOLLOWUP: no cohort was followed for 365 days"


def test_a_cohort_cited_before_its_time_is_marked_and_not_mixed_in():
    """S2's "2025 cohort: 25 % adopted within 12 months", in a page of 18 January 2026: most had been there for less."""
    rng = np.random.default_rng(1)
    begin = np.datetime64("2024-01-01")
    as_of = int((np.datetime64("2026-01-18") - begin).astype(int))
    first = rng.integers(0, 731, 4000)
    added = np.ceil(rng.exponential(365 / -np.log(1 - 0.25), 4000)).astype(int)  # 25 % within 365 days, whenever they came
    rows = []
    for i, (day, days) in enumerate(zip(first.tolist(), added.tolist())):
        rows.append((f"a{i}", f"c{i:04}", "A", str(begin + day)))
        if day + days < as_of:
            rows.append((f"b{i}", f"c{i:04}", "B", str(begin + day + days)))
    lines = make_lines(rows, products=["A", "B"], as_of="2026-01-18")
    found = rows_of(lines, "cohort_adoption_rate", cohort_by="year")
    assert found["2024"].note == "from the first seen purchase"
    assert found["2025"].note.startswith("CENSORED: Kaplan–Meier")
    assert found["2025"].numerator / found["2025"].denominator < 0.17  # what a reader of the page would divide
    for year in ("2024", "2025"):
        assert found[year].lower < 0.25 < found[year].upper
    assert (found[None].numerator, found[None].denominator) == (found["2024"].numerator, found["2024"].denominator)


def test_the_bounds_of_a_median():
    people = [(0, d) for d in range(1, 41)]
    row = rows_of(shop(people, 100), "cross_sell_velocity_unconditional")[None]
    assert row.value == 20
    assert row.lower == 14  # the first day on which Wilson's upper bound of d/40 reaches one half
    assert row.upper == 27
    none = rows_of(shop([(0, 10), (0, None), (0, None)], 100), "cross_sell_velocity_unconditional")[None]
    assert math.isnan(none.lower)


def test_from_days_alone():
    plain = find_metric("cross_sell_velocity_unconditional")([10, 20, 19, 50, 99], [True, True, False, True, False])
    row = rows_of(shop([(0, 10), (0, 20), (80, None), (0, 50), (0, None)], 100), "cross_sell_velocity_unconditional")[None]
    for name in ("numerator", "denominator", "value", "lower", "upper"):
        assert str(getattr(plain, name)) == str(getattr(row, name)), name
    among = find_metric("cross_sell_velocity_converters")([10, 20, 90, *[99] * 5], [True] * 3 + [False] * 5, 60)
    assert (among.numerator, among.denominator, among.value) == (2, 8, 10)
    assert find_metric("cross_sell_velocity_unconditional")([], []).note.startswith("ZERO_DENOMINATOR")
    for days, added in (([-1], [True]), ([1, 2], [True])):
        with pytest.raises(InputError, match="one yes or no for each customer"):
            find_metric("cross_sell_velocity_unconditional")(days, added)
