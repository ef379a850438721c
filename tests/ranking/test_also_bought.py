"""Companions of a product for carts."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.ranking import list_also_bought
from tests.ranking.tables import BREAD, CHEESE, GRINDER, KETTLE, MUG, TEA, make_graph, make_products

GRAPH = make_graph(
    {
        (KETTLE, TEA): (50, 2.0, 1.5),
        (KETTLE, MUG): (40, 4.0, 3.0),
        (KETTLE, BREAD): (60, 0.9, 0.8),
        (KETTLE, CHEESE): (3, 8.0, 0.9),
    },
    n_item=[500, 10, 100, 100, 60, 200],
)


def test_score_is_a_cosine_that_leans_towards_the_product() -> None:
    found = list_also_bought(GRAPH, products=make_products(), k=3)
    mine = found.product == KETTLE
    assert found.recommended[mine].tolist() == [MUG, TEA, CHEESE]
    expected = [n / (100**0.75 * of**0.25) for n, of in ((40, 60), (50, 200), (3, 10))]
    assert found.score[mine].tolist() == pytest.approx(expected)
    assert found.rank[mine].tolist() == [1, 2, 3]
    assert found.evidence["count"][mine].tolist() == [40, 50, 3]
    assert found.evidence["lift_eb"][mine].tolist() == [4.0, 2.0, 8.0]


def test_pairs_below_independence_and_products_off_sale_are_left_out() -> None:
    available = np.ones(6, dtype=bool)
    available[TEA] = False
    found = list_also_bought(GRAPH, products=make_products(available=available), k=1)
    assert found.recommended[found.product == KETTLE].tolist() == [MUG]
    assert BREAD not in found.product


def test_ties_go_by_product_and_nothing_gives_an_empty_table() -> None:
    tied = make_graph({(GRINDER, MUG): (5, 2.0, 1.0), (GRINDER, CHEESE): (5, 2.0, 1.0)})
    assert list_also_bought(tied, k=2).recommended[:0].tolist() == []
    found = list_also_bought(tied, k=2)
    assert found.recommended[found.product == GRINDER].tolist() == [CHEESE, MUG]
    assert len(list_also_bought(make_graph({}))) == 0
