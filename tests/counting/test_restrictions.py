"""Itemsets that must or must not hold products, those that rules with one consequent need, counts of given itemsets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.counting import count_itemsets, mine_itemsets
from affinity.errors import SettingsError, TooLarge, UnknownLabel
from affinity.tables import Baskets
from tests import naive
from tests.counting.csr import flatten, make_baskets, make_products, read_fimi, rows_of
from tests.counting.test_miners import in_order, listed

EXAMPLES = settings(max_examples=40, deadline=None)
CODES = st.lists(st.integers(0, 6), max_size=2, unique=True)


def labels(codes):
    return [f"P{code:04d}" for code in codes]


@EXAMPLES
@given(
    rows_of(7), st.integers(1, 4), CODES, CODES, st.integers(1, 3), st.sampled_from([None, 3]), st.sampled_from(["auto", "lcm"])
)
def test_including_and_excluding(rows, min_count, including, excluding, min_size, max_size, method):
    excluding = [code for code in excluding if code not in including]
    frequent = naive.frequent_itemsets([[i for i in row if i not in excluding] for row in rows], min_count)
    for target, family in (
        ("frequent", frequent),
        ("closed", naive.closed_itemsets(frequent)),
        ("maximal", naive.maximal_itemsets(frequent)),
    ):
        expected = [(x, n) for x, n in in_order(family) if set(including) <= set(x) and min_size <= len(x) <= (max_size or 9)]
        itemsets = mine_itemsets(
            make_baskets(rows, 7), min_count=min_count, including=labels(including), excluding=labels(excluding),
            min_size=min_size, max_size=max_size, target=target, method=method,
        )  # fmt: skip
        assert listed(itemsets.found) == expected
        named = {"including": labels(sorted(including)), "excluding": labels(sorted(excluding))}
        assert itemsets.info["restrictions"] == ({k: v for k, v in named.items() if v} or None)


@EXAMPLES
@given(rows_of(7), st.integers(1, 15), CODES, st.sampled_from(["frequent", "closed"]))
def test_top_k_of_those_with_a_product(rows, k, including, target):
    frequent = naive.frequent_itemsets(rows, 1)
    family = naive.closed_itemsets(frequent) if target == "closed" else frequent
    best = naive.most_frequent({x: n for x, n in family.items() if set(including) <= set(x)}, k)
    itemsets = mine_itemsets(make_baskets(rows, 7), top_k=k, including=labels(including), target=target)
    assert dict(listed(itemsets.found)) == best


@EXAMPLES
@given(rows_of(7), st.integers(1, 4), CODES, st.sampled_from([None, 1, 2, 3]), st.sampled_from(["auto", "lcm", "bitmask"]))
def test_what_rules_with_these_consequents_need(rows, min_count, consequents, max_size, method):
    frequent = naive.frequent_itemsets(rows, min_count, max_size)
    itemsets = mine_itemsets(
        make_baskets(rows, 7), min_count=min_count, max_size=max_size, consequents=labels(consequents), method=method
    )
    assert dict(listed(itemsets.found)) == naive.itemsets_for_consequents(frequent, rows, consequents)
    assert itemsets.info["restrictions"] == {"consequents": labels(sorted(consequents))}


@EXAMPLES
@given(rows_of(8), st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True), max_size=25), st.integers(1, 3))
def test_given_itemsets_are_counted(rows, itemsets, threads):
    counts = count_itemsets(make_baskets(rows, 8), [labels(itemset) for itemset in itemsets], threads=threads)
    assert counts.tolist() == naive.counts_of(itemsets, rows)


def test_mined_itemsets_are_counted_in_a_later_window():
    now, later = [[0, 1, 2]] * 3 + [[1, 2]], [[0, 1], [1, 2, 3], [1, 2]]
    itemsets = mine_itemsets(make_baskets(now, 3), min_count=3)
    assert count_itemsets(make_baskets(now, 3), itemsets).tolist() == itemsets.count.tolist()
    known = [tuple(row) for row, _ in listed(itemsets.found)]
    assert count_itemsets(make_baskets(later, 4), itemsets).tolist() == naive.counts_of(known, later)
    fewer = Baskets(*flatten([[0], []]), products=make_products(1))  # knows one of the three products
    assert count_itemsets(fewer, itemsets).tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_counts_of_a_public_set(shared_data):
    baskets = read_fimi(shared_data, "retail")
    itemsets = mine_itemsets(baskets, min_count=177)
    assert (count_itemsets(baskets, itemsets, threads=2) == itemsets.count).all()
    few = mine_itemsets(baskets, min_count=177, consequents=39)
    assert few.info["restrictions"] == {"consequents": [39]}
    counts = dict(listed(itemsets.found))
    assert all(counts[x] == n for x, n in listed(few.found))
    assert len(few) < len(itemsets)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"including": "P0004"}, UnknownLabel, "'P0004' is not among the 3 known ones. Did you mean 'P000"),
        ({"excluding": ["P9"]}, UnknownLabel, "'P9' is not among"),
        ({"consequents": ["P9"]}, UnknownLabel, "'P9' is not among"),
        ({"including": "P0001", "excluding": "P0001"}, SettingsError, "'P0001' is in including and in excluding"),
        ({"consequents": "P0001", "including": "P0001"}, SettingsError, "consequents= goes with no other"),
        ({"consequents": "P0001", "target": "closed"}, SettingsError, "consequents= goes with no other"),
        ({"consequents": "P0001", "max_itemsets": 1}, TooLarge, "More than max_itemsets=1 itemsets"),
        ({"method": "eclat", "target": "closed"}, SettingsError, "method='eclat' finds all frequent itemsets"),
    ],
)
def test_errors(arguments, error, words):
    with pytest.raises(error, match=words):
        mine_itemsets(make_baskets([[0, 1, 2]] * 2, 3), min_count=1, **arguments)


def test_an_empty_itemset_has_no_count():
    with pytest.raises(SettingsError, match="An itemset has no products"):
        count_itemsets(make_baskets([[0]], 1), [[]])
