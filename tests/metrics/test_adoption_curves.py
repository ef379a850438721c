"""Adoption by day and by cohort, against a Kaplan–Meier estimate written out person by person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import MissingPart, SettingsError, UnknownColumns
from affinity.metrics import count_triangle, trace_adoption
from affinity.settings import MetricSettings
from tests.makers import make_lines
from tests.metrics.test_velocity import shop

MONTH = 365.25 / 12
AS_OF = 450
PERSON = st.tuples(st.integers(0, 400), st.none() | st.integers(1, 300)).map(
    lambda one: one if one[1] is None or one[0] + one[1] < AS_OF else (one[0], None)
)
PEOPLE = st.lists(PERSON, min_size=1, max_size=25)


def lives(people, as_of=AS_OF):
    """(days, added) of each person: to the added product if it was before as_of, else the days followed."""
    return [(as_of - 1 - first if added is None else added, added is not None) for first, added in people]


def kaplan_meier(durations, day):
    """1 − Π (1 − d/n) over the event days ≤ ``day``, person by person."""
    left = 1.0
    for u in sorted({days for days, added in durations if added and days <= day}):
        n = sum(days >= u for days, _ in durations)
        left *= 1 - sum(added and days == u for days, added in durations) / n
    return 1 - left


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_the_curve_is_kaplan_and_meiers(people):
    curve = trace_adoption(shop(people, AS_OF))
    durations = lives(people)
    assert curve.day.tolist() == sorted({days for days, added in durations if added})
    assert np.allclose(curve.rate, [kaplan_meier(durations, day) for day in curve.day], atol=1e-12)
    assert curve.at_risk.tolist() == [sum(days >= u for days, _ in durations) for u in curve.day]
    assert np.all((curve.lower <= curve.rate + 1e-12) & (curve.rate <= curve.upper + 1e-12))
    assert curve.segments == {None: (len(people), max(days for days, _ in durations))}


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_a_cell_of_the_triangle_is_the_cohort_alone_and_null_where_nobody_was_open(people):
    triangle = count_triangle(shop(people, AS_OF), months=4, settings=MetricSettings(cohort_by="year"))
    start = np.datetime64("2010-01-01")
    cohorts = {}
    for person in people:
        cohorts.setdefault(str((start + person[0]).astype("datetime64[Y]")), []).append(person)
    expected = []
    for name, members in sorted(cohorts.items()):
        durations = lives(members)
        for month in (1, 2, 3, 4):
            day = round(month * MONTH)
            followed = sum(AS_OF - 1 - first >= day for first, _ in members)
            adopted = sum(added and days <= day for days, added in durations)
            rate = kaplan_meier(durations, day)
            if not any(days >= day for days, _ in durations) and rate < 1:
                rate = None
            expected.append((name, month, len(members), followed, adopted, followed == len(members), rate))
    found = triangle.to_pandas()
    columns = ["cohort", "month", "customers", "followed", "adopted", "complete"]
    assert [tuple(row) for row in found[columns].itertuples(index=False)] == [row[:-1] for row in expected]
    for value, row in zip(triangle.rate.tolist(), expected):
        assert np.isnan(value) if row[-1] is None else value == pytest.approx(row[-1], abs=1e-12)


def test_a_complete_cell_is_the_plain_share():
    triangle = count_triangle(shop([(0, 10), (0, 50), (1, None), (2, 20)], AS_OF), months=1)
    assert triangle.complete.all()
    assert (triangle.adopted / triangle.customers).tolist() == triangle.rate.tolist() == [0.5]


def test_segments_have_a_curve_each():
    people = [(0, 10), (0, None), (300, 30), (300, 20)]
    split = trace_adoption(shop(people, AS_OF), by="cohort")
    assert set(split.segment.tolist()) == {"2010-Q1", "2010-Q4"}
    late = split.segment == "2010-Q4"
    assert split.rate[late].tolist() == [0.5, 1.0]
    assert split.segments == {"2010-Q1": (2, AS_OF - 1), "2010-Q4": (2, 30)}
    with pytest.raises(UnknownColumns, match="tenur"):
        trace_adoption(shop(people, AS_OF), by="tenur")


def test_what_is_missing_is_said():
    undated = make_lines([("o", "c", "A", None)], clock=None, products=["A", "B"])
    with pytest.raises(MissingPart, match="NO_DATES"):
        trace_adoption(undated)
    with pytest.raises(SettingsError, match="months=0"):
        count_triangle(shop([(0, 1)], AS_OF), months=0)
