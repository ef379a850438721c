"""Rules and graph of arbitrary counts: no exception, shares between 0 and 1, bounds around what they bound.

Counts are those of baskets that each came up to 2**40 times, so that sums, products and their square roots are met at sizes
that no generated shop has; `pytest -m slow` draws many more.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affinity.graph import build_graph
from affinity.measures import MEASURES
from affinity.rules import induce_rules
from affinity.settings import GraphSettings
from affinity.tables import ItemsetCounts, Margins, PairCounts
from affinity.tables.itemset_rows import ItemsetRows
from affinity.tables.margins import SIZE_STRATA
from affinity.vocabulary import Vocabulary

PRODUCTS = 7
TIMES = st.one_of(st.integers(1, 30), st.sampled_from([1, 2**20, 2**31 - 1, 2**31, 2**32 + 1, 2**40]))
SHOPS = st.lists(
    st.tuples(st.sets(st.integers(0, PRODUCTS - 1), max_size=PRODUCTS), TIMES), min_size=1, max_size=12,
)  # fmt: skip
QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def count_shop(shop: list[tuple[set[int], int]]) -> tuple[np.ndarray, np.ndarray, Margins]:
    """(bool[baskets, products], int64 times each came, margins)."""
    member = np.array([[p in basket for p in range(PRODUCTS)] for basket, _ in shop], dtype=bool)
    times = np.array([times for _, times in shop], dtype=np.int64)
    size, strata = member.sum(axis=1), len(SIZE_STRATA)
    stratum = np.searchsorted(SIZE_STRATA, size, side="right") - 1
    in_stratum = [stratum == one for one in range(strata)]
    return member, times, Margins(
        n=int(times.sum()),
        n_item=times @ member,
        stratum_n=np.array([times[rows].sum() for rows in in_stratum]),
        stratum_size_sum=np.array([(times * size)[rows].sum() for rows in in_stratum]),
        stratum_size_square_sum=np.array([(times * size * size)[rows].sum() for rows in in_stratum]),
        stratum_item=np.array([times[rows] @ member[rows] for rows in in_stratum]),
    )  # fmt: skip


def weigh(shop: list[tuple[set[int], int]], owned: list[tuple[set[int], int]], least: int) -> None:
    """The graph of a shop, customers counted apart from baskets."""
    names = Vocabulary("product", [f"p{code}" for code in range(PRODUCTS)])
    (member, times, baskets), (holds, people, owners) = count_shop(shop), count_shop(owned)
    together, both = (
        (rows.T * count) @ rows for rows, count in ((member.astype(np.int64), times), (holds.astype(np.int64), people))
    )
    a, b = np.nonzero(np.triu((together > 0) | (both > 0), 1))
    pairs = PairCounts(a.astype(np.int32), b.astype(np.int32), together[a, b], both[a, b], baskets, owners, names)
    graph = build_graph(pairs, settings=GraphSettings(min_pair_count=least))
    assert len(graph) == 2 * int((pairs.count >= least).sum())
    for name in ("support", "confidence", "confidence_lower", "confidence_upper", "q_value"):
        value = getattr(graph, name)
        assert not ((value < 0) | (value > 1)).any(), (name, value)
    assert (graph.confidence_lower <= graph.confidence).all()
    assert (graph.confidence <= graph.confidence_upper).all()
    for name in ("lift", "lift_adjusted", "lift_eb"):
        value = getattr(graph, name)
        assert (np.isfinite(value) & (value >= 0)).all(), (name, value)
    known = ~np.isnan(graph.lift_eb_lower)
    assert (graph.lift_eb_lower[known] <= graph.lift_eb_upper[known]).all()


def induce(shop: list[tuple[set[int], int]], least: int) -> None:
    """The rules of a shop with every measure."""
    names = Vocabulary("product", [f"p{code}" for code in range(PRODUCTS)])
    member, times, margins = count_shop(shop)
    sets = [tuple(np.flatnonzero([(mask >> p) & 1 for p in range(PRODUCTS)])) for mask in range(1, 2**PRODUCTS)]
    counted = sorted((len(one), one, int(times[member[:, list(one)].all(axis=1)].sum())) for one in sets if len(one) <= 3)
    found = [(one, count) for _, one, count in counted if count >= least]
    rows = ItemsetRows(
        np.cumsum([0, *(len(one) for one, _ in found)]).astype(np.int64),
        np.array([code for one, _ in found for code in one], dtype=np.int32),
        np.array([count for _, count in found], dtype=np.int64),
    )
    itemsets = ItemsetCounts(rows, margins.n, least, names, max_size=3, known_margins=margins)
    rules = induce_rules(itemsets, min_confidence=0.0, measures=tuple(MEASURES))
    assert len(rules) == sum(2 ** len(one) - 2 for one, _ in found)
    for name in ("confidence", "support"):
        value = rules.measures[name]
        assert not ((value < 0) | (value > 1)).any(), (name, value)
    assert not ((rules.q_value < 0) | (rules.q_value > 1)).any()


@settings(max_examples=25, **QUIET)
@given(SHOPS, SHOPS, st.sampled_from([1, 5]))
def test_a_graph_of_any_counts(shop: list[tuple[set[int], int]], owned: list[tuple[set[int], int]], least: int) -> None:
    weigh(shop, owned, least)


@settings(max_examples=25, **QUIET)
@given(SHOPS, st.sampled_from([1, 5]))
def test_rules_of_any_counts(shop: list[tuple[set[int], int]], least: int) -> None:
    induce(shop, least)


@pytest.mark.slow
def test_many_graphs_and_rules() -> None:
    settings(max_examples=2000, **QUIET)(given(SHOPS, SHOPS, st.sampled_from([1, 5]))(weigh))()
    settings(max_examples=2000, **QUIET)(given(SHOPS, st.sampled_from([1, 5]))(induce))()
