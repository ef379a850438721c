"""Transitions against the obvious count; additivity over customers; equal on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_transitions
from affinity.counting import transitions as room
from affinity.kernels.transitions import transpose_rows
from affinity.tables import SquareCounts
from tests import naive
from tests.shops import make_tables, random_orders

HALVES = {"half_life": 30.0, "co_owned_half_life": 12.5, "row_half_life": 20.0}


def as_dict(counts: SquareCounts) -> dict[tuple[int, int], int]:
    row = np.repeat(np.arange(len(counts.indptr) - 1), np.diff(counts.indptr))
    return {(int(i), int(j)): int(v) for i, j, v in zip(row, counts.column, counts.total)}


def same(a: SquareCounts, b: SquareCounts) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("indptr", "column", "total"))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["day", "order"]), st.sampled_from([1, 300]))
def test_equals_the_obvious_count(seed: int, clock: str, spread: int) -> None:
    """spread : only every so many-th product is ever bought"""
    orders = random_orders(seed, customers=12, products=9, days=200)
    orders = {c: [(at, {p * spread for p in basket}) for at, basket in steps] for c, steps in orders.items()}
    steps, holdings = make_tables(orders, customers=12, products=9 * spread, end=201, clock=clock)
    found = count_transitions(steps, holdings, **HALVES)
    for counts in (found.co_owned, found.owned_at_order, found.new_at_order):
        cells = list(as_dict(counts))
        assert cells == sorted(set(cells))
    timed = orders if clock == "day" else {c: [(k, b) for k, (_, b) in enumerate(s)] for c, s in orders.items()}
    end = {c: 201 if clock == "day" else len(s) for c, s in orders.items()}
    expected = naive.transitions(timed, end, *HALVES.values())
    assert [as_dict(found.co_owned), as_dict(found.owned_at_order), as_dict(found.new_at_order)] == list(expected)
    assert found.lasting_co_owned is None
    lasting = count_transitions(steps, holdings, **HALVES, lasting_half_life=90.0)
    assert as_dict(lasting.lasting_co_owned) == naive.transitions(timed, end, 30.0, 90.0, 20.0)[0]
    assert same(lasting.co_owned, found.co_owned)


def test_popularities_are_decayed_sums() -> None:
    steps, holdings = make_tables({0: [(10, {0}), (20, {0, 1})], 1: [(90, {1})]}, customers=3, products=3, end=100)
    found = count_transitions(steps, holdings, **HALVES)
    weight = lambda age: naive.weight_by_age(age, HALVES["row_half_life"])  # noqa: E731
    assert found.first_purchases.tolist() == [weight(90), weight(80) + weight(10), 0]
    assert found.recent_lines.tolist() == [weight(90) + weight(80), weight(80) + weight(10), 0]
    assert found.buyers.tolist() == [1, 2, 0]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 19))
def test_counts_of_disjoint_customers_add_up(seed: int, cut: int) -> None:
    orders = random_orders(seed, customers=20, products=8, days=100)
    halves = {**HALVES, "lasting_half_life": 90.0}
    whole = count_transitions(*make_tables(orders, customers=20, products=8, end=100), **halves)
    parts = [
        count_transitions(*make_tables(part, customers=20, products=8, end=100), **halves)
        for part in ({c: s for c, s in orders.items() if c < cut}, {c: s for c, s in orders.items() if c >= cut})
    ]
    added = parts[0] + parts[1]
    for name in ("co_owned", "lasting_co_owned", "owned_at_order", "new_at_order"):
        assert same(getattr(whole, name), getattr(added, name))
    assert np.array_equal(whole.first_purchases, added.first_purchases)
    assert np.array_equal(whole.recent_lines, added.recent_lines)


def test_threads_and_small_runs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, holdings = make_tables(
        random_orders(5, customers=60, products=30, days=90, most=9), customers=60, products=30, end=90
    )
    one = count_transitions(steps, holdings, **HALVES, threads=1)
    three = count_transitions(steps, holdings, **HALVES, threads=3)
    monkeypatch.setattr(room, "ENTRIES_AT_ONCE", 20)
    monkeypatch.setattr(room, "BUFFER_ENTRIES", 31)
    runs = count_transitions(steps, holdings, **HALVES, threads=2)
    for other in (three, runs):
        for name in ("co_owned", "owned_at_order", "new_at_order"):
            assert same(getattr(one, name), getattr(other, name))


def test_customers_over_the_cap_stay_out_of_the_pairs_and_are_counted() -> None:
    orders = {0: [(1, {0, 1, 2}), (5, {3})], 1: [(2, {0}), (6, {1})]}
    capped = count_transitions(*make_tables(orders, customers=2, products=4, end=10), **HALVES, max_products_per_customer=3)
    alone = count_transitions(*make_tables({1: orders[1]}, customers=2, products=4, end=10), **HALVES)
    assert same(capped.co_owned, alone.co_owned)
    assert same(capped.owned_at_order, alone.owned_at_order)
    assert same(capped.new_at_order, alone.new_at_order)
    assert capped.left_out_customers == 1
    assert capped.buyers.tolist() == [2, 2, 1, 1]


def test_guests_are_left_out() -> None:
    steps, holdings = make_tables({0: [(1, {0}), (5, {1})]}, customers=1, products=2, end=10)
    with_guest = type(steps)(
        np.array([0, 2, *(steps.indptr[1:] + 2)], dtype=np.int64), np.append([0, 1], steps.item).astype(np.int32),
        steps.products, np.array([-1, 0, 0], dtype=np.int32), steps.customers, np.array([3, 1, 5], dtype=np.int32), "day",
    )  # fmt: skip
    assert same(
        count_transitions(with_guest, holdings, **HALVES).new_at_order,
        count_transitions(steps, holdings, **HALVES).new_at_order,
    )
    assert (
        count_transitions(with_guest, holdings, **HALVES).recent_lines.tolist()
        == count_transitions(steps, holdings, **HALVES).recent_lines.tolist()
    )


def test_without_a_clock_only_co_ownership_counts() -> None:
    steps, holdings = make_tables({0: [(0, {0, 1})], 1: [(0, {1})]}, customers=2, products=2, end=0)
    holdings = type(holdings)(**{**vars(holdings), "clock": None})
    found = count_transitions(None, holdings, **HALVES)
    assert as_dict(found.co_owned) == {(0, 0): 2**20, (0, 1): 2**20, (1, 1): 2**21}
    assert len(found.new_at_order.column) == len(found.owned_at_order.column) == 0
    assert len(steps) == 2


def test_nobody_bought_anything() -> None:
    found = count_transitions(*make_tables({}, customers=2, products=3, end=10), **HALVES)
    assert len(found) == 0
    assert found.to_pandas().empty


def test_transposed_rows() -> None:
    rows = [[0, 2], [], [2], [0, 1, 2]]
    indptr = np.array([0, 2, 2, 3, 6], dtype=np.int64)
    begin = np.array([0, 2, 3], dtype=np.int64)
    row, place = np.empty(6, dtype=np.int32), np.empty(6, dtype=np.int32)
    transpose_rows(indptr, np.array([0, 2, 2, 0, 1, 2], dtype=np.int32), begin, row, place)
    found = list(zip(row.tolist(), place.tolist()))
    assert [found[0:2], found[2:3], found[3:6]] == naive.transposed(rows, 3)
