"""Baskets by order, customer-day and session, and from plain lists."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.baskets import group_baskets
from affinity.errors import InputError, MissingPart, SettingsError
from tests import naive
from tests.makers import day_number, make_lines

ROWS = [
    ("o2", "c2", "B", "2011-01-02T10:00", 1),
    ("o2", "c2", "A", "2011-01-02T10:00", 1),
    ("o2", "c2", "A", "2011-01-02T10:00", 3),
    ("o1", None, "C", "2011-01-05T10:00", 1),
    ("o3", "c1", "A", "2011-01-02T09:00", 1),
    ("o4", "c1", "C", "2011-01-02T09:20", 1),
    ("o4", "c1", "B", "2011-01-02T09:20", -1),
    ("o5", "c1", "B", "2011-01-02T18:00", 1),
    ("o6", "c1", "B", "2011-01-03T18:00", 0),
]


def products_of(baskets):
    return [list(row) for row in baskets.to_pandas()["products"]]


def test_by_order():
    baskets = group_baskets(make_lines(ROWS))
    assert products_of(baskets) == [["C"], ["A", "B"], ["A"], ["C"], ["B"]]
    assert baskets.customers.decode(baskets.customer).tolist() == [None, "c2", "c1", "c1", "c1"]
    assert baskets.at.tolist() == [day_number(f"2011-01-0{d}") for d in (5, 2, 2, 2, 2)]
    assert baskets.clock == "day"


def test_by_customer_day_leaves_guests_out():
    baskets = group_baskets(make_lines(ROWS), by="customer_day")
    assert products_of(baskets) == [["A", "B", "C"], ["A", "B"]]
    assert baskets.customers.decode(baskets.customer).tolist() == ["c1", "c2"]


def test_by_customer_day_of_an_order_sequence():
    rows = [
        ("o1", "c1", "A", 7),
        ("o2", "c1", "B", 3),
        ("o3", "c1", "C", 9),
        ("o4", "c2", "A", 5),
        ("o5", None, "A", 1),
        ("o6", None, "A", 2),
    ]
    baskets = group_baskets(make_lines(rows, clock="order"), by="customer_day")
    assert products_of(baskets) == [["B"], ["A"], ["C"], ["A"]]
    assert baskets.at.tolist() == [0, 1, 2, 0]
    assert group_baskets(make_lines(rows, clock="order")).at.tolist() == [1, 0, 2, 0, 0, 0]


def test_an_order_of_two_customers_still_ranks_within_each():
    rows = [("o1", "c1", "A", 1), ("o1", "c2", "B", 4), ("o2", "c1", "A", 2), ("o3", "c2", "A", 3)]
    baskets = group_baskets(make_lines(rows, clock="order"), by="customer_day")
    assert products_of(baskets) == [["A"], ["A"], ["A"], ["B"]]
    assert baskets.at.tolist() == [0, 1, 0, 1]


def test_by_session():
    baskets = group_baskets(make_lines(ROWS), by="session", session_gap_minutes=30)
    assert products_of(baskets) == [["A", "C"], ["B"], ["A", "B"], ["C"]]
    assert products_of(group_baskets(make_lines(ROWS), by="session", session_gap_minutes=19))[:2] == [["A"], ["C"]]
    assert products_of(group_baskets(make_lines(ROWS), by="session", session_gap_minutes=20))[:1] == [["A", "C"]]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["o1", "o2", "o3"]),
            st.sampled_from(["c1", "c2", None]),
            st.sampled_from("ABC"),
            st.integers(0, 120),
            st.integers(-1, 2),
        ),
        max_size=25,
    )
)
def test_sessions_agree_with_the_oracle(rows):
    lines = make_lines([(o, c, p, f"2011-01-01T{m // 60:02}:{m % 60:02}", q) for o, c, p, m, q in rows])
    assert products_of(group_baskets(lines, by="session", session_gap_minutes=15)) == naive.sessions(rows, 15)


def test_the_customer_of_a_basket_is_that_of_its_earliest_line():
    rows = [("o1", "c2", "A", "2011-01-03"), ("o1", "c1", "B", "2011-01-02"), ("o1", "c3", "C", "2011-01-02")]
    baskets = group_baskets(make_lines(rows))
    assert baskets.customers.decode(baskets.customer).tolist() == ["c1"]
    assert baskets.at.tolist() == [day_number("2011-01-02")]


def test_without_customers_and_dates():
    baskets = group_baskets(make_lines([("o1", None, "A"), ("o1", None, "B"), ("o0", None, "A")], clock=None))
    assert products_of(baskets) == [["A"], ["A", "B"]]
    assert baskets.customer is None
    assert baskets.at is None
    assert baskets.clock is None


def test_no_lines_no_baskets():
    for by in ("order", "session"):
        assert len(group_baskets(make_lines([]), by=by)) == 0
    assert len(group_baskets([])) == 0


def test_large_baskets_are_left_out_and_counted():
    baskets = group_baskets(make_lines(ROWS), max_size=1)
    assert products_of(baskets) == [["C"], ["A"], ["C"], ["B"]]
    assert (baskets.too_large, baskets.max_size, len(baskets.customer), len(baskets.at)) == (1, 1, 4, 4)


def test_lists_of_any_hashable_labels():
    baskets = group_baskets([["milk", "bread", "milk"], [], ("bread",), {"tea"}, (x for x in ["tea", "milk"])])
    assert products_of(baskets) == [["bread", "milk"], [], ["bread"], ["tea"], ["milk", "tea"]]
    assert len(baskets) == 5
    mixed = group_baskets([[("a", 1), 7], ["x", 7]])
    assert products_of(mixed) == [[("a", 1), 7], [7, "x"]]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([["a"], ["b", None]], "Basket 1 holds a missing label"),
        ([["a", float("nan")]], "Basket 0 holds a missing label"),
        (["milk"], "Basket 0 is the text 'milk', whose letters"),
        ([[["a"]]], "no list of hashable labels"),
        ([3], "no list of hashable labels"),
    ],
)
def test_lists_that_are_no_baskets(source, message):
    with pytest.raises(InputError, match=message):
        group_baskets(source)


def test_what_a_grouping_needs():
    undated = make_lines([("o1", "c1", "A")], clock=None)
    with pytest.raises(MissingPart, match="needs dates or an order sequence"):
        group_baskets(undated, by="customer_day")
    with pytest.raises(MissingPart, match="needs dates with times"):
        group_baskets(undated, by="session")
    with pytest.raises(MissingPart, match="needs customers, and the order lines name none"):
        group_baskets(make_lines([("o1", None, "A", "2011-01-01")]), by="customer_day")
    with pytest.raises(MissingPart, match="lists of labels have none"):
        group_baskets([["a"]], by="session")
    with pytest.raises(SettingsError, match="by='orders' is no way to make baskets. Did you mean 'order'"):
        group_baskets([["a"]], by="orders")
    with pytest.raises(SettingsError, match="max_size=0"):
        group_baskets([["a"]], max_size=0)
    with pytest.raises(SettingsError, match="session_gap_minutes=0"):
        group_baskets(make_lines(ROWS), by="session", session_gap_minutes=0)
