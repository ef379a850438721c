"""Closed-form edges: against elimination in plain Python, the dense formula, and on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_transitions
from affinity.fit import closed_form as room
from affinity.fit.closed_form import Edges, similar_edges, solve_edges
from affinity.kernels.closed_form import choose_largest
from affinity.tables import Transitions
from affinity.tables.transitions import WEIGHT_UNIT, SquareCounts
from tests import naive
from tests.shops import make_tables, random_orders

HALVES = {"half_life": 60.0, "co_owned_half_life": 30.0, "row_half_life": 45.0}


def counted(seed: int, *, customers: int = 40, products: int = 9) -> Transitions:
    orders = random_orders(seed, customers=customers, products=products, days=120)
    return count_transitions(*make_tables(orders, customers=customers, products=products, end=121), **HALVES)


def dense(counts: SquareCounts, *, symmetric: bool) -> np.ndarray:
    n = len(counts.indptr) - 1
    matrix = np.zeros((n, n))
    matrix[np.repeat(np.arange(n), np.diff(counts.indptr)), counts.column] = counts.total / WEIGHT_UNIT
    return matrix + np.triu(matrix, 1).T if symmetric else matrix


def as_dict(edges: Edges) -> dict[tuple[int, int], float]:
    row = np.repeat(np.arange(len(edges.indptr) - 1), np.diff(edges.indptr))
    return {(int(a), int(b)): float(w) for a, b, w in zip(row, edges.consequent, edges.weight)}


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([0.0, 0.3, 1.0]))
def test_equals_elimination(seed: int, support: int, alpha: float) -> None:
    found = counted(seed)
    co, own = (dense(c, symmetric=True) for c in (found.co_owned, found.owned_at_order))
    new = dense(found.new_at_order, symmetric=False)
    alpha = alpha if new.any() else 1.0
    expected = naive.closed_form_edges(
        lambda i, j: co[i, j], lambda i, j: own[i, j], lambda i, j: new[i, j], 9, alpha, 5.0, support, 50
    )
    edges = as_dict(solve_edges(found, alpha=alpha, ridge=5.0, support=support))
    assert {k: w for k, w in edges.items() if w > 1e-12} == pytest.approx({k: w for k, w in expected.items() if w > 1e-12})


def test_full_support_is_the_dense_formula_with_its_zero_diagonal() -> None:
    found = counted(3, customers=300, products=12)
    co, own = (dense(c, symmetric=True) for c in (found.co_owned, found.owned_at_order))
    gram = 0.5 * co + 0.5 * own + 30.0 * np.eye(12)
    wanted = 0.5 * co + 0.5 * dense(found.new_at_order, symmetric=False)
    inverse = np.linalg.inv(gram)
    w = inverse @ wanted
    w -= inverse * (np.diag(w) / np.diag(inverse))
    edges = as_dict(solve_edges(found, alpha=0.5, ridge=30.0, support=12))
    assert edges == pytest.approx({(a, b): w[a, b] for a in range(12) for b in range(12) if a != b and w[a, b] > 0})


def test_threads_change_no_digit() -> None:
    found = counted(11, customers=400, products=90)
    one, three = (solve_edges(found, alpha=0.5, ridge=20.0, support=33, threads=t) for t in (1, 3))
    assert one.weight.tobytes() == three.weight.tobytes()
    assert one.consequent.tobytes() == three.consequent.tobytes()
    assert one.indptr.tobytes() == three.indptr.tobytes()


def test_many_products_are_looked_for_instead_of_kept_in_a_bitmap(monkeypatch: pytest.MonkeyPatch) -> None:
    found = counted(12, customers=400, products=150)
    small = solve_edges(found, alpha=0.5, ridge=20.0, support=33)
    monkeypatch.setattr(room, "BITMAP_PRODUCTS", 149)
    large = solve_edges(found, alpha=0.5, ridge=20.0, support=33)
    assert len(small.weight) > 1000
    for name in ("indptr", "consequent", "weight"):
        assert getattr(small, name).tobytes() == getattr(large, name).tobytes()


def test_edges_into_a_target_may_be_capped() -> None:
    random = np.random.default_rng(0)
    orders = {c: [(1, set(random.choice(79, 12).tolist())), (20, {79})] for c in range(200)}
    steps, holdings = make_tables(orders, customers=200, products=80, end=30)
    edges = solve_edges(count_transitions(steps, holdings, **HALVES), alpha=0.5, ridge=1.0, support=80, edges_per_target=50)
    into = np.bincount(edges.consequent, minlength=80)
    assert into.max() == 50


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_cosines(seed: int) -> None:
    found = counted(seed, products=30)
    co = dense(found.co_owned, symmetric=True)
    assert as_dict(similar_edges(found)) == pytest.approx(naive.cosine_edges(lambda i, j: co[i, j], 30, 20))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(-2, 5), min_size=1, max_size=40), st.integers(1, 20))
def test_the_largest_are_the_first_of_a_full_sort(values: list[int], most: int) -> None:
    chosen = np.zeros(most, dtype=np.int32)
    n = choose_largest(np.array(values, dtype=np.float64), chosen)
    positive = [i for i in range(len(values)) if values[i] > 0]
    assert chosen[:n].tolist() == sorted(sorted(positive, key=lambda i: (-values[i], i))[:most])


def test_nothing_bought_gives_no_edges() -> None:
    found = count_transitions(*make_tables({}, customers=2, products=3, end=10), **HALVES)
    assert len(solve_edges(found, alpha=0.5, ridge=1.0, support=200).weight) == 0
    assert len(similar_edges(found).weight) == 0
