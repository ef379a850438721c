"""One contract for every registered miner, and the oracles of the kernels of ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting.miners import lcm
from affinity.counting.mining_task import LimitReached, MiningTask
from affinity.counting.registry import MINERS
from affinity.kernels.itemsets_order import expand_trie, sort_rows
from affinity.kernels.itemsets_recode import list_rows, recode_baskets
from tests import naive
from tests.counting.csr import flatten, rows_of

EXAMPLES = settings(max_examples=60, deadline=None)
FEW = settings(max_examples=15, deadline=None)


def make_task(rows, n_items, min_count, **changes):
    indptr, item = flatten(rows)
    values = {"min_size": 1, "max_size": None, "limit": 10**6, "threads": 1, **changes}
    return MiningTask(indptr, item, np.bincount(item, minlength=n_items), min_count, **values)


def load(name):
    module, function = MINERS[name].split(":")
    return getattr(__import__(module, fromlist=[function]), function)


def listed(mined):
    bounds = zip(mined.indptr[:-1], mined.indptr[1:])
    return [(tuple(mined.item[a:b].tolist()), n) for (a, b), n in zip(bounds, mined.count.tolist())]


def in_order(itemsets):
    return sorted(itemsets.items(), key=lambda pair: (len(pair[0]), pair[0]))


def assert_contract(name, rows, n_items, min_count, max_size, min_size=1):
    mined = load(name)(make_task(rows, n_items, min_count, max_size=max_size, min_size=min_size))
    expected = naive.frequent_itemsets(rows, min_count, max_size)
    assert listed(mined) == [pair for pair in in_order(expected) if len(pair[0]) >= min_size]
    assert (mined.indptr.dtype, mined.item.dtype, mined.count.dtype) == (np.int64, np.int32, np.int64)


DENSE = rows_of(9, max_rows=40)


@pytest.mark.parametrize("name", ["eclat", "lcm"])
@EXAMPLES
@given(rows=DENSE, min_count=st.integers(1, 6), max_size=st.sampled_from([None, 1, 2, 3, 4]), min_size=st.integers(1, 3))
def test_our_miners_are_plain_python(name, rows, min_count, max_size, min_size):
    assert_contract(name, rows, 9, min_count, max_size, min_size)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", [name for name in MINERS if name.startswith("mlxtend")])
@FEW
@given(rows=rows_of(6), min_count=st.integers(1, 4), max_size=st.sampled_from([None, 2]))
def test_reference_miners_are_plain_python(name, rows, min_count, max_size):
    assert_contract(name, rows, 6, min_count, max_size)


def planted(seed, n_items, n_rows, mean, groups=6):
    """Baskets of chance items with groups of items bought together, so that larger itemsets exist."""
    rng = np.random.default_rng(seed)
    popularity = rng.permutation(1 / np.sqrt(np.arange(n_items) + 8.0))
    together = [rng.choice(n_items, size=9, replace=False) for _ in range(groups)]
    rows = []
    for _ in range(n_rows):
        chance = rng.choice(n_items, size=min(rng.poisson(mean), n_items), replace=False, p=popularity / popularity.sum())
        rows.append(np.union1d(chance, rng.permutation(together[rng.integers(groups)])[: rng.integers(8)]).tolist())
    return rows


@pytest.mark.parametrize(
    ("n_items", "n_rows", "mean", "min_count"),
    [(40, 300, 12, 25), (150, 400, 30, 30), (150, 300, 40, 25), (600, 400, 60, 22), (25, 2000, 14, 400), (60, 300, 30, 50)],
)
@pytest.mark.parametrize("max_size", [None, 3])
def test_larger_data_against_eclat(n_items, n_rows, mean, min_count, max_size):
    """Conditional databases of more than 62 items, of 15 to 62, and tables: every way through the kernel."""
    rows = planted(n_items, n_items, n_rows, mean)
    task = make_task(rows, n_items, min_count, max_size=max_size)
    ours, other = lcm.mine(task), load("eclat")(task)
    assert len(other) > 300
    assert all(np.array_equal(getattr(ours, name), getattr(other, name)) for name in ("indptr", "item", "count"))


def test_threads_blocks_and_scratch_do_not_matter(monkeypatch):
    rows = planted(5, 150, 300, 40)
    task = make_task(rows, 150, 22)
    expected = lcm.mine(task)
    monkeypatch.setattr(lcm, "_LINES_WORTH_A_THREAD", 10)
    monkeypatch.setattr(lcm, "_FIRST_ARENA", 64)
    made = []

    class Tight(lcm._Scratch):
        def __init__(self, ranked, scale):
            made.append(scale)
            super().__init__(ranked, scale)
            if scale == 1:  # room for nothing beyond the ranks themselves
                self.lists = tuple(column[: len(ranked.name)] for column in self.lists[:4]) + self.lists[4:]

    monkeypatch.setattr(lcm, "_Scratch", Tight)
    for threads in (1, 2, 3):
        mined = lcm.mine(task.changed(threads=threads))
        assert all(np.array_equal(getattr(mined, name), getattr(expected, name)) for name in ("indptr", "item", "count"))
    assert max(made) > 1


@EXAMPLES
@given(rows=DENSE, limit=st.integers(1, 60), min_count=st.integers(1, 3), min_size=st.integers(1, 2))
def test_fitting_min_count_is_the_smallest_that_fits(rows, limit, min_count, min_size):
    fits = lcm.fitting_min_count(make_task(rows, 9, min_count, limit=limit, min_size=min_size))
    counts = [n for x, n in naive.frequent_itemsets(rows, min_count).items() if len(x) >= min_size]
    expected = next(c for c in range(min_count, 50) if sum(n >= c for n in counts) <= limit)
    assert fits == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", list(MINERS))
def test_a_limit_is_exact(name):
    rows = [[0, 1, 2]] * 3
    assert len(load(name)(make_task(rows, 3, 1, limit=7))) == 7
    with pytest.raises(LimitReached):
        load(name)(make_task(rows, 3, 1, limit=6))
    assert len(load(name)(make_task(rows, 3, 1, limit=4, min_size=2))) == 4
    with pytest.raises(LimitReached):
        load(name)(make_task(rows, 3, 1, limit=3, min_size=2))


@EXAMPLES
@given(rows_of(12), st.permutations(range(12)), st.integers(0, 12))
def test_rows_are_recoded_and_merged(rows, order, ranked):
    indptr, item = flatten(rows)
    rank_of = np.array([rank if rank < ranked else -1 for rank in order], dtype=np.int32)
    start, kept = np.empty(len(rows) + 1, dtype=np.int64), np.empty(len(item), dtype=np.int32)
    weight, slots = np.empty(len(rows), dtype=np.int32), np.full(128, -1, dtype=np.int32)
    n = recode_baskets(indptr, item, rank_of, slots, start, kept, weight)
    made = [tuple(kept[start[r] : start[r + 1]].tolist()) for r in range(n)]
    assert len(set(made)) == n
    assert dict(zip(made, weight[:n].tolist())) == naive.merged_baskets(rows, rank_of.tolist())
    bounds = np.concatenate([[0], np.cumsum(np.bincount(kept[: start[n]], minlength=12))]).astype(np.int64)
    row_of = np.empty(bounds[-1], dtype=np.int32)
    list_rows(start, kept, n, bounds[:-1].copy(), row_of)
    assert [row_of[bounds[i] : bounds[i + 1]].tolist() for i in range(12)] == naive.item_rows(made, 12)


def test_long_baskets_are_sorted():
    rank_of = np.random.default_rng(0).permutation(5_000).astype(np.int32)
    kept, start = np.empty(5_000, dtype=np.int32), np.empty(2, dtype=np.int64)
    slots, weight = np.full(4, -1, dtype=np.int32), np.empty(1, dtype=np.int32)
    indptr, item = flatten([range(5_000)])
    assert recode_baskets(indptr, item, rank_of, slots, start, kept, weight) == 1
    assert kept.tolist() == list(range(5_000))


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4)), max_size=30), st.integers(1, 3))
def test_tries_are_expanded(nodes, min_size):
    item, depth, count, path = [], [], [], []
    for new, wanted in nodes:
        path = path[: min(wanted, len(path) + 1) - 1]
        if new in path:
            continue
        path = [*path, new]
        item.append(new), depth.append(len(path)), count.append(len(item))
    expected = [pair for pair in naive.itemsets_of_trie(item, depth, count) if len(pair[0]) >= min_size]
    by_size = [[pair for pair in expected if len(pair[0]) == size] for size in range(6)]
    n = np.array([len(rows) for rows in by_size])
    next_row, next_place = np.cumsum(n) - n, np.cumsum(n * np.arange(6)) - n * np.arange(6)
    to_item, to_count = np.empty((n * np.arange(6)).sum(), dtype=np.int32), np.empty(n.sum(), dtype=np.int32)
    trie = np.array(item, dtype=np.int32), np.array(depth, dtype=np.uint8), np.array(count, dtype=np.int32)
    expand_trie(*trie, min_size, np.zeros((6, 6), dtype=np.int32), next_place, next_row, to_item, to_count)
    flat = [pair for rows in by_size for pair in rows]
    assert to_item.tolist() == [code for itemset, _ in flat for code in itemset]
    assert to_count.tolist() == [n for _, n in flat]


@EXAMPLES
@given(
    st.integers(1, 4).flatmap(lambda k: st.lists(st.lists(st.integers(0, 6), min_size=k, max_size=k), min_size=1)), st.data()
)
def test_rows_are_sorted(rows, data):
    columns, digit = len(rows[0]), data.draw(st.integers(1, len(rows[0])))
    codes = np.array([2, 3, 5, 7, 11, 13, 17], dtype=np.int32)
    values, count = np.array(rows, dtype=np.int32).ravel(), np.arange(len(rows), dtype=np.int32)
    to_values, to_count = np.empty_like(values), np.empty(len(rows), dtype=np.int64)
    order, bucket = np.empty((2, len(rows)), dtype=np.int32), np.empty(7**digit + 1, dtype=np.int64)
    sort_rows(values, count, columns, codes, digit, bucket, order, to_values, to_count)
    made = list(zip(to_values.reshape(-1, columns).tolist(), to_count.tolist()))
    assert made == naive.sorted_rows([(row, k) for k, row in enumerate(rows)], codes.tolist())
