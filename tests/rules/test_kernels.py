"""The kernels under the rules against their oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from affinity.kernels.rules_expected import hold_at_ratio
from affinity.kernels.rules_lattice import find_parts, gather_itemsets, sort_items
from affinity.kernels.rules_split import order_by
from affinity.rules.significance import RuleTests, binomial_exact_p
from affinity.rules.splits import Filters, find_rules, make_splits
from affinity.rules.subsets import Lattice, Subsets, link_itemsets
from affinity.statistics.expected_count import SizeStrata
from tests import naive
from tests.rules.test_induce import BASKETS, make_itemsets, mine_known


def rows_of(itemsets):
    return sorted(itemsets, key=lambda itemset: (len(itemset), itemset))


@settings(deadline=None, max_examples=60)
@given(BASKETS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_parts_are_linked_whatever_the_order_of_rows(baskets, min_count, random):
    itemsets = list(naive.itemset_counts(baskets, min_count, 6))
    random.shuffle(itemsets)
    itemsets.sort(key=len)
    table = make_itemsets(dict.fromkeys(itemsets, 1), 1, 8)
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in itemsets])]).astype(np.int64)
    item = np.array([i for row in itemsets for i in row], dtype=np.int32)
    drop, same_as, missing = link_itemsets(indptr, item, np.arange(len(itemsets)), 8)
    assert missing == (-1, -1)
    assert same_as.tolist() == list(range(len(itemsets)))
    golden = naive.rows_without_an_item(itemsets)
    assert np.split(drop, indptr[1:-1])[0].tolist() == golden[0] if golden else len(drop) == 0
    assert drop.tolist() == [row for rows in golden for row in rows]
    lattice = Lattice(table)
    assert lattice.drop.tolist() == [row for rows in naive.rows_without_an_item(rows_of(itemsets)) for row in rows]


def test_a_repeated_itemset_is_that_of_the_first_row_and_a_missing_part_is_told():
    itemsets = [(0,), (1,), (0,), (0, 1), (0, 1)]
    indptr = np.array([0, 1, 2, 3, 5, 7])
    item = np.array([i for row in itemsets for i in row], dtype=np.int32)
    drop, same_as, missing = link_itemsets(indptr, item, np.arange(5), 2)
    assert (same_as.tolist(), missing) == ([0, 1, 0, 3, 3], (-1, -1))
    assert drop[3:].tolist() == [1, 0, 1, 0]
    assert link_itemsets(indptr, item, np.array([0, 3]), 2)[2] == (1, 0)
    assert link_itemsets(indptr, item, np.array([1, 3]), 2)[2] == (1, 1)


@settings(deadline=None, max_examples=30)
@given(BASKETS)
def test_all_parts_are_found(baskets):
    counts = naive.itemset_counts(baskets, 1, 5)
    lattice, itemsets = Lattice(make_itemsets(counts, len(baskets), 8)), rows_of(counts)
    rows = np.empty(32, dtype=np.int32)
    for row, itemset in enumerate(itemsets):
        find_parts(row, len(itemset), 1, lattice.indptr, lattice.drop, rows)
        for mask in range(1, 1 << len(itemset)):
            part = tuple(item for place, item in enumerate(itemset) if mask >> place & 1)
            assert itemsets[rows[mask]] == part
            assert itemsets[Subsets(lattice, row, row + 1, len(itemset)).row(mask)[0]] == part


@settings(deadline=None, max_examples=60)
@given(
    BASKETS,
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([None, 0.9, 1.5]),
    st.sampled_from([None, (), (0, 3), (1, 2, 3, 4, 5)]),
    st.sampled_from([0, 1, 2]),
)
def test_rules_that_pass_the_filters(baskets, size, min_confidence, min_lift, wanted, general):
    counts, n = naive.itemset_counts(baskets, 1, 5), len(baskets)
    lattice, itemsets = Lattice(make_itemsets(counts, n, 8)), rows_of(counts)
    allowed = None if wanted is None else np.isin(np.arange(8), wanted)
    filters = Filters(n, 1.0, min_confidence, -np.inf if min_lift is None else min_lift, general, 0.01, allowed)
    csr = lattice.indptr, lattice.item, lattice.drop, lattice.single
    splits = make_splits(lattice.largest, size, True)
    found = find_rules(np.arange(len(itemsets)), csr, lattice.count.astype(np.float64), splits, filters)
    golden = set()
    for (x, y), (n_xy, n_x, n_y) in naive.association_rules(counts, min_confidence).items():
        best, confidence = naive.productive_and_redundant(counts, n, x, y)
        if (
            size in (None, len(y))
            and (min_lift is None or n_xy / n_x / (n_y / n) >= min_lift)
            and (wanted is None or set(y) <= set(wanted))
            and (general == 0 or (confidence > best if general == 1 else confidence - best >= 0.01))
        ):
            golden.add((x, y))
    pairs = [(itemsets[x], itemsets[y]) for x, y in zip(found.x, found.y)]
    assert set(pairs) == golden
    assert len(pairs) == len(golden)
    assert [tuple(sorted(x + y)) for x, y in pairs] == [itemsets[row] for row in found.xy]


def test_blocks_and_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    counts = naive.itemset_counts([np.flatnonzero(row).tolist() for row in rng.random((60, 8)) < 0.6], 3, 6)
    lattice = Lattice(make_itemsets(counts, 60, 8))
    csr = lattice.indptr, lattice.item, lattice.drop, lattice.single

    def run():
        splits = make_splits(lattice.largest, None, True)
        return find_rules(np.arange(len(lattice.count)), csr, lattice.count.astype(float), splits, Filters(60, 1.0, 0.4))

    whole = run()
    monkeypatch.setattr("affinity.rules.splits.BLOCK", 50)
    for one_pass in (1 << 22, 0):
        monkeypatch.setattr("affinity.rules.splits.ONE_PASS", one_pass)
        parts = run()
        for name in ("xy", "x", "y", "split"):
            np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
    assert len(whole.xy) > 1000


@settings(deadline=None)
@given(st.lists(st.integers(0, 9)))
def test_order_is_stable(keys):
    order = np.empty(len(keys), dtype=np.int64)
    order_by(np.array(keys, dtype=np.int32), np.zeros(12, dtype=np.int64), order)
    assert order.tolist() == naive.stable_order(keys)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sets(st.integers(0, 9), min_size=1).map(sorted), min_size=1), st.data())
def test_itemsets_are_gathered(itemsets, data):
    rows = data.draw(st.lists(st.integers(0, len(itemsets) - 1)))
    golden = naive.itemsets_at(itemsets, rows)
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in itemsets])]).astype(np.int64)
    item = np.array([i for row in itemsets for i in row], dtype=np.int32)
    to_indptr = np.empty(len(rows) + 1, dtype=np.int64)
    to_item = np.empty(sum(map(len, golden)), dtype=np.int32)
    gather_itemsets(indptr, item, np.array(rows, dtype=np.int32), to_indptr, to_item)
    assert [part.tolist() for part in np.split(to_item, to_indptr[1:-1])] == (golden or [[]])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.integers(0, 9), unique=True)))
def test_items_are_sorted_and_their_places_kept(rows):
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    item = np.array([i for row in rows for i in row], dtype=np.int32)
    place = np.empty(len(item), dtype=np.int8)
    sort_items(indptr, item, place)
    golden = naive.sorted_with_places(rows)
    assert item.tolist() == [i for items, _ in golden for i in items]
    assert place.tolist() == [k for _, places in golden for k in places]


SHARES = st.lists(st.tuples(st.integers(0, 50), st.sampled_from([0.0, 0.1, 3.0, 1e12])), min_size=19, max_size=19)


@settings(deadline=None, max_examples=40)
@given(st.lists(SHARES, min_size=1, max_size=4), st.sampled_from([1e-6, 0.5, 40.0, 1e15]))
def test_what_is_held_at_a_ratio(rows, ratio):
    base, odds = (np.array([[cell[side] for cell in row] for row in rows], dtype=float) for side in (0, 1))
    held, total, slope = np.empty(base.shape), np.empty(len(rows)), np.empty(len(rows))
    ratios, done = np.full(len(rows), ratio), np.full(len(rows), np.nan)
    hold_at_ratio(base, odds, ratios, done, np.empty(19), held, total, slope)
    again = held.copy()
    hold_at_ratio(base * 2, odds, ratios, done, np.empty(19), again, total, slope)
    np.testing.assert_array_equal(again, held)
    for row in range(len(rows)):
        golden, golden_slope = naive.held_at_ratio(base[row], odds[row], ratio)
        np.testing.assert_allclose(held[row], golden, rtol=1e-12)
        assert total[row] == held[row].sum()  # the same to the last bit: the figures of a release do not move
        assert slope[row] == pytest.approx(golden_slope, rel=1e-9)


@pytest.mark.parametrize("known", [True, False])
def test_expected_counts_of_splits(known):
    rng = np.random.default_rng(5)
    baskets = [np.flatnonzero(row) for row in rng.random((80, 7)) < rng.uniform(0.1, 0.9, (80, 1)) if row.any()]
    itemsets = mine_known(baskets, 7, max_size=4)
    lattice, margins = Lattice(itemsets), itemsets.margins
    tests = RuleTests(lattice, margins if known else None)
    strata = SizeStrata.of(margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum)
    for size in (2, 3, 4):
        first, last = int(lattice.first[size]), int(lattice.first[size + 1])
        masks = make_splits(size, None, True).tested[size]
        expected, n_xy, trials = (column.reshape(-1, len(masks)) for column in tests.expected(first, last, masks))
        subsets = Subsets(lattice, first, last, size)
        for number, x in enumerate(masks.tolist()):
            y = subsets.full ^ x
            np.testing.assert_array_equal(n_xy[:, number], subsets.count(subsets.full))
            np.testing.assert_array_equal(trials[:, number], np.minimum(subsets.count(x), subsets.count(y)))
            for row in range(last - first):
                sides = [[i for k, i in enumerate(subsets.items[row]) if mask >> k & 1] for mask in (x, y)]
                if known:
                    held = [tests.profiles.of(len(s), subsets.row(m)[row : row + 1])[0] for s, m in zip(sides, (x, y))]
                    golden = naive.expected_of_split(
                        *sides, *held, np.maximum(strata.n, 1), strata.share, strata.spread * (strata.weight > 0), strata.room
                    )
                    golden = golden or subsets.count(x)[row] * subsets.count(y)[row] / len(baskets)
                else:
                    golden = subsets.count(x)[row] * subsets.count(y)[row] / len(baskets)
                assert expected[row, number] == pytest.approx(golden, rel=1e-9)


def test_the_exact_tail_is_that_of_the_binomial():
    count, trials = np.array([1, 3, 5, 40]), np.array([5, 3, 5, 200])
    expected = np.array([0.5, 1.5, 4.9, 22.0])
    np.testing.assert_allclose(
        binomial_exact_p(count, expected, trials), binom.sf(count - 1, trials, expected / trials), rtol=1e-9
    )
