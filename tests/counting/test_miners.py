"""One contract for every registered miner, and the oracles of the kernels of ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting.miners import bitmask, lcm, search
from affinity.counting.mining_choice import fitting_min_count
from affinity.counting.mining_task import LimitReached, MiningTask
from affinity.counting.registry import MINERS
from affinity.kernels.itemsets_order import expand_trie, sort_rows
from affinity.kernels.itemsets_rows import count_items, deal_baskets, mask_rows, rank_rows
from affinity.kernels.itemsets_write import add_choices
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
    assert len(mined) == len(mined.count)
    expected = naive.frequent_itemsets(rows, min_count, max_size)
    assert listed(mined) == [pair for pair in in_order(expected) if len(pair[0]) >= min_size]
    assert (mined.indptr.dtype, mined.item.dtype, mined.count.dtype) == (np.int64, np.int32, np.int64)


DENSE = rows_of(9, max_rows=40)


@pytest.mark.parametrize("name", ["eclat", "lcm", "bitmask"])
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
    other = load("eclat")(task)
    assert len(other) > 300
    miners = [lcm.mine] if len(task.frequent_items) > bitmask.MOST_ITEMS else [lcm.mine, bitmask.mine]
    assert all(same(mine(task), other) for mine in miners)


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("indptr", "item", "count"))


@pytest.mark.parametrize("name", ["lcm", "bitmask"])
def test_threads_arenas_and_scratch_do_not_matter(monkeypatch, name):
    module, database = (lcm, lcm.RankedRows) if name == "lcm" else (bitmask, bitmask.MaskRows)
    rows = planted(5, 150 if name == "lcm" else 40, 300, 40 if name == "lcm" else 14)
    task = make_task(rows, 150, 22)
    monkeypatch.setattr(module, "_LINES_A_BLOCK", 500)
    block, size = (bitmask, "_MASKS_A_BLOCK") if name == "bitmask" else (lcm, "_PLACES_A_BLOCK")
    monkeypatch.setattr(block, size, 5)
    expected, made, whole = module.mine(task), [], database.scratch

    def tight(self, scale):
        made.append(scale)
        arrays = whole(self, scale)
        small = [array if array.ndim > 1 or array.dtype == np.int64 else array[:200] for array in arrays]
        return arrays if scale > 1 else tuple(small)

    assert len(database.of(task).bounds()) > 3
    monkeypatch.setattr(search, "_FIRST_ARENA", 64)
    for threads in (1, 2, 3):
        assert trie_of(module.mine(task.changed(threads=threads))) == trie_of(expected)
    assert same(expected, load("eclat")(task))


def trie_of(mined):
    return [np.concatenate([part[column] for part in mined.parts]).tolist() for column in range(3)]


SIZES = st.sampled_from([None, 1, 2, 3, 5])


@EXAMPLES
@given(rows=rows_of(8, max_rows=40), always=st.integers(0, 6), min_count=st.integers(1, 4), max_size=SIZES)
def test_items_of_every_basket(rows, always, min_count, max_size):
    """Perfect extensions: at the top, in masks and in tables."""
    rows = [[*row, *range(8, 8 + always)] for row in rows if row]
    for name in ("lcm", "bitmask"):
        assert_contract(name, rows, 8 + always, min_count, max_size)


@pytest.mark.parametrize("name", ["lcm", "bitmask"])
def test_more_items_of_every_basket_than_have_all_choices_written(name):
    task = make_task([range(60)] * 2, 60, 1, max_size=3, limit=10**6)
    assert len(load(name)(task)) == 60 + 60 * 59 // 2 + 60 * 59 * 58 // 6
    with pytest.raises(LimitReached):
        load(name)(task.changed(max_size=None))


def test_many_items_of_every_basket_and_a_larger_conditional_database():
    rng = np.random.default_rng(3)
    rows = [[*np.flatnonzero(rng.random(90) < 0.7).tolist(), 90, 91, 92] for _ in range(120)]
    task = make_task(rows, 93, 55, max_size=4)
    assert same(lcm.mine(task), load("eclat")(task))


@EXAMPLES
@given(rows=DENSE, limit=st.integers(1, 60), min_count=st.integers(1, 3), min_size=st.integers(1, 2))
def test_fitting_min_count_is_the_smallest_that_fits(rows, limit, min_count, min_size):
    fits = fitting_min_count(make_task(rows, 9, min_count, limit=limit, min_size=min_size))
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
def test_baskets_become_rows_of_ranks(rows, order, ranked):
    indptr, item = flatten(rows)
    rank_of = np.array([rank if rank < ranked else -1 for rank in order], dtype=np.int32)
    kept = [sorted(rank_of[item] for item in row if rank_of[item] >= 0) for row in rows]
    held = np.bincount([rank for row in kept for rank in row], minlength=ranked)[:ranked].astype(np.int64)
    dealt = np.tile(np.cumsum(held) - held, (2, 1))
    basket_of, size, firsts = np.empty(held.sum(), dtype=np.int32), np.empty(len(rows), dtype=np.int32), np.zeros_like(held)
    deal_baskets(indptr, item, 0, len(rows), rank_of, dealt[1], basket_of, size, firsts)
    lists = [basket_of[first:last].tolist() for first, last in dealt.T]
    assert (lists, firsts.tolist()) == naive.dealt_baskets(kept, ranked)
    assert size.tolist() == [len(row) for row in kept]
    start = np.cumsum(held - firsts) - (held - firsts)
    flat, place_of = np.empty(held.sum() + len(rows), dtype=np.int32), np.empty((held - firsts).sum(), dtype=np.int32)
    end = start.copy()
    rank_rows(0, len(rows), size, 0, dealt, basket_of, end, flat, place_of)
    assert (flat.tolist(), [place_of[a:b].tolist() for a, b in zip(start, end)]) == naive.ranked_rows(kept, ranked)


@EXAMPLES
@given(rows_of(12), st.permutations(range(12)), st.integers(0, 12))
def test_baskets_become_masks(rows, order, ranked):
    indptr, item = flatten(rows)
    bit_of = np.array([1 << bit if bit < ranked else 0 for bit in order], dtype=np.int64)
    masks = np.zeros(len(rows) + 2, dtype=np.int64)
    end = mask_rows(indptr, item, 0, len(rows), bit_of, 2, masks)
    assert masks[2:end].tolist() == naive.basket_masks(rows, bit_of.tolist())


@EXAMPLES
@given(rows_of(9), st.sampled_from([None, "twice", "unsorted", "beyond"]))
def test_items_are_counted_or_the_first_bad_line_is_named(rows, fault):
    rows = [sorted(set(row)) for row in rows] + [[0, 1, 2]]
    bad = {"twice": [3, 3], "unsorted": [4, 2], "beyond": [9]}.get(fault, [])
    indptr, item = flatten(rows)
    indptr, item = np.append(indptr, len(item) + len(bad)), np.append(item, np.array(bad, dtype=np.int32))
    count = np.zeros(9, dtype=np.int64)
    line = count_items(indptr, item, 0, len(indptr) - 1, count)
    assert line == (-1 if fault is None else len(item) - 1)
    if fault is None:
        assert count.tolist() == naive.item_counts(rows, 9)


@EXAMPLES
@given(
    st.lists(st.integers(0, 50), max_size=7, unique=True),
    st.integers(1, 3),
    st.sampled_from([2, 3, 4, 5, 255]),
    st.integers(0, 130),
)
def test_choices_of_perfect_extensions(perfect, depth, max_size, room):
    out = np.zeros(room, dtype=np.int32), np.zeros(room, dtype=np.uint8), np.zeros(room, dtype=np.int32)
    written = add_choices(*out, 0, depth, 9, np.array(perfect, dtype=np.int32), len(perfect), max_size)
    expected = naive.choices(perfect, max_size - depth)
    assert written == len(expected) or (written > room and len(expected) > room)
    if written <= room:
        path, made = [], []
        for item, deep in zip(out[0][:written].tolist(), out[1][:written].tolist()):
            path = [*path[: deep - depth - 1], item]
            made.append(tuple(sorted(path)))
        assert sorted(made) == sorted(tuple(sorted(choice)) for choice in expected)
        assert set(out[2][:written].tolist()) <= {9}


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
    place_of, path = np.arange(21, dtype=np.int32), np.zeros((6, 6), dtype=np.int32)
    expand_trie(*trie, place_of, min_size, path, next_place, next_row, to_item, to_count)
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
