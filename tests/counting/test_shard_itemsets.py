"""Itemsets of parts of the baskets, put together, are those of all baskets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import mine_itemsets
from affinity.counting.shard_itemsets import choose_itemsets, count_proposed, propose_itemsets, unite_proposals
from affinity.tables import Baskets, ItemsetCounts
from affinity.vocabulary import Vocabulary

PRODUCTS = Vocabulary("product", [f"p{i}" for i in range(7)])
LISTS = st.lists(st.sets(st.integers(0, 6), max_size=5), min_size=1, max_size=40)


def make_baskets(rows: list[set[int]]) -> Baskets:
    sizes = [len(row) for row in rows]
    item = np.array([i for row in rows for i in sorted(row)], dtype=np.int32)
    return Baskets(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), item, PRODUCTS)


def mine_parts(rows: list[set[int]], parts: int, least: int, keep: int, limit: int):
    shards = [make_baskets(rows[part::parts]) for part in range(parts)]
    proposed = unite_proposals(
        [propose_itemsets(shard, least=least, of=len(rows), max_size=3, limit=limit) for shard in shards]
    )
    unsure = proposed.open(least)
    asked = proposed.rows.take(unsure)
    count = np.sum([count_proposed(shard, asked) for shard in shards], axis=0, dtype=np.int64)
    counted = proposed.counted(unsure, count)
    return choose_itemsets(counted, least=least, complete_from=proposed.complete_from, keep=keep)


def mine_whole(rows: list[set[int]], least: int, keep: int) -> ItemsetCounts:
    return mine_itemsets(
        make_baskets(rows), min_count=least, max_size=3, max_itemsets=keep, on_limit="keep_most_frequent", threads=1
    )


@settings(deadline=None, max_examples=60)
@given(rows=LISTS, parts=st.integers(1, 4), least=st.integers(1, 6), keep=st.integers(1, 60))
def test_parts_find_what_the_whole_finds(rows: list[set[int]], parts: int, least: int, keep: int) -> None:
    whole, limit = mine_whole(rows, least, keep), 2 * keep
    while (found := mine_parts(rows, parts, least, keep, limit)) is None:
        limit *= 2
    itemsets, cut = found
    assert cut == whole.info["cut"]
    for name in ("indptr", "item", "count"):
        assert np.array_equal(getattr(itemsets, name), getattr(whole, name)), name


def test_proposals_that_do_not_decide_are_not_taken() -> None:
    rows = [{0, 1, 2}, {0, 3}, {1, 4}, {2, 5}, {3, 6}, {4, 0}]
    assert mine_parts(rows, 3, 1, 6, limit=1) is None
    assert mine_parts(rows, 3, 1, 6, limit=100) is not None


def test_parts_dealt_at_random_leave_nothing_to_count_again() -> None:
    held = np.random.default_rng(1).random((4000, 7)) < np.linspace(0.1, 0.7, 7)
    rows = [set(np.flatnonzero(row).tolist()) for row in held]
    proposals = [propose_itemsets(make_baskets(rows[part::2]), least=400, of=4000, max_size=3, limit=1000) for part in range(2)]
    assert [proposal.complete_from for proposal in proposals] == [160, 160]
    proposed = unite_proposals(proposals)
    assert not proposed.open(400).any()
    whole = mine_whole(rows, 400, 1000)
    found, _ = choose_itemsets(proposed.rows, least=400, complete_from=proposed.complete_from, keep=1000)
    assert (found.item.tolist(), found.count.tolist()) == (whole.item.tolist(), whole.count.tolist())


@pytest.mark.parametrize("parts", [1, 3])
def test_empty_baskets_give_no_itemsets(parts: int) -> None:
    itemsets, cut = mine_parts([set()] * 5, parts, 1, 10, limit=20)
    assert (len(itemsets), cut) == (0, None)
