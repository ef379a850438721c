"""Pair counts against plain Python, their laws, the public counts and the error messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_pairs
from affinity.errors import InputError, SettingsError, VocabularyMismatch
from affinity.kernels.baskets_csr import index_items
from affinity.tables import Baskets
from affinity.tables.margins import SIZE_STRATA
from tests import naive
from tests.counting.csr import flatten, make_baskets, make_holdings, make_products, read_fimi, rows_of

ITEMS = 70
EXAMPLES = settings(max_examples=40, deadline=None)


def as_dict(counts):
    pairs = zip(counts.a.tolist(), counts.b.tolist())
    return dict(zip(pairs, zip(counts.count.tolist(), counts.customers.tolist())))


def assert_same(left, right):
    assert as_dict(left) == as_dict(right)
    for one, other in ((left.baskets, right.baskets), (left.owners, right.owners)):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.n == other.n
            for name in ("n_item", "stratum_n", "stratum_size_sum", "stratum_size_square_sum", "stratum_item"):
                assert np.array_equal(getattr(one, name), getattr(other, name)), name


@EXAMPLES
@given(rows_of(ITEMS), rows_of(ITEMS), st.sampled_from([1, 2]))
def test_counts_are_those_of_plain_python(baskets, owned, threads):
    counts = count_pairs(make_baskets(baskets, ITEMS), make_holdings(owned, ITEMS), threads=threads)
    in_baskets, in_customers = naive.pair_counts(baskets), naive.pair_counts(owned)
    expected = {pair: (in_baskets.get(pair, 0), in_customers.get(pair, 0)) for pair in in_baskets.keys() | in_customers.keys()}
    assert as_dict(counts) == expected
    assert sorted(as_dict(counts)) == list(as_dict(counts))
    assert counts.a.dtype == counts.b.dtype == np.int32
    assert counts.count.dtype == counts.customers.dtype == np.int64


@EXAMPLES
@given(rows_of(ITEMS), rows_of(ITEMS))
def test_margins_are_those_of_plain_python(baskets, owned):
    counts = count_pairs(make_baskets(baskets, ITEMS), make_holdings(owned, ITEMS))
    assert counts.baskets.n == len(baskets)
    assert counts.owners.n == sum(1 for row in owned if row)
    for margins, rows in ((counts.baskets, baskets), (counts.owners, owned)):
        expected = naive.size_strata(rows, SIZE_STRATA, ITEMS)
        assert margins.stratum_n.tolist() == [k[0] for k in expected]
        assert margins.stratum_size_sum.tolist() == [k[1] for k in expected]
        assert margins.stratum_size_square_sum.tolist() == [k[2] for k in expected]
        assert margins.stratum_item.tolist() == [k[3] for k in expected]
        assert margins.n_item.tolist() == [sum(item in row for row in rows) for item in range(ITEMS)]


@EXAMPLES
@given(rows_of(9), st.integers(0, 30))
def test_counts_of_two_halves_add_up(rows, cut):
    whole = count_pairs(make_baskets(rows, 9), make_holdings(rows, 9))
    parts = [count_pairs(make_baskets(part, 9), make_holdings(part, 9)) for part in (rows[:cut], rows[cut:])]
    assert_same(parts[0] + parts[1], whole)


@EXAMPLES
@given(rows_of(9), st.randoms(use_true_random=False))
def test_the_order_of_baskets_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert_same(count_pairs(make_baskets(shuffled, 9)), count_pairs(make_baskets(rows, 9)))


def test_threads_and_blocks_do_not_matter(monkeypatch):
    rng = np.random.default_rng(3)
    rows = [rng.choice(900, size=rng.integers(0, 60), replace=False).tolist() for _ in range(800)]
    one = count_pairs(make_baskets(rows, 900), make_holdings(rows, 900), threads=1)
    monkeypatch.setattr("affinity.counting.pairs._PAIRS_PER_BLOCK", 5_000)
    assert_same(one, count_pairs(make_baskets(rows, 900), make_holdings(rows, 900), threads=2))


def test_many_items_share_flags():
    n = 2**17 + 3
    rows = [[0, 1, n - 1], [0, 65_535, 65_536, n - 1], [n - 2, n - 1]]
    assert as_dict(count_pairs(make_baskets(rows, n))) == {pair: (k, 0) for pair, k in naive.pair_counts(rows).items()}


def test_customers_above_the_cap_are_left_out_and_counted():
    owned = [[0, 1, 2], [0, 1], [], [1, 2, 3]]
    counts = count_pairs(make_baskets([[0, 1]], 4), make_holdings(owned, 4), max_products_per_customer=2)
    assert as_dict(counts) == {(0, 1): (1, 1)}
    assert (counts.left_out_customers, counts.owners.n, counts.owners.n_item.tolist()) == (2, 1, [1, 1, 0, 0])


def test_a_pair_owned_but_never_in_one_basket_has_a_row():
    counts = count_pairs(make_baskets([[0], [1]], 2), make_holdings([[0, 1]], 2))
    assert as_dict(counts) == {(0, 1): (0, 1)}


@pytest.mark.parametrize(("rows", "n_items"), [([], 0), ([], 3), ([[], []], 2), ([[0], [1], [0]], 2)])
def test_nothing_to_pair_gives_no_rows(rows, n_items):
    counts = count_pairs(make_baskets(rows, n_items))
    assert (len(counts), counts.baskets.n, counts.owners) == (0, len(rows), None)
    assert len(count_pairs(make_baskets(rows, n_items), make_holdings(rows, n_items))) == 0


@pytest.mark.parametrize(
    ("indptr", "item", "words"),
    [
        ([0, 2], [1, 0], "Row 0 of the baskets is not strictly increasing: item 1 is followed by 0"),
        ([0, 1, 3], [0, 1, 1], "Row 1 of the baskets is not strictly increasing"),
        ([0, 2], [0, 5], "hold item code 5, but codes run from 0 to 2"),
        ([0, 1], [-1], "hold item code -1"),
        ([0, 3], [0, 1], "does not run from 0 to their 2 lines"),
        ([0, 2, 1, 2], [0, 1], "without falling"),
    ],
)
def test_broken_rows_are_refused(indptr, item, words):
    broken = Baskets(np.array(indptr, dtype=np.int64), np.array(item, dtype=np.int32), make_products(3))
    with pytest.raises(InputError, match=words):
        count_pairs(broken)


def test_rows_that_rise_across_a_boundary_are_fine():
    assert len(count_pairs(make_baskets([[2], [], [0, 1], [0], []], 3))) == 1


def test_a_cap_below_one_is_refused():
    with pytest.raises(SettingsError, match="max_products_per_customer=0 would leave out every customer"):
        count_pairs(make_baskets([[0]], 1), max_products_per_customer=0)


def test_owners_of_another_vocabulary_are_refused():
    with pytest.raises(VocabularyMismatch):
        count_pairs(make_baskets([[0]], 1), make_holdings([[0]], 2))


@EXAMPLES
@given(rows_of(12))
def test_positions_are_those_of_plain_python(rows):
    indptr, item = flatten(rows)
    sizes = np.bincount(item, minlength=12)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    flat, position = np.empty(len(item) + len(rows), dtype=np.int32), np.empty(len(item), dtype=np.int32)
    index_items(indptr, item, starts[:-1].copy(), flat, position)
    expected_flat, places = naive.item_positions([sorted(row) for row in rows], 12)
    assert flat.tolist() == expected_flat
    assert [position[starts[i] : starts[i + 1]].tolist() for i in range(12)] == places


#: name, pairs in at least 5 baskets, another min_count, pairs at it (counted by several other programs)
PUBLIC = [
    ("online_retail", 1_568_711, 83, 14_026),
    ("retail", 175_951, 45, 8_198),
    ("kosarak-prefix", 337_762, 74, 2_416),
    ("instacart_train", 272_254, 132, 2_167),
]


@pytest.mark.parametrize(("name", "at_least_5", "min_count", "expected"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_public_sets(shared_data, name, at_least_5, min_count, expected):
    counts = count_pairs(read_fimi(shared_data, name))
    assert (int((counts.count >= 5).sum()), int((counts.count >= min_count).sum())) == (at_least_5, expected)
