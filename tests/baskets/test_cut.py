"""The cut at as_of, and customers who opted out."""

from __future__ import annotations

import datetime as dt

import pytest

from affinity.baskets import cut_lines, exclude_customers
from affinity.errors import InputError, MissingPart
from tests.makers import day_number, make_lines

ROWS = [
    ("o1", "c1", "A", "2011-01-01T23:59", 1),
    ("o2", "c1", "B", "2011-01-02T00:00", 1),
    ("o3", "c2", "A", "2011-01-03T12:00", -1),
]


def test_the_default_is_the_day_after_the_last_line():
    cut = cut_lines(make_lines(ROWS))
    assert cut.as_of_day == day_number("2011-01-04")
    assert len(cut) == 3
    assert cut.report.reasons == {}


@pytest.mark.parametrize("as_of", [dt.date(2011, 1, 2), "2011-01-02", dt.datetime(2011, 1, 2, 15)])
def test_lines_on_or_after_as_of_are_counted_and_not_listed(as_of):
    cut = cut_lines(make_lines(ROWS), as_of)
    assert cut.orders.decode(cut.order).tolist() == ["o1"]
    assert cut.as_of_day == day_number("2011-01-02")
    assert cut.report.reasons == {"after_as_of": 2}
    assert (cut.report.rows_read, cut.report.rows_kept, len(cut.report.quarantine)) == (3, 1, 0)


def test_cutting_again_moves_back_only():
    once = cut_lines(make_lines(ROWS), "2011-01-03")
    assert cut_lines(once).as_of_day == once.as_of_day
    assert cut_lines(once, "2011-01-02").report.reasons == {"after_as_of": 2}
    with pytest.raises(InputError, match="as_of=2011-01-04 is later than 2011-01-03, where these lines were cut before"):
        cut_lines(once, "2011-01-04")


def test_nothing_before_as_of_is_an_error():
    with pytest.raises(InputError, match="as_of=2011-01-01, but the first order line is of 2011-01-01.*Use an as_of after"):
        cut_lines(make_lines(ROWS), dt.date(2011, 1, 1))


def test_no_lines_is_an_error():
    with pytest.raises(InputError, match="no order lines"):
        cut_lines(make_lines([]))


def test_as_of_that_is_no_date():
    with pytest.raises(InputError, match="as_of='soon' is no date"):
        cut_lines(make_lines(ROWS), "soon")


@pytest.mark.parametrize("clock", ["order", None])
def test_without_dates_there_is_nothing_to_cut(clock):
    lines = make_lines([("o1", "c1", "A", 1, 1)], clock=clock)
    assert cut_lines(lines) is lines
    with pytest.raises(MissingPart, match="no dates"):
        cut_lines(lines, dt.date(2011, 1, 1))


def test_opted_out_customers_leave_with_their_place():
    lines = exclude_customers(make_lines([*ROWS, ("o4", None, "A", "2011-01-01", 1)], customers=["c3"]), ["c1", "c9", "c3"])
    assert lines.customers.labels.tolist() == ["c2"]
    assert lines.customers.decode(lines.customer).tolist() == ["c2", None]
    assert lines.report.reasons == {"opted_out": 2}
    assert lines.report.rows_kept == 2
    assert lines.report.quarantine.row.tolist() == [0, 1]
    assert lines.report.quarantine.customer_id.tolist() == [None, None]
    assert lines.report.warnings == ("1 of 3 customers to exclude are not among the customers: c9",)


def test_a_number_is_taken_for_the_text_of_it():
    lines = make_lines([("o1", "17850", "A", "2011-01-01"), ("o2", "2", "A", "2011-01-01")])
    assert exclude_customers(lines, [17850]).customers.labels.tolist() == ["2"]


def test_nobody_to_exclude_changes_nothing():
    lines = make_lines(ROWS)
    assert exclude_customers(lines, []).report == lines.report
    assert len(exclude_customers(lines, [])) == len(lines)


def test_one_text_is_no_list_of_ids():
    with pytest.raises(InputError, match="one text"):
        exclude_customers(make_lines(ROWS), "c1")
