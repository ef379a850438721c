"""Edges counted from the customers' lists: bit by bit those of the stored matrices, which are tested against the oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_transitions, defer_transitions, owned_lists
from affinity.fit import counted_edges
from affinity.fit.closed_form import Edges, similar_edges, solve_edges
from affinity.fit.counted_edges import solve_lists
from affinity.kernels.edges_from_lists import mark_pairs
from affinity.mapped import is_mapped
from tests import naive
from tests.shops import make_tables, random_orders

HALVES = {"half_life": 60.0, "co_owned_half_life": 30.0, "row_half_life": 45.0}


def same(one: Edges, other: Edges) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in ("indptr", "consequent", "weight"))


def assert_same_edges(tables, *, support: int, alpha: float = 0.5, edges_per_target: int | None = None, **rules) -> Edges:
    stored, deferred = count_transitions(*tables, **rules), defer_transitions(*tables, **rules)
    for name in ("first_purchases", "recent_lines", "buyers"):
        assert np.array_equal(getattr(stored, name), getattr(deferred, name))
    assert stored.left_out_customers == deferred.left_out_customers
    asked = {"alpha": alpha, "ridge": 5.0, "support": support, "edges_per_target": edges_per_target, "threads": 2}
    edges, similar = solve_lists(deferred, **asked)
    assert same(edges, solve_edges(stored, **asked))
    assert same(similar, similar_edges(stored))
    return edges


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["day", "order"]), st.integers(1, 12), st.sampled_from([0.0, 0.3, 1.0]))
def test_edges_are_those_of_the_matrices(seed: int, clock: str, support: int, alpha: float) -> None:
    orders = random_orders(seed, customers=40, products=70, days=200, most=9)
    tables = make_tables(orders, customers=40, products=70, end=201, clock=clock)
    lasting = {"lasting_half_life": 90.0} if seed % 2 else {}
    assert_same_edges(tables, support=support, alpha=alpha, **HALVES, **lasting)


def test_long_rows_of_the_system_are_looked_up() -> None:
    orders = random_orders(1, customers=900, products=300, days=90, most=30)
    tables = make_tables(orders, customers=900, products=300, end=90)
    assert len(assert_same_edges(tables, support=20, edges_per_target=9, **HALVES).weight) > 300


def test_what_weighs_nothing_any_more_is_no_edge() -> None:
    """Weights of old orders are rounded to 0: sums that are 0 are not stored, and count as no transitions at all."""
    orders = {c: [(1, {c % 7}), (3, {7 + c % 5, 13})] for c in range(30)} | {40: [(395, {1}), (396, {2, 13})]}
    tables = make_tables(orders, customers=41, products=14, end=400)
    quick = {"half_life": 0.5, "co_owned_half_life": 40.0, "row_half_life": 1.0}
    assert_same_edges(tables, support=6, **quick)
    without = make_tables({c: orders[c] for c in range(30)}, customers=41, products=14, end=400)
    assert not defer_transitions(*without, **quick).lists().has_transitions
    assert len(assert_same_edges(without, support=6, **quick).weight) > 0


def test_customers_over_the_cap_and_guests() -> None:
    orders = random_orders(3, customers=60, products=30, days=100, most=8)
    steps, holdings = make_tables(orders, customers=60, products=30, end=100)
    assert_same_edges((steps, holdings), support=9, max_products_per_customer=6, **HALVES)
    guest = type(steps)(
        np.append([0], steps.indptr + 2).astype(np.int64), np.append([0, 1], steps.item).astype(np.int32), steps.products,
        np.append(-1, steps.customer).astype(np.int32), steps.customers, np.append(3, steps.at).astype(np.int32), "day",
    )  # fmt: skip
    known, with_guest = (solve_lists(defer_transitions(s, holdings, **HALVES), alpha=0.5, ridge=5.0, support=9)
                         for s in (steps, guest))  # fmt: skip
    assert all(same(*pair) for pair in zip(known, with_guest))


def test_without_a_clock_only_co_ownership_counts() -> None:
    _, holdings = make_tables({0: [(0, {0, 1})], 1: [(0, {1, 2})]}, customers=2, products=3, end=0)
    assert len(assert_same_edges((None, replace(holdings, clock=None)), support=3, **HALVES).weight) == 4


def test_nobody_bought_anything() -> None:
    tables = make_tables({}, customers=2, products=3, end=10)
    assert len(assert_same_edges(tables, support=3, **HALVES).weight) == 0


def test_threads_and_runs_and_long_ages_change_no_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = random_orders(11, customers=300, products=90, days=100)
    tables = make_tables(orders, customers=300, products=90, end=100)
    asked = {"alpha": 0.5, "ridge": 20.0, "support": 33}
    usual = solve_lists(defer_transitions(*tables, **HALVES), **asked, threads=1)
    monkeypatch.setattr(counted_edges, "RUNS_A_THREAD", 7)
    monkeypatch.setattr("affinity.counting.transitions.ENTRIES_SUMMED", 50)
    monkeypatch.setattr(owned_lists, "SHORT_AGES", 30)
    monkeypatch.setattr(owned_lists, "is_mapped", lambda _: True)
    monkeypatch.setattr("affinity.mapped.LEAST_BYTES", 0)
    counts = defer_transitions(*tables, **HALVES)
    lists = counts.lists()
    assert lists.age.dtype == np.int32
    assert is_mapped(lists.age)
    assert is_mapped(lists.item)
    assert all(same(*pair) for pair in zip(usual, solve_lists(counts, **asked, threads=3)))
    monkeypatch.setattr("affinity.fit.closed_form.COLUMN_ENTRIES", 500)
    stored = count_transitions(*tables, **HALVES)
    assert same(usual[0], solve_edges(stored, **asked))
    assert np.array_equal(counts.recent_lines, stored.recent_lines)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sets(st.integers(0, 99), max_size=6), max_size=5), st.integers(0, 100))
def test_pairs_are_marked_once_by_the_rarer(supports: list[set[int]], cut: int) -> None:
    ranked = np.full((len(supports), 6), 100, dtype=np.int32)
    for row, support in zip(ranked, supports):
        row[: len(support)] = sorted(support)
    begin = np.concatenate([[0], np.cumsum((np.arange(100) >> 5) + 1)]).astype(np.int64)
    table = np.zeros(int(begin[-1]), dtype=np.uint64)
    count = np.array([len(support) for support in supports], dtype=np.int64)
    for first, last in ((0, cut), (cut, 100)):
        mark_pairs(first, last, ranked, count, begin[:-1], table)
    found = {(s, r) for s in range(100) for r in range(s + 1) if int(table[begin[s] + (r >> 5)]) >> (r & 31) & 1}
    assert found == naive.pairs_of_supports(supports)
    assert int(np.bitwise_count(table).sum()) == len(found)
