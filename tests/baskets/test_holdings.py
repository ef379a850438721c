"""Holdings, and what the lines say about products and customers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.baskets import collect_holdings, cut_lines, describe_customers, describe_products, group_baskets
from affinity.baskets.holdings import _distinct_pairs, own_baskets
from affinity.errors import MissingPart
from affinity.tables import Customers, Products
from affinity.vocabulary import Vocabulary
from tests import naive
from tests.makers import day_number, make_lines


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.just("o"), st.sampled_from(["c1", "c2", None]), st.sampled_from("ABC"), st.integers(1, 9), st.integers(-1, 2)
        ),
        max_size=25,
    )
)
def test_holdings_agree_with_the_oracle(rows):
    lines = make_lines([(o, c, p, f"2011-01-0{d}T12:00", q) for o, c, p, d, q in rows], customers=["c0", "c3"])
    owned = collect_holdings(lines)
    assert len(owned.indptr) == 1 + len(lines.customers)
    shown = owned.columns()
    days = [np.datetime64(f"2011-01-0{d}") for d in range(10)[1:]]
    found = {
        (c, p): (days.index(first) + 1, days.index(last) + 1, times)
        for c, p, first, last, times in zip(
            *(column.tolist() if column.dtype.kind != "M" else column for column in shown.values())
        )
    }
    assert found == naive.holdings(rows)
    assert all((np.diff(owned.of(c)) > 0).all() for c in range(len(owned.customers)))
    assert (owned.end[owned.customer] - owned.last_at >= 1).all()


def test_the_end_is_as_of():
    lines = make_lines([("o1", "c1", "A", "2011-01-01"), ("o2", "c2", "A", "2011-01-09")])
    assert set(collect_holdings(lines).end.tolist()) == {day_number("2011-01-10")}
    assert set(collect_holdings(cut_lines(lines, "2011-01-05")).end.tolist()) == {day_number("2011-01-05")}
    assert collect_holdings(cut_lines(lines, "2011-01-05")).indptr.tolist() == [0, 1, 1]


def test_on_an_order_sequence_positions_are_dense():
    rows = [("o1", "c1", "A", 10), ("o2", "c1", "A", 20), ("o2", "c1", "B", 20), ("o3", "c1", "B", 30), ("o4", None, "A", 5)]
    owned = collect_holdings(make_lines(rows, clock="order", customers=["c2"]))
    assert owned.first_at.tolist() == [0, 1]
    assert owned.last_at.tolist() == [1, 2]
    assert owned.times.tolist() == [2, 2]
    assert owned.end.tolist() == [3, 0]
    assert owned.clock == "order"


def test_without_a_clock_times_counts_orders():
    rows = [("o1", "c1", "A"), ("o2", "c1", "A"), ("o2", "c1", "A"), ("o2", "c1", "B")]
    owned = collect_holdings(make_lines(rows, clock=None))
    assert owned.times.tolist() == [2, 1]
    assert owned.first_at.tolist() == owned.last_at.tolist() == [0, 0]
    assert owned.end.tolist() == [1]


@settings(deadline=None, max_examples=40)
@given(
    lines=st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ABC")), min_size=1, max_size=20),
    who=st.lists(st.sampled_from(["c1", "c2", None]), min_size=7, max_size=7),
    clock=st.sampled_from(["day", "order", None]),
)
def test_baskets_and_their_lines_give_the_same_holdings(lines, who, clock):
    def when(order):
        return f"2011-01-{20 - order}" if clock == "day" else order

    full = make_lines([(f"o{o}", who[o], p, when(o)) for o, p in lines], clock=clock, customers=["c1", "c2"])
    direct, through = collect_holdings(full), own_baskets(group_baskets(full))
    for name in ("indptr", "product", "first_at", "last_at", "times"):
        np.testing.assert_array_equal(getattr(direct, name), getattr(through, name), err_msg=name)
    assert (through.end[through.customer] - through.last_at >= 1).all()


def test_baskets_without_customers_own_nothing():
    with pytest.raises(MissingPart, match="name no customers"):
        own_baskets(group_baskets([["a"]]))


def test_keys_too_large_for_one_number():
    pair = np.array([2**40, 2**40, 5, 2**40, 5], dtype=np.int64)
    moment = np.array([7, 3, 2**30, 7, 2**30], dtype=np.int64)
    found = _distinct_pairs(pair, moment)
    assert [column.tolist() for column in found] == [[5, 2**40, 2**40], [2**30, 3, 7]]


def test_products_take_their_most_frequent_name_and_median_price():
    lines = make_lines(
        [
            ("o1", "c", "A", "2011-01-01", 1, 1.0),
            ("o2", "c", "A", "2011-01-02", 2, 9.0),
            ("o3", "c", "A", "2011-01-03", 1, 2.0),
            ("o4", "c", "A", "2011-01-03", -1, 100.0),
            ("o5", "c", "B", "2011-01-03", 1, 1.0),
            ("o6", "c", "B", "2011-01-03", 1, 2.0),
            ("o7", "c", "C", "2011-01-03", 1, float("nan")),
        ],
        attributes={"product_name": ["lamp", "lamp", "LAMP", None, "zinc cup", "cup", None]},
    )
    described = describe_products(lines)
    assert described.name.tolist() == ["lamp", "cup", None]
    np.testing.assert_array_equal(described.price, [2.0, 1.5, np.nan])


def test_a_product_file_stands_and_the_lines_fill_its_gaps():
    lines = make_lines(
        [("o1", "c", "A", "2011-01-01", 1, 1.0), ("o1", "c", "B", "2011-01-01", 1, 4.0)],
        attributes={"product_name": ["seen A", "seen B"]},
    )
    given_file = Products.bare(Vocabulary.of("product", ["B", "A", "Z"]))
    name = np.array(["file A", None, "Z"], dtype=object)
    given_file = Products(**{**given_file.__dict__, "name": name, "price": np.array([7.0, np.nan, 1.0])})
    described = describe_products(lines, given_file)
    assert described.products == lines.products
    assert described.name.tolist() == ["file A", "seen B"]
    assert described.price.tolist() == [7.0, 4.0]


def test_the_last_value_before_as_of_is_a_customers_segment():
    rows = [
        ("o3", "c1", "A", "2011-01-03"),
        ("o1", "c1", "A", "2011-01-01"),
        ("o2", "c1", "A", "2011-01-02"),
        ("o4", "c2", "A", "2011-01-02"),
        ("o4", "c2", "B", "2011-01-02"),
        ("o5", None, "B", "2011-01-02"),
        ("o6", "c3", "B", "2011-01-02"),
        ("o7", "c1", "B", "2011-01-09"),
    ]
    country = ["Spain", "France", "Oman", "Italy", "Malta", "Guestland", None, None]
    lines = make_lines(rows, attributes={"country": country, "product_name": ["x"] * 8})
    assert describe_customers(lines).segments.keys() == {"country"}
    assert describe_customers(lines).segments["country"].tolist() == ["Spain", "Malta", None]
    bare = Customers.bare(Vocabulary.of("customer", ["c1", "c2"]))
    given_file = Customers(**{**bare.__dict__, "segments": {"country": np.array(["Peru", None], dtype=object)}})
    assert describe_customers(lines, given_file).segments["country"].tolist() == ["Peru", "Malta", None]
    assert describe_customers(make_lines(rows, clock="day")).segments == {}
