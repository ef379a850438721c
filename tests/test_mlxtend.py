"""The drop-in against mlxtend itself: the same frames, but for the rows' order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend import frequent_patterns as reference

from affinity import mlxtend as ours
from tests.counting.csr import read_groceries

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:null_values=True is inefficient")
EXAMPLES = settings(max_examples=20, deadline=None)
MINERS = ["apriori", "fpgrowth", "fpmax", "hmine"]
NAMES = ["milk", "bread", "jam", "tea", "egg"]


@st.composite
def one_hot(draw, cells=(False, True)):
    n = draw(st.sampled_from([1, 2, 4, 8, 16]))  # shares of these are exact in binary: no boundary to lose
    values = draw(st.lists(st.lists(st.sampled_from(cells), min_size=5, max_size=5), min_size=n, max_size=n))
    return pd.DataFrame(values, columns=NAMES)


def sort_sets(frame, *columns):
    key = [tuple(tuple(sorted(map(str, cell))) for cell in row) for row in zip(*(frame[column] for column in columns))]
    order = sorted(range(len(frame)), key=lambda k: key[k])
    return frame.iloc[order].reset_index(drop=True)


def assert_same_itemsets(name, frame, **arguments):
    left = getattr(ours, name)(frame, **arguments)
    if name == "fpmax":  # with max_len, mlxtend also returns sets that a larger frequent one contains
        max_len = arguments.pop("max_len", None) or 99
        right = reference.fpmax(frame, **arguments)
        right = right[right["itemsets"].map(len) <= max_len]
    else:
        right = getattr(reference, name)(frame, **arguments)
    left, right = sort_sets(left, "itemsets"), sort_sets(right, "itemsets")
    pd.testing.assert_frame_equal(left, right, check_dtype=len(right) > 0)


@pytest.mark.parametrize("name", MINERS)
@EXAMPLES
@given(one_hot(), st.sampled_from([0.125, 0.25, 0.5, 0.75, 1.0]), st.booleans(), st.sampled_from([None, 1, 2]))
def test_itemsets_are_those_of_mlxtend(name, frame, min_support, use_colnames, max_len):
    assert_same_itemsets(name, frame, min_support=min_support, use_colnames=use_colnames, max_len=max_len)


@pytest.mark.parametrize("name", MINERS)
@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.astype(int),
        lambda frame: frame.astype(float),
        lambda frame: frame.astype(pd.SparseDtype(bool, False)),
        lambda frame: frame.astype(pd.SparseDtype(int, 0)),
        lambda frame: frame.rename(columns=dict(zip(NAMES, range(5)))),
    ],
    ids=["int", "float", "sparse bool", "sparse int", "integer columns"],
)
def test_kinds_of_frames(name, change):
    frame = pd.DataFrame(np.random.default_rng(1).random((32, 5)) < 0.6, columns=NAMES)
    assert_same_itemsets(name, change(frame), min_support=0.25, use_colnames=True)


def test_nullable_booleans():
    plain = pd.DataFrame({"a": [True, True, False], "b": [True, False, True]})
    frame = plain.astype("boolean")
    pd.testing.assert_frame_equal(ours.apriori(frame, 0.3), ours.apriori(plain, 0.3))
    frame.loc[0, "a"] = pd.NA
    with pytest.raises(ValueError, match="NaN values are not permitted"):
        ours.apriori(frame, 0.3)
    known = ours.fpgrowth(frame, 0.3, null_values=True, use_colnames=True)
    assert dict(zip(known["itemsets"], known["support"])) == {frozenset("a"): 0.5, frozenset("b"): 2 / 3}


def test_fpmax_with_max_len_returns_maximal_itemsets_only():
    rows = [[3], [2], [1, 3], [1, 2], [1, 2, 3]]
    frame = pd.DataFrame([[item in row for item in range(4)] for row in rows])
    assert set(ours.fpmax(frame, 0.4)["itemsets"]) == {frozenset({1, 2}), frozenset({1, 3})}
    assert len(ours.fpmax(frame, 0.4, max_len=1)) == 0
    assert set(reference.fpmax(frame, 0.4, max_len=1)["itemsets"]) == {frozenset({2}), frozenset({3})}  # not maximal


@pytest.mark.parametrize("name", MINERS)
def test_boundary_itemsets_are_kept(name):
    """7 of 100 rows at min_support 0.07: 0.07·100 is 7.000000000000001 in floats."""
    frame = pd.DataFrame({"a": [True] * 7 + [False] * 93})
    assert len(getattr(ours, name)(frame, min_support=0.07)) == 1


def test_groceries_boundary(shared_data):
    baskets = read_groceries(shared_data)
    held = np.zeros((len(baskets), len(baskets.products)), dtype=bool)
    held[np.repeat(np.arange(len(baskets)), baskets.sizes), baskets.item] = True
    frame = pd.DataFrame(held, columns=list(baskets.products.labels))
    assert len(ours.fpgrowth(frame, 109 / 9835)) == len(ours.hmine(frame, 109 / 9835)) == 278
    assert len(reference.fpgrowth(frame, 109 / 9835)) == 277
    assert len(reference.apriori(frame, 109 / 9835)) == 278


@pytest.mark.parametrize("name", ["fpgrowth", "fpmax"])
def test_null_values(name):
    rng = np.random.default_rng(4)
    for _ in range(6):
        cells = rng.choice([0.0, 1.0, 1.0, np.nan], p=[0.3, 0.3, 0.3, 0.1], size=(16, 5))
        frame = pd.DataFrame(cells, columns=NAMES)
        assert_same_itemsets(name, frame, min_support=0.25, null_values=True, use_colnames=True)


@pytest.mark.parametrize("name", MINERS)
def test_nothing_found(name):
    assert len(getattr(ours, name)(pd.DataFrame({"a": [False, False]}), min_support=0.5)) == 0
    empty = getattr(ours, name)(pd.DataFrame(), min_support=0.5)
    assert (list(empty.columns), len(empty)) == (["support", "itemsets"], 0)


@pytest.mark.parametrize("name", MINERS)
@pytest.mark.parametrize(
    ("frame", "min_support", "words"),
    [
        (pd.DataFrame({"a": [True]}), 0.0, "`min_support` must be a positive number"),
        (pd.DataFrame({"a": [True]}), 1.5, "Got 1.5"),
        (pd.DataFrame({"a": [2, 1]}), 0.5, "True, False, 0, 1. Found value 2"),
        (pd.DataFrame({"a": [np.nan, 1]}), 0.5, "NaN values are not permitted"),
    ],
)
def test_bad_input_has_the_errors_of_mlxtend(name, frame, min_support, words):
    for module in (ours, reference):
        with pytest.raises(ValueError) as caught:
            getattr(module, name)(frame, min_support=min_support)
        assert words in str(caught.value)


def assert_same_rules(itemsets, **arguments):
    left, right = ours.association_rules(itemsets, **arguments), reference.association_rules(itemsets, **arguments)
    sides = "antecedents", "consequents"
    pd.testing.assert_frame_equal(sort_sets(left, *sides), sort_sets(right, *sides), check_dtype=len(right) > 0)


@EXAMPLES
@given(one_hot(), st.sampled_from(ours.METRICS), st.sampled_from([-1.0, 0.0, 0.3, 0.8, 1.1]), st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rules_are_those_of_mlxtend(frame, metric, min_threshold, support_only):
    itemsets = ours.apriori(frame, 0.125, use_colnames=True)
    if len(itemsets):
        assert_same_rules(itemsets, metric=metric, min_threshold=min_threshold, support_only=support_only)
        assert_same_rules(itemsets, metric="lift", min_threshold=1.0, return_metrics=["lift", "support"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("use_colnames", [True, False])
def test_rules_with_null_values(use_colnames):
    cells = np.random.default_rng(4).choice([0.0, 1.0, 1.0, np.nan], p=[0.3, 0.3, 0.3, 0.1], size=(16, 4))
    frame = pd.DataFrame(cells, columns=NAMES[:4])
    itemsets = ours.fpgrowth(frame, 0.2, null_values=True, use_colnames=use_colnames)
    assert_same_rules(itemsets, num_itemsets=16, df_orig=frame, null_values=True, metric="confidence", min_threshold=0.1)


def test_rules_of_incomplete_itemsets():
    itemsets = pd.DataFrame({"support": [0.5], "itemsets": [frozenset("ab")]})
    with pytest.raises(KeyError, match="support_only=True"):
        ours.association_rules(itemsets, min_threshold=0.1)
    assert_same_rules(itemsets, support_only=True, min_threshold=0.1)


def test_rules_errors_are_those_of_mlxtend():
    frame = pd.DataFrame({"support": [1.0], "itemsets": [frozenset("a")]})
    for module in (ours, reference):
        for arguments, kind in (
            ({"df": frame.iloc[:0]}, ValueError),
            ({"df": frame.rename(columns={"support": "s"})}, ValueError),
            ({"df": frame, "metric": "unknown"}, ValueError),
            ({"df": frame, "null_values": True}, TypeError),
            ({"df": frame, "null_values": True, "df_orig": pd.DataFrame({"a": [1]})}, TypeError),
        ):
            with pytest.raises(kind):
                module.association_rules(**arguments)
