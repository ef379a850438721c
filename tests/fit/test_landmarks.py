"""Landmarks: where they are, what is known there, what counts as newly bought, and that leaks are caught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from affinity.counting import count_transitions
from affinity.fit import cut_lines, label_purchases, plan_landmarks
from affinity.fit.landmarks import check_no_leak
from affinity.settings import FitSettings
from tests.makers import day_number, make_lines
from tests.shops import cut_orders, make_landmark, make_tables, planted_orders, random_orders

SHOP = {"customers": 40, "products": 10, "now": 200, "horizon_days": 40}


def test_the_latest_landmark_ends_at_as_of_and_the_earlier_where_it_begins() -> None:
    assert plan_landmarks("day", 0, 700, 90) == [610, 520]


def test_no_landmark_without_history() -> None:
    assert plan_landmarks("day", 0, 149, 90) == []
    assert plan_landmarks("day", 0, 150, 90) == [60]
    assert plan_landmarks(None, 0, 0, 90) == []
    assert plan_landmarks("order", 0, 0, 90) == [-1, -2]


def test_cut_by_day_keeps_what_came_before() -> None:
    lines = make_lines([("o1", "c", "p", "2020-01-05"), ("o2", "c", "q", "2020-01-06T00:00"), ("o3", None, "p", "2020-01-04")])
    cut = cut_lines(lines, day_number("2020-01-06"))
    assert cut.product.tolist() == [0, 0]
    assert cut.as_of_day == day_number("2020-01-06")


def test_cut_by_order_holds_out_each_customers_last() -> None:
    rows = [("a1", "a", "p", 1), ("a1", "a", "q", 1), ("a5", "a", "q", 5), ("b7", "b", "p", 7), ("a9", "a", "r", 9)]
    lines = make_lines(rows, clock="order")
    assert lines.orders.decode(cut_lines(lines, -1).order).tolist() == ["a1", "a1", "a5"]
    assert lines.orders.decode(cut_lines(lines, -2).order).tolist() == ["a1", "a1"]


def test_labels_are_first_purchases_within_the_horizon() -> None:
    orders = {0: [(10, {0}), (50, {0, 1}), (60, {2}), (90, {3})], 1: [(55, {1})], 2: [(20, {5}), (59, {5})]}
    every, _ = make_tables(orders, customers=3, products=6, end=100)
    _, holdings = make_tables(cut_orders(orders, 50), customers=3, products=6, end=50)
    indptr, product = label_purchases(every, holdings, at=50, horizon_days=10)
    assert indptr.tolist() == [0, 1, 1, 1]  # 1 has no history, 2 bought again what he owns, 0 bought product 2 too late
    assert product.tolist() == [1]


def test_labels_of_a_sequence_are_the_first_order_held_out() -> None:
    orders = {0: [(0, {0}), (1, {1}), (2, {0, 2})], 1: [(0, {1})]}
    every, _ = make_tables(orders, customers=2, products=3, end=None, clock="order")
    kept = {0: orders[0][:2]}
    _, holdings = make_tables(kept, customers=2, products=3, end=None, clock="order")
    indptr, product = label_purchases(every, holdings, at=-1, horizon_days=1)
    assert indptr.tolist() == [0, 1, 1]
    assert product.tolist() == [2]


def test_the_future_changes_nothing_known_at_a_landmark() -> None:
    orders = random_orders(4, customers=40, products=10, days=200)
    other = {c: [(t, b if t < 120 else {0}) for t, b in steps] for c, steps in orders.items()}
    here, there = (make_landmark(o, 120, **SHOP) for o in (orders, other))
    for name in ("indptr", "column", "total"):
        for matrix in ("co_owned", "owned_at_order", "new_at_order"):
            assert np.array_equal(
                getattr(getattr(here.transitions, matrix), name), getattr(getattr(there.transitions, matrix), name)
            )
    check_no_leak(here)


def test_a_planted_leak_is_caught() -> None:
    """Pair statistics that hold the label window flatter everything; training refuses them."""
    orders = planted_orders(1, customers=60)
    landmark = make_landmark(orders, 200, customers=60, products=20, now=300, horizon_days=60)
    later = make_landmark(orders, 260, customers=60, products=20, now=300, horizon_days=40)
    check_no_leak(landmark)
    for leaked, what in (
        (replace(landmark, transitions=later.transitions), "transitions"),
        (replace(landmark, holdings=later.holdings), "holdings"),
        (replace(landmark, steps=later.steps), "steps"),
        (replace(landmark, label_product=np.sort(later.holdings.product)[: len(landmark.label_product)]), "labels"),
    ):
        with pytest.raises(AssertionError, match=what):
            check_no_leak(leaked)


def test_training_refuses_a_leak() -> None:
    from affinity.fit import train_model

    orders = planted_orders(1, customers=60)
    shop = {"customers": 60, "products": 20, "now": 300, "horizon_days": 60}
    landmark, now = make_landmark(orders, 200, **shop), make_landmark(orders, None, **shop)
    steps, holdings = make_tables(orders, customers=60, products=20, end=300)
    leaked = count_transitions(steps, holdings, half_life=120.0, co_owned_half_life=45.0, row_half_life=60.0)
    with pytest.raises(AssertionError, match="transitions"):
        train_model([replace(landmark, transitions=leaked)], now, settings=FitSettings(), horizon_days=60)
