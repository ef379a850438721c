"""The public function: thresholds, targets, limits, public counts and the error messages."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import mine_itemsets
from affinity.counting.itemsets import count_of_support
from affinity.errors import InputError, SettingsError, TooLarge
from affinity.tables import Baskets
from tests import naive
from tests.counting.csr import make_baskets, make_products, read_fimi, read_groceries, rows_of

EXAMPLES = settings(max_examples=50, deadline=None)
METHODS = st.sampled_from(["auto", "lcm", "eclat", "bitmask"])
OURS = st.sampled_from(["auto", "lcm", "bitmask"])


def as_dict(itemsets):
    bounds = zip(itemsets.indptr[:-1], itemsets.indptr[1:])
    return {tuple(itemsets.item[a:b].tolist()): n for (a, b), n in zip(bounds, itemsets.count.tolist())}


def between(itemsets, min_size, max_size):
    return {x: n for x, n in itemsets.items() if min_size <= len(x) <= (max_size or 99)}


@EXAMPLES
@given(rows_of(8), st.integers(1, 5), st.integers(1, 2), st.sampled_from([None, 2, 3]), OURS)
def test_targets_are_plain_python(rows, min_count, min_size, max_size, method):
    everything = naive.frequent_itemsets(rows, min_count)
    for target, expected in (
        ("frequent", everything),
        ("closed", naive.closed_itemsets(everything)),
        ("maximal", naive.maximal_itemsets(everything)),
    ):
        itemsets = mine_itemsets(
            make_baskets(rows, 8), min_count=min_count, min_size=min_size, max_size=max_size, target=target, method=method
        )
        assert list(as_dict(itemsets).items()) == list(between(expected, min_size, max_size).items())
        assert (itemsets.n_baskets, itemsets.min_count, itemsets.max_size, itemsets.target) == (
            len(rows), min_count, max_size, target,
        )  # fmt: skip


@EXAMPLES
@given(rows_of(8), st.integers(1, 40), st.sampled_from([None, 2]), st.integers(1, 2), METHODS)
def test_top_k_are_the_most_frequent(rows, k, max_size, min_size, method):
    everything = between(naive.frequent_itemsets(rows, 1), min_size, max_size)
    itemsets = mine_itemsets(make_baskets(rows, 8), top_k=k, max_size=max_size, min_size=min_size, method=method)
    assert list(as_dict(itemsets).items()) == list(naive.most_frequent(everything, k).items())
    assert (itemsets.info["cut"] is None) == (len(everything) <= k)


@EXAMPLES
@given(rows_of(7), st.integers(1, 20), st.integers(1, 3))
def test_top_k_of_closed_and_maximal(rows, k, min_count):
    everything = naive.frequent_itemsets(rows, min_count)
    baskets = make_baskets(rows, 7)
    closed = mine_itemsets(baskets, top_k=k, min_count=min_count, target="closed")
    assert list(as_dict(closed).items()) == list(naive.most_frequent(naive.closed_itemsets(everything), k).items())
    maximal = mine_itemsets(baskets, top_k=k, min_count=min_count, target="maximal")
    assert list(as_dict(maximal).items()) == list(naive.most_frequent(naive.maximal_itemsets(everything), k).items())


@EXAMPLES
@given(rows_of(8), st.integers(1, 30), st.integers(1, 3))
def test_the_most_frequent_are_kept_at_a_limit(rows, limit, min_count):
    everything = naive.frequent_itemsets(rows, min_count)
    itemsets = mine_itemsets(make_baskets(rows, 8), min_count=min_count, max_itemsets=limit, on_limit="keep_most_frequent")
    kept = as_dict(itemsets)
    assert list(kept.items()) == list(naive.most_frequent(everything, limit).items())
    cut = itemsets.info["cut"]
    assert (cut is None) == (len(everything) <= limit)
    if cut:
        from_count = cut["complete_from_count"]
        assert {x for x, n in everything.items() if n >= from_count} <= kept.keys()
        assert cut == {"kept": limit, "complete_from_count": from_count, "least_count": min(kept.values())}


def test_ties_too_many_to_list_are_taken_by_size(monkeypatch):
    """All 2**12 - 1 itemsets have one count; the 80 most frequent are the singles, the pairs and two triples."""
    monkeypatch.setattr("affinity.counting.mining_limits._TIES_AT_ONCE", 10)
    baskets = make_baskets([range(12)] * 3, 12)
    itemsets = mine_itemsets(baskets, min_count=1, max_itemsets=80, on_limit="keep_most_frequent", method="lcm")
    assert np.bincount(itemsets.sizes).tolist() == [0, 12, 66, 2]
    assert itemsets.item[-6:].tolist() == [0, 1, 2, 0, 1, 3]
    monkeypatch.setattr("affinity.counting.mining_limits._TIES_LIMIT", 20)
    fewer = mine_itemsets(baskets, min_count=1, max_itemsets=80, on_limit="keep_most_frequent", method="lcm")
    assert np.bincount(fewer.sizes).tolist() == [0, 12]


def test_more_than_the_limit_is_an_error_that_names_what_fits():
    rows = [[0, 1, 2]] * 4 + [[0, 1]] * 3 + [[3]] * 2
    with pytest.raises(TooLarge, match=r"More than max_itemsets=4 itemsets.*min_count=1 baskets.*min_count=5 fits") as caught:
        mine_itemsets(make_baskets(rows, 4), min_count=1, max_itemsets=4)
    assert len(mine_itemsets(make_baskets(rows, 4), min_count=5, max_itemsets=4)) == 3
    assert "on_limit='keep_most_frequent'" in str(caught.value)


def test_a_careless_min_count_ends_in_a_message():
    baskets = make_baskets([range(40)] * 2, 40)
    with pytest.raises(TooLarge, match=r"More than 1,000 itemsets.*the most for memory_budget=64000 at 64 bytes each"):
        mine_itemsets(baskets, min_count=2, memory_budget=64_000)
    assert len(mine_itemsets(baskets, min_count=1, target="closed", memory_budget=64_000)) == 1
    with pytest.raises(TooLarge, match="More than max_itemsets=1 closed itemsets"):
        mine_itemsets(make_baskets([[0], [1]], 2), min_count=1, target="closed", max_itemsets=1)


@pytest.mark.parametrize(
    ("min_support", "n", "expected"),
    [
        (0.01, 9835, 99), (0.1, 30, 3), (0.07, 100, 7), (0.29, 100, 29), (0.57, 100, 57), (1, 7, 7), (1.0, 0, 1),
        (1e-9, 50, 1), (np.float64(0.3), 10, 3), (np.float32(0.1), 10, 1), (Fraction(1, 3), 9, 3),
        (109 / 9835, 9835, 109), (0.0001, 10_000_000, 1000),
    ],
)  # fmt: skip
def test_min_support_is_exact(min_support, n, expected):
    assert count_of_support(min_support, n) == expected


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_a_ratio_asks_for_its_own_count(pair):
    count, n = pair
    assert count_of_support(count / n, n) == count


@given(st.integers(1, 9999), st.integers(1, 10**6))
def test_a_decimal_is_rounded_up_exactly(parts, n):
    assert count_of_support(parts / 10_000, n) == max(math.ceil(Fraction(parts, 10_000) * n), 1)


def test_empty_baskets_count_in_n():
    itemsets = mine_itemsets(make_baskets([[0], [], [], []], 1), min_support=0.25)
    assert (len(itemsets), itemsets.n_baskets, itemsets.support.tolist()) == (1, 4, [0.25])


@pytest.mark.parametrize(("rows", "n_items"), [([], 0), ([], 2), ([[], [], []], 2), ([[]], 0)])
@pytest.mark.parametrize("method", ["auto", "lcm", "eclat", "mlxtend_fpgrowth"])
def test_nothing_to_mine_gives_nothing(rows, n_items, method):
    baskets = make_baskets(rows, n_items)
    for itemsets in (
        mine_itemsets(baskets, min_support=0.5, method=method),
        mine_itemsets(baskets, min_count=1, target="closed"),
        mine_itemsets(baskets, min_count=1, target="maximal"),
        mine_itemsets(baskets, top_k=3, method=method),
    ):
        assert (len(itemsets), itemsets.indptr.tolist(), itemsets.n_baskets) == (0, [0], len(rows))
        assert len(itemsets.to_pandas()) == 0


def test_one_item():
    assert as_dict(mine_itemsets(make_baskets([[0], [0], []], 1), min_support=0.5)) == {(0,): 2}


@pytest.mark.parametrize("method", ["lcm", "eclat"])
def test_a_basket_of_100_000_items(method):
    """Among small ones."""
    rows = [range(100_000), [5, 99_999], [5, 70_000, 99_999]]
    baskets = make_baskets(rows, 100_000)
    expected = {(5,): 3, (70_000,): 2, (99_999,): 3, (5, 70_000): 2, (5, 99_999): 3, (70_000, 99_999): 2}
    assert as_dict(mine_itemsets(baskets, min_count=2, method=method)) == {**expected, (5, 70_000, 99_999): 2}
    assert len(mine_itemsets(baskets, min_count=1, max_size=1, method=method)) == 100_000
    with pytest.raises(TooLarge, match="min_count=3 fits"):
        mine_itemsets(baskets, min_count=1, max_itemsets=5, method=method)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "None of min_support and min_count is given.*or top_k"),
        ({"min_support": 0.1, "min_count": 2}, "Both min_support=0.1 and min_count=2 are given"),
        ({"min_support": 1.5}, r"min_support=1.5 is not a share of the baskets in \(0, 1\]"),
        ({"min_support": 100}, r"min_support=100 is not a share.*pass min_count=100"),
        ({"min_support": 0}, "min_support=0 is not a share"),
        ({"min_support": -0.1}, "min_support=-0.1 is not a share"),
        ({"min_support": math.nan}, "min_support=nan is not a share"),
        ({"min_support": "0.1"}, "min_support='0.1' is not a share"),
        ({"min_support": True}, "min_support=True is not a share"),
        ({"min_count": 0}, "min_count=0 is not a whole number of at least 1"),
        ({"min_count": 2.5}, "min_count=2.5 is not a whole number"),
        ({"min_count": 1, "max_size": 0}, "max_size=0 is not a whole number"),
        ({"min_count": 1, "min_size": None}, "min_size=None is not a whole number"),
        ({"min_count": 1, "min_size": 3, "max_size": 2}, "min_size=3 is more than max_size=2"),
        ({"top_k": 0}, "top_k=0 is not a whole number"),
        ({"top_k": 3, "target": "maximal"}, "Which itemsets are maximal depends on it"),
        ({"min_count": 1, "max_itemsets": 0}, "max_itemsets=0"),
        ({"min_count": 1, "target": "close"}, "target='close' is not known. Did you mean 'closed'?"),
        ({"min_count": 1, "method": "eclatt"}, "method='eclatt' is not known. Did you mean 'eclat'?"),
        ({"min_count": 1, "on_limit": "stop"}, "on_limit='stop' is not known"),
    ],
)
def test_errors_say_what_to_do(arguments, words):
    with pytest.raises(SettingsError, match=words):
        mine_itemsets(make_baskets([[0, 1]], 2), **arguments)


def test_unsorted_rows_are_refused():
    broken = Baskets(np.array([0, 2], dtype=np.int64), np.array([1, 0], dtype=np.int32), make_products(2))
    with pytest.raises(InputError, match="not strictly increasing"):
        mine_itemsets(broken, min_count=1)


@EXAMPLES
@given(rows_of(8), st.randoms(use_true_random=False), st.integers(1, 3))
def test_the_order_of_baskets_does_not_matter(rows, random, min_count):
    one = mine_itemsets(make_baskets(rows, 8), min_count=min_count, method="lcm")
    other = mine_itemsets(make_baskets(random.sample(rows, len(rows)), 8), min_count=min_count, method="lcm")
    assert as_dict(one) == as_dict(other)


def test_auto_says_why():
    small = mine_itemsets(make_baskets([[0, 1]] * 3, 2), min_count=1)
    assert (small.info["method"], small.info["reason"]) == (
        "eclat", "at most 12 itemsets in 6 lines: nothing need be compiled",
    )  # fmt: skip
    dense = mine_itemsets(make_baskets([range(14)] * 5, 14), min_count=1)
    assert (len(dense), dense.info["method"]) == (2**14 - 1, "bitmask")
    assert mine_itemsets(make_baskets([[0]], 1), min_count=1, method="lcm").info["reason"] == "asked for"


#: name, min_count, itemsets: counted by several other programs, and by the naive oracle where these differ
PUBLIC = [
    ("BMS-WebView-1", 60, 3_991), ("BMS-WebView-1", 36, 461_521), ("T10I4D100K", 1000, 385), ("T10I4D100K", 100, 27_532),
    ("chess", 2557, 8_227), ("chess", 2238, 48_731), ("connect", 60_802, 27_127), ("instacart_train", 132, 4_444),
    ("kosarak-prefix", 74, 14_762), ("mushroom", 1625, 53_583), ("mushroom", 813, 574_431), ("online_retail", 415, 353),
    ("online_retail", 83, 41_372), ("retail", 177, 2_691), ("retail", 9, 240_852),
]  # fmt: skip
LARGE = [
    ("T10I4D100K", 20, 129_875), ("T10I4D100K", 10, 411_365), ("chess", 1598, 1_272_932), ("chess", 1118, 15_192_779),
    ("connect", 54_046, 533_975), ("connect", 47_290, 4_129_839), ("instacart_train", 7, 451_403),
    ("mushroom", 407, 3_755_511), ("online_retail", 62, 192_013), ("retail", 18, 67_186),
]  # fmt: skip


@pytest.mark.parametrize(("name", "min_count", "expected"), PUBLIC, ids=str)
def test_public_sets(shared_data, name, min_count, expected):
    assert len(mine_itemsets(read_fimi(shared_data, name), min_count=min_count)) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("name", "min_count", "expected"), LARGE, ids=str)
def test_large_public_sets(shared_data, name, min_count, expected):
    assert len(mine_itemsets(read_fimi(shared_data, name), min_count=min_count)) == expected


def test_groceries(shared_data):
    baskets = read_groceries(shared_data)
    assert len(baskets) == 9_835
    for min_count, expected in ((109, 278), (99, 333), (10, 13_492), (5, 49_580)):
        assert len(mine_itemsets(baskets, min_count=min_count)) == expected
    assert len(mine_itemsets(baskets, min_support=0.01)) == 333
    assert len(mine_itemsets(baskets, min_support=109 / 9835)) == 278
    first = mine_itemsets(baskets, min_support=0.01).to_pandas().sort_values("count").iloc[-1]
    assert (first["itemset"], first["count"]) == (("whole milk",), 2513)
