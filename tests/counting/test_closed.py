"""Closed and maximal itemsets mined directly, the kernels below them, and the most frequent ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import mine_itemsets
from affinity.counting.miners import closed
from affinity.counting.miners.closed import mine_closed, search_closed
from affinity.counting.mining_task import LimitReached
from affinity.kernels.itemsets_closed import gather_rows, make_columns
from affinity.kernels.itemsets_closed_rows import deal_by_size, list_places
from tests import naive
from tests.counting.csr import make_baskets, read_fimi, rows_of
from tests.counting.test_miners import in_order, listed, make_task, planted, same

EXAMPLES = settings(max_examples=40, deadline=None)
DENSE = rows_of(6, max_rows=25)


def expected_sets(frequent, maximal, min_size, max_size):
    found = (naive.maximal_itemsets if maximal else naive.closed_itemsets)(frequent)
    return [(x, n) for x, n in in_order(found) if min_size <= len(x) <= (max_size or 99)]


@pytest.mark.parametrize("maximal", [False, True])
@pytest.mark.parametrize("masks", [False, True])
@EXAMPLES
@given(
    rows=DENSE, always=st.integers(0, 2), min_count=st.integers(1, 6), max_size=st.sampled_from([None, 1, 2, 3]),
    min_size=st.integers(1, 3),
)  # fmt: skip
def test_closed_and_maximal_are_plain_python(rows, always, min_count, max_size, min_size, masks, maximal):
    rows = [[*row, *range(6, 6 + always)] for row in rows]
    task = make_task(rows, 6 + always, min_count, max_size=max_size, min_size=min_size)
    mined = mine_closed(task, maximal, masks if len(task.frequent_items) else None)
    assert listed(mined) == expected_sets(naive.frequent_itemsets(rows, min_count), maximal, min_size, max_size)
    assert (mined.indptr.dtype, mined.item.dtype, mined.count.dtype) == (np.int64, np.int32, np.int64)


@pytest.mark.parametrize(
    ("n_items", "n_rows", "mean", "min_count"), [(40, 300, 12, 25), (150, 300, 40, 25), (600, 400, 60, 22)]
)
@pytest.mark.parametrize("maximal", [False, True])
def test_larger_data_against_all_frequent_ones(n_items, n_rows, mean, min_count, maximal):
    """Rows of one word and of several, in threads."""
    rows = planted(n_items, n_items, n_rows, mean)
    frequent = mine_itemsets(make_baskets(rows, n_items), min_count=min_count, max_size=None)
    expected = picked_from(frequent, maximal)
    assert len(expected) > 50
    for threads in (1, 2):
        task = make_task(rows, n_items, min_count, threads=threads)
        assert dict(listed(mine_closed(task, maximal, False))) == expected
        assert len(task.frequent_items) > 62 or dict(listed(mine_closed(task, maximal, True))) == expected


def picked_from(frequent, maximal):
    """The closed or maximal ones of all frequent itemsets: no itemset of one more item with the same count (or at all)."""
    counts = dict(
        zip(
            (tuple(frequent.item[a:b].tolist()) for a, b in zip(frequent.indptr[:-1], frequent.indptr[1:])),
            frequent.count.tolist(),
        )
    )
    inside = set()
    for itemset, count in counts.items():
        for k in range(len(itemset)):
            part = itemset[:k] + itemset[k + 1 :]
            if maximal or counts.get(part) == count:
                inside.add(part)
    return {itemset: count for itemset, count in counts.items() if itemset not in inside}


@pytest.mark.parametrize(
    ("name", "min_count", "n_closed", "n_maximal"),
    [
        ("chess", 2238, 23_892, 891), ("mushroom", 1625, 1_197, 158), ("BMS-WebView-1", 60, 3_974, 2_067),
        ("retail", 177, 2_691, 1_341), ("connect", 60_802, 3_486, 222),
    ],
)  # fmt: skip
def test_public_sets(shared_data, name, min_count, n_closed, n_maximal):
    """Numbers as of other programs (one more where these lose the items of every basket), and equal to those picked."""
    baskets = read_fimi(shared_data, name)
    frequent = mine_itemsets(baskets, min_count=min_count)
    for target, number in (("closed", n_closed), ("maximal", n_maximal)):
        itemsets = mine_itemsets(baskets, min_count=min_count, target=target)
        assert len(itemsets) == number
        assert dict(listed(itemsets.found)) == picked_from(frequent, target == "maximal")


def test_closed_where_all_frequent_ones_are_too_many(shared_data):
    """91 million itemsets are frequent here."""
    baskets = read_fimi(shared_data, "mushroom")
    assert len(mine_itemsets(baskets, min_count=81, target="closed")) == 51_672
    assert len(mine_itemsets(baskets, min_count=81, target="maximal")) == 6_733


@pytest.mark.parametrize("masks", [False, True])
def test_arenas_scratch_and_threads_do_not_matter(monkeypatch, masks):
    rows = planted(5, 40 if masks else 150, 300, 14 if masks else 40)
    task = make_task(rows, 150, 22)
    expected = mine_closed(task, masks=masks), mine_closed(task, True, masks)
    database = closed.MaskSets if masks else closed.RankSets
    whole, scales = database.scratch, []

    def tight(self, scale, maximal):
        scales.append(scale)
        arrays = whole(self, scale, maximal)
        slots = 4 if masks else 6  # of the words, rows and slots less than is needed
        return arrays if scale > 1 else tuple(a[:128] if k == slots else a for k, a in enumerate(arrays))

    monkeypatch.setattr(closed, "_FIRST_SETS", 20)
    monkeypatch.setattr(closed, "_FIRST_ITEMS", 50)
    monkeypatch.setattr(database, "scratch", tight)
    for threads in (1, 3):
        again = mine_closed(task.changed(threads=threads), masks=masks), mine_closed(task.changed(threads=threads), True, masks)
        assert all(same(one, other) for one, other in zip(again, expected))
    assert max(scales) > 1


@EXAMPLES
@given(rows=DENSE, limit=st.integers(1, 40), min_count=st.integers(1, 3), masks=st.booleans())
def test_the_smallest_min_count_that_fits(rows, limit, min_count, masks):
    counts = list(naive.closed_itemsets(naive.frequent_itemsets(rows, min_count)).values())
    task = make_task(rows, 6, min_count, limit=limit)
    search = search_closed(task, masks=masks)
    fits = next(c for c in range(min_count, 50) if sum(n >= c for n in counts) <= limit)
    assert (min_count if search is None else search.raise_min_count()) == fits
    if search is not None and len(counts) > limit:
        with pytest.raises(LimitReached):
            search_closed(task, masks=masks).run()


@EXAMPLES
@given(
    rows=st.lists(st.tuples(st.frozensets(st.integers(0, 129)), st.integers(1, 5)), max_size=20),
    bit=st.integers(0, 129), keep=st.frozensets(st.integers(0, 129)), whole=st.booleans(),
)  # fmt: skip
def test_rows_are_gathered(rows, bit, keep, whole):
    words = np.zeros((2 * len(rows) + 1, 3), dtype=np.uint64)
    for row, (bits, _) in enumerate(rows):
        words[row] = as_words(bits)
    flat, weights = words.view(np.int64).ravel(), np.zeros(2 * len(rows) + 1, dtype=np.int32)
    weights[: len(rows)] = [weight for _, weight in rows]
    kept, picked = as_words(keep).view(np.int64), np.arange(len(rows), dtype=np.int32)
    compared, low = (3, -1) if whole else ((bit >> 6) + 1, int(np.uint64((1 << (bit & 63)) - 1).view(np.int64)))
    slots = np.empty(64, dtype=np.int32)
    end = gather_rows(flat, weights, 3, picked, len(rows), bit, kept, compared, low, len(rows), slots)
    made = sorted((as_bits(words[row]), int(weights[row])) for row in range(len(rows), end))
    assert made == naive.merged_rows(rows, bit, keep, whole)
    short = gather_rows(flat[:-6], weights, 3, picked, len(rows), bit, kept, compared, low, len(rows), slots)
    assert short == -1 or not rows


def as_words(bits):
    return np.array([sum(1 << (b & 63) for b in bits if b >> 6 == word) for word in range(3)], dtype=np.uint64)


def as_bits(words):
    return [bit for bit in range(192) if (int(words[bit >> 6]) >> (bit & 63)) & 1]


@EXAMPLES
@given(rows=st.lists(st.tuples(st.frozensets(st.integers(0, 129)), st.integers(1, 1000)), max_size=150))
def test_rows_are_turned_into_columns(rows):
    words = np.concatenate([as_words(bits) for bits, _ in rows] or [np.empty(0, dtype=np.uint64)]).view(np.int64)
    weights, n = np.array([weight for _, weight in rows], dtype=np.int32), -(-len(rows) // 64)
    columns, planes = np.empty(130 * n, dtype=np.int64), np.empty(31 * n, dtype=np.int64)
    n_planes = make_columns(words, weights, 3, len(rows), 130, columns, planes)
    held = np.unpackbits(columns.view(np.uint8), bitorder="little").reshape(130, -1)
    assert [np.flatnonzero(column).tolist() for column in held] == [
        [row for row, _ in found] for found in naive.transposed([sorted(bits) for bits, _ in rows], 130)
    ]
    in_planes = np.unpackbits(planes.view(np.uint8), bitorder="little").reshape(31, -1)[:, : len(rows)]
    assert (in_planes * 2 ** np.arange(31)[:, None]).sum(axis=0).tolist() == weights.tolist()
    assert n_planes == max((int(weight).bit_length() for weight in weights), default=0)


@EXAMPLES
@given(rows=rows_of(8))
def test_places_are_listed(rows):
    flat = np.array([code for row in rows for code in [-1, *sorted(row)]], dtype=np.int32)
    found = [[at for at, code in enumerate(flat.tolist()) if code == rank] for rank in range(8)]
    start = np.cumsum([0, *(len(places) for places in found)])
    place_of, ends = np.empty(start[-1], dtype=np.int32), start[:-1].copy()
    list_places(flat, ends, place_of)
    assert [place_of[a:b].tolist() for a, b in zip(start, start[1:])] == found
    assert ends.tolist() == start[1:].tolist()
    assert [len(places) for places in found] == [len(p) for p in naive.transposed([sorted(row) for row in rows], 8)]


@EXAMPLES
@given(st.lists(st.tuples(st.lists(st.integers(0, 20), min_size=1, max_size=4, unique=True), st.integers(1, 9)), max_size=20))
def test_itemsets_are_dealt_by_size(itemsets):
    size = np.array([len(items) for items, _ in itemsets], dtype=np.int32)
    item = np.array([code for items, _ in itemsets for code in items], dtype=np.int32)
    n = np.bincount(size, minlength=5)
    places, rows = np.cumsum(n * np.arange(5)) - n * np.arange(5), np.cumsum(n) - n
    to_item, to_count = np.empty_like(item), np.empty_like(size)
    count = np.array([count for _, count in itemsets], dtype=np.int32)
    deal_by_size(item, size, count, np.arange(21, dtype=np.int32), places, rows, to_item, to_count)
    expected = naive.sets_by_size(itemsets)
    assert (to_item.tolist(), to_count.tolist()) == (
        [code for items, _ in expected for code in items],
        [c for _, c in expected],
    )


def test_a_closed_itemset_of_100_000_items():
    rows = [range(100_000), range(100_000), [5, 99_999]]
    itemsets = mine_itemsets(make_baskets(rows, 100_000), min_count=1, target="closed")
    assert [(size, n) for size, n in zip(itemsets.sizes.tolist(), itemsets.count.tolist())] == [(2, 3), (100_000, 2)]
    assert mine_itemsets(make_baskets(rows, 100_000), min_count=2, target="maximal").sizes.tolist() == [100_000]


@pytest.mark.parametrize(("name", "min_size", "least"), [("retail", 1, None), ("T10I4D100K", 3, None)])
def test_top_k_without_a_threshold_on_public_sets(shared_data, name, min_size, least):
    baskets = read_fimi(shared_data, name)
    best = mine_itemsets(baskets, top_k=200, min_size=min_size, max_size=min_size + 2)
    cut = best.info["cut"]
    everything = mine_itemsets(baskets, min_count=cut["least_count"], min_size=min_size, max_size=min_size + 2)
    assert len(best) == 200
    assert dict(listed(best.found)) == naive.most_frequent(dict(listed(everything.found)), 200)
