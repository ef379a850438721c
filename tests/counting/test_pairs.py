"""Pair counts against plain Python, their laws, the public counts and the error messages."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from affinity.counting import count_pairs
from affinity.errors import InputError, SettingsError, TooLarge, VocabularyMismatch
from affinity.kernels.baskets_csr import END, index_heads, keep_items
from affinity.tables import Baskets
from affinity.tables.margins import SIZE_STRATA
from affinity.vocabulary import Vocabulary
from tests import naive
from tests.counting.csr import flatten, make_baskets, make_holdings, make_products, read_fimi, rows_of

ITEMS = 70
EXAMPLES = settings(max_examples=40, deadline=None)


COLUMNS = ("a", "b", "count", "customers")


def as_dict(counts):
    pairs = zip(counts.a.tolist(), counts.b.tolist())
    return dict(zip(pairs, zip(counts.count.tolist(), counts.customers.tolist())))


def assert_same(left, right):
    assert all(np.array_equal(getattr(left, name), getattr(right, name)) for name in COLUMNS)
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


@EXAMPLES
@given(rows_of(9), rows_of(9), st.integers(1, 6))
def test_min_count_keeps_the_frequent_pairs_of_either_grain(baskets, owned, min_count):
    every = count_pairs(make_baskets(baskets, 9), make_holdings(owned, 9))
    some = count_pairs(make_baskets(baskets, 9), make_holdings(owned, 9), min_count=min_count)
    assert as_dict(some) == {pair: counts for pair, counts in as_dict(every).items() if max(counts) >= min_count}
    assert_same(every.at_least(min_count), some)
    assert some.min_count == every.at_least(min_count).min_count == min_count


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0, 4), st.sets(st.integers(0, 8)))), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_counts_of_any_split_of_the_customers_add_up(orders, shard_of):
    """Orders of five customers (customer, products), each customer in one of three shards."""

    def count(customers):
        baskets = [products for customer, products in orders if customer in customers]
        owned = [set().union(*(products for who, products in orders if who == customer)) for customer in customers]
        return count_pairs(make_baskets(baskets, 9), make_holdings(owned, 9), max_products_per_customer=6)

    whole = count(range(5))
    one, two, three = (count([c for c in range(5) if shard_of[c] == shard]) for shard in range(3))
    assert_same(one + two + three, whole)
    assert_same(three + (two + one), whole)
    assert (one + two + three).left_out_customers == whole.left_out_customers
    assert list(as_dict(one + two + three)) == list(as_dict(whole))


def many_rows(n_items, n_rows, most, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.choice(n_items, size=rng.integers(0, most), replace=False).tolist() for _ in range(n_rows)]


@pytest.mark.parametrize(("jumps_per_set", "method"), [(0, "dense"), (10**9, "sparse")])
@pytest.mark.parametrize("cells", [1, 40_000])
def test_threads_blocks_and_methods_do_not_matter(monkeypatch, jumps_per_set, method, cells):
    bought, owned = make_baskets(many_rows(900, 800, 60), 900), make_holdings(many_rows(900, 500, 20, seed=4), 900)
    one = count_pairs(bought, owned, threads=1)
    monkeypatch.setattr("affinity.counting.pairs_rows.PAIRS_PER_BLOCK", 5_000)
    monkeypatch.setattr("affinity.counting.pairs_rows._JUMPS_PER_SET", jumps_per_set)
    monkeypatch.setattr("affinity.counting.pairs_rows.DENSE_CELLS", cells)
    for min_count in (1, 3):
        two = count_pairs(bought, owned, min_count=min_count, threads=2)
        assert two.info["method"] == method
        assert_same(two, one.at_least(min_count))


def test_few_products_are_counted_densely_and_the_table_says_why():
    few = count_pairs(make_baskets(many_rows(50, 400, 20), 50))
    assert few.info["method"] == "dense"
    assert "50 items" in few.info["reason"]
    assert (few.info["products"], few.info["events"]) == (50, int(few.count.sum()))
    many = count_pairs(make_baskets([[k, k + 1] for k in range(0, 60_000, 2)], 60_000))
    assert many.info["method"] == "sparse"
    alone = count_pairs(make_baskets([[k] for k in range(60_000)], 60_000))
    assert (alone.info["method"], len(alone)) == ("sparse", 0)


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


@pytest.mark.parametrize(
    ("indptr", "item", "words"),
    [
        ([0, 2], np.array([0, 2**32 + 1]), "hold item code 4294967297, but codes run from 0 to 2"),
        ([0, 2], np.array([0, 2], dtype=np.uint64), None),
        ([0, 2], np.array([0.0, np.nan]), "The item codes of the baskets are float64, not whole numbers"),
        ([0.0, 2.0], np.array([0, 2]), "The indptr of the baskets are float64"),
        ([0], np.array([]), None),
    ],
)
def test_codes_of_other_kinds_are_checked_before_they_are_cut_to_32_bits(indptr, item, words):
    baskets = Baskets(np.array(indptr), item, make_products(3))
    if words is None:
        assert as_dict(count_pairs(baskets)) == ({(0, 2): (1, 0)} if len(item) else {})
        return
    with pytest.raises(InputError, match=words):
        count_pairs(baskets)


def test_rows_that_rise_across_a_boundary_are_fine():
    assert len(count_pairs(make_baskets([[2], [], [0, 1], [0], []], 3))) == 1


def test_one_long_basket_is_refused_with_its_pairs_projected():
    with pytest.raises(TooLarge, match=r"4,999,950,000 pairs and more .*100,000 products.*min_count=2 fits"):
        count_pairs(make_baskets([range(100_000), [1, 2]], 100_000))


def test_one_long_basket_beside_short_ones_is_fine_above_its_count():
    rows = [list(range(100_000)), [1, 2], [2, 99_999]]
    assert as_dict(count_pairs(make_baskets(rows, 100_000), min_count=2)) == {(1, 2): (2, 0), (2, 99_999): (2, 0)}


@pytest.mark.parametrize("owned", [False, True])
def test_the_memory_budget_names_the_smallest_min_count_that_fits(owned):
    rows = many_rows(300, 900, 40)
    tables = (make_baskets(rows, 300), make_holdings(many_rows(300, 300, 40, seed=5), 300) if owned else None)
    every = np.maximum(count_pairs(*tables).count, count_pairs(*tables).customers)
    used = bytes_before_pairs(tables)
    budget = used + 40 * 25_000  # few pairs: 24 bytes each in the table, 16 before
    expected = next(m for m in range(1, 100) if (every >= m).sum() <= 25_000)
    assert expected > 1
    with pytest.raises(TooLarge, match=f"At min_count=1 there are {len(every):,} pairs, .* min_count={expected} fits"):
        count_pairs(*tables, max_memory_bytes=budget, threads=1)
    assert len(count_pairs(*tables, min_count=expected, max_memory_bytes=budget, threads=1)) == (every >= expected).sum()
    enough = used + 40 * len(every)
    assert len(count_pairs(*tables, max_memory_bytes=enough, threads=1)) == len(every)


def bytes_before_pairs(tables):
    """What the index takes, as its error says."""
    with pytest.raises(TooLarge, match="An index of") as caught:
        count_pairs(*tables, max_memory_bytes=1, threads=1)
    return int(str(caught.value).split(" takes ")[1].split(" bytes")[0].replace(",", ""))


def zipfian_baskets(n_baskets, n_items, seed=1):
    """Baskets of geometric sizes, products drawn by Zipf's law and numbered at random."""
    rng = np.random.default_rng(seed)
    size = rng.geometric(1 / 6, n_baskets)
    share = np.cumsum(1 / np.arange(1, n_items + 1))
    rank = np.searchsorted(share / share[-1], rng.random(size.sum()))
    line = np.unique(np.repeat(np.arange(n_baskets), size) * n_items + rng.permutation(n_items)[rank])
    indptr = np.searchsorted(line, np.arange(n_baskets + 1) * n_items)
    return Baskets(indptr, (line % n_items).astype(np.int32), Vocabulary("product", range(n_items)))


def peak_of(function):
    """What it returns, and the most bytes that it held at once beyond those held before."""
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("n_items", [800, 20_000])
def test_the_memory_budget_is_kept(n_items):
    baskets = zipfian_baskets(100_000, n_items)
    pairs = len(count_pairs(baskets))
    enough = bytes_before_pairs((baskets,)) + 40 * pairs
    counts, peak = peak_of(lambda: count_pairs(baskets, max_memory_bytes=enough, threads=1))
    assert len(counts) == pairs
    assert 24 * pairs < peak < enough
    with pytest.raises(TooLarge, match="min_count=2 fits"):
        count_pairs(baskets, max_memory_bytes=enough - 40, threads=1)


@pytest.mark.slow
def test_three_million_baskets_of_fifty_thousand_products():
    baskets, budget = zipfian_baskets(3_000_000, 50_000), 2 * 2**30
    counts, peak = peak_of(lambda: count_pairs(baskets, max_memory_bytes=budget))
    assert peak < budget
    ones = np.ones(len(baskets.item), dtype=np.int32)
    matrix = sparse.csr_array((ones, baskets.item, baskets.indptr), shape=(len(baskets), 50_000))
    for first in range(0, 50_000, 5_000):  # the same counts, as a matrix product
        block = sparse.triu(matrix[:, first : first + 5_000].T.tocsr() @ matrix, k=first + 1).tocsr()
        block.sort_indices()
        rows = slice(*np.searchsorted(counts.a, [first, first + 5_000]))
        assert np.array_equal(counts.b[rows], block.indices)
        assert np.array_equal(counts.count[rows], block.data)
        assert np.array_equal(counts.a[rows] - first, np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)))
    assert_same(count_pairs(baskets, min_count=50), counts.at_least(50))
    with pytest.raises(TooLarge, match="min_count=2 fits"):
        count_pairs(baskets, max_memory_bytes=600_000_000)


@pytest.mark.parametrize("name", ["min_count", "max_memory_bytes"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None, "2"])
def test_numbers_that_count_nothing_are_refused(name, value):
    with pytest.raises(SettingsError, match=f"{name}={value!r} is not a whole number of at least 1"):
        count_pairs(make_baskets([[0, 1]], 2), **{name: value})


def test_counts_that_do_not_add_up_are_refused():
    bought, owned = make_baskets([[0, 1]], 2), make_holdings([[0, 1]], 2)
    one = count_pairs(bought, owned)
    with pytest.raises(SettingsError, match=r"min_count=1 and min_count=2 do not add up.*\.at_least"):
        _ = one + count_pairs(bought, owned, min_count=2)
    with pytest.raises(SettingsError, match="max_products_per_customer=500 and 9 do not add up"):
        _ = one + count_pairs(bought, owned, max_products_per_customer=9)
    with pytest.raises(VocabularyMismatch, match="Two product vocabularies differ"):
        _ = one + count_pairs(make_baskets([[0, 1]], 3))
    assert as_dict(one + count_pairs(bought)) == {(0, 1): (2, 1)}


def test_a_cap_below_one_is_refused():
    with pytest.raises(SettingsError, match="max_products_per_customer=0 would leave out every customer"):
        count_pairs(make_baskets([[0]], 1), max_products_per_customer=0)


def test_owners_of_another_vocabulary_are_refused():
    with pytest.raises(VocabularyMismatch):
        count_pairs(make_baskets([[0]], 1), make_holdings([[0]], 2))


@EXAMPLES
@given(rows_of(12), st.sets(st.integers(0, 11)), st.integers(1, 12))
def test_kept_sets_and_positions_are_those_of_plain_python(rows, kept, most):
    indptr, item = flatten(rows)
    kept = sorted(kept)
    code_of = np.full(12, END, dtype=np.uint32)
    code_of[kept] = np.arange(len(kept))
    flat, begins = np.empty(len(item) + len(rows) + 1, dtype=np.uint32), np.empty(len(rows), dtype=np.uint32)
    following, heads = np.zeros(len(kept), dtype=np.int64), np.zeros(len(kept), dtype=np.int64)
    size, n_sets = keep_items(indptr, item, most, code_of, flat, begins, following, heads)
    expected = naive.kept_sets([sorted(row) for row in rows], kept, most)
    expected_flat, places = naive.item_positions(expected, len(kept))
    assert flat[:size].astype(np.int32).tolist() == expected_flat
    assert begins[:n_sets].tolist() == [sum(len(row) + 1 for row in expected[:k]) for k in range(len(expected))]
    assert following.tolist() == [sum(len(row) - row.index(i) - 1 for row in expected if i in row) for i in range(len(kept))]
    starts = np.concatenate([[0], np.cumsum(heads)])
    position = np.empty(starts[-1], dtype=np.uint32)
    index_heads(flat, size, starts[:-1].copy(), position)
    followed = [[place + 1 for place in of_item if expected_flat[place + 1] >= 0] for of_item in places]
    assert [position[starts[i] : starts[i + 1]].tolist() for i in range(len(kept))] == followed


#: name, pairs in at least 5 baskets, another min_count, pairs at it (counted by several other programs)
PUBLIC = [
    ("online_retail", 1_568_711, 83, 14_026),
    ("retail", 175_951, 45, 8_198),
    ("kosarak-prefix", 337_762, 74, 2_416),
    ("instacart_train", 272_254, 132, 2_167),
]


@pytest.mark.parametrize(("name", "at_least_5", "min_count", "expected"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_public_sets(shared_data, name, at_least_5, min_count, expected):
    baskets = read_fimi(shared_data, name)
    every = count_pairs(baskets)
    for least, pairs in ((5, at_least_5), (min_count, expected)):
        frequent = count_pairs(baskets, min_count=least)
        assert len(frequent) == pairs
        assert_same(frequent, every.at_least(least))
