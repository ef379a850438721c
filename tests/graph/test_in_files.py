"""Pair counts and what is made of them may stand in files, and tests that cannot matter are left out: the same graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity import mapped
from affinity.counting import count_pairs
from affinity.graph import build_graph, evidence
from affinity.statistics import false_discovery
from affinity.statistics.false_discovery import q_values_among
from affinity.statistics.significance import binomial_mid_p, least_mid_p
from tests.counting.csr import make_baskets, make_holdings


def tables(n_items: int = 60):
    rng = np.random.default_rng(8)

    def rows(n: int, size: float) -> list[list[int]]:
        return [rng.permutation(n_items)[: rng.geometric(1 / size)].tolist() for _ in range(n)]

    return make_baskets(rows(1500, 3), n_items), make_holdings(rows(400, 12), n_items)


@pytest.mark.parametrize("owned", [False, True])
def test_a_table_in_files_holds_the_same_pairs_and_makes_the_same_graph(monkeypatch, owned):
    baskets, owners = tables()
    owners = owners if owned else None
    held = count_pairs(baskets, owners)
    monkeypatch.setattr(mapped, "LEAST_BYTES", 0)
    filed = count_pairs(baskets, owners, max_table_bytes=0)
    for name in ("a", "b", "count", "customers"):
        np.testing.assert_array_equal(getattr(filed, name), getattr(held, name))
    assert mapped.is_mapped(filed.count)
    assert not mapped.is_mapped(held.count)
    assert count_pairs(baskets, owners, max_table_bytes=1 << 30).count.dtype == np.int64
    graph = build_graph(held)
    monkeypatch.setattr(evidence, "WEIGHED_AT_ONCE", 97)
    monkeypatch.setattr(false_discovery, "RANKED_AT_ONCE", 31)
    same = build_graph(filed)
    assert same.info == graph.info
    for name in ("indptr", "consequent", "community", *graph._numbers()):
        np.testing.assert_array_equal(getattr(same, name), getattr(graph, name), strict=True)


def test_the_counts_of_a_table_in_files_are_not_limited_by_memory():
    baskets, owners = tables()
    assert len(count_pairs(baskets, owners, max_memory_bytes=10**9, max_table_bytes=0)) > 0


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.floats(1e-6, 40.0), st.integers(1, 200)),
        min_size=1,
        max_size=30,
    )
)
def test_the_quick_bound_is_never_above_the_p_value(rows):
    count, expected, trials = (np.array(column) for column in zip(*rows))
    count = np.minimum(count, trials)
    bound, p = least_mid_p(count, expected, trials), binomial_mid_p(count, expected, trials)
    assert (bound <= p + 1e-12).all()
    assert (bound >= 0).all()


def test_the_quick_bound_is_near_the_p_value_of_rare_products():
    count, expected = (grid.ravel() for grid in np.meshgrid([0, 1, 2, 3], [0.05, 0.3, 1.0, 3.0]))
    trials = np.full(len(count), 100_000)
    np.testing.assert_allclose(least_mid_p(count, expected, trials), binomial_mid_p(count, expected, trials), rtol=0.2)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40), st.integers(0, 60))
def test_tests_that_end_at_one_can_be_left_out(p, unseen):
    p_values = np.array(p)
    n_tests = len(p) + unseen
    every = q_values_among(p_values.copy(), p_values, n_tests)
    certain = p_values >= len(p) / n_tests * (1 + 1e-6)
    fewer = q_values_among(p_values[~certain], np.where(certain, np.inf, p_values), n_tests)
    np.testing.assert_array_equal(fewer, every)
