"""The drop-in `association_rules` against mlxtend itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlxtend import frequent_patterns as reference

from affinity import mlxtend as ours
from affinity.errors import TooLarge
from tests.test_mlxtend import EXAMPLES, NAMES, one_hot, sort_sets

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
THRESHOLDS = st.sampled_from([-1.0, 0.0, 0.3, 0.5, 0.8, 1.0, 1.1])


def assert_same_rules(itemsets, *, in_order=False, **arguments):
    """Figures to the last bit, dtypes, index; rules of one itemset in the same order, or in any where names collide."""
    left, right = ours.association_rules(itemsets, **arguments), reference.association_rules(itemsets, **arguments)
    if not in_order:
        whole, golden = ([a | c for a, c in zip(f["antecedents"], f["consequents"])] for f in (left, right))
        assert whole == golden
        assert [len(a) for a in left["antecedents"]] == [len(a) for a in right["antecedents"]]
        left, right = sort_sets(left, "antecedents", "consequents"), sort_sets(right, "antecedents", "consequents")
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_index_type="exact")
    assert {type(item) for sides in left.iloc[:, :2].to_numpy() for side in sides for item in side} <= {int, str}


@EXAMPLES
@given(one_hot(), st.sampled_from(ours.METRICS), THRESHOLDS, st.booleans(), st.sampled_from([1, 16, 9835]))
def test_rules_are_those_of_mlxtend(frame, metric, min_threshold, support_only, num_itemsets):
    itemsets = ours.apriori(frame, 0.125, use_colnames=True)
    if len(itemsets):
        assert_same_rules(
            itemsets, metric=metric, min_threshold=min_threshold, support_only=support_only, num_itemsets=num_itemsets
        )
        assert_same_rules(itemsets, metric="lift", min_threshold=1.0, return_metrics=["lift", "support"])
        assert_same_rules(itemsets, support_only=True, min_threshold=0.2, return_metrics=["lift"])


@EXAMPLES
@given(
    st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=5, unique=True), min_size=1, max_size=12),
    st.sampled_from(["confidence", "lift", "conviction", "support", "jaccard"]),
    THRESHOLDS,
    st.sampled_from([list, set, tuple, frozenset, np.array]),
    st.randoms(use_true_random=False),
)
def test_any_rows_in_any_order(baskets, metric, min_threshold, kind, random):
    """Itemsets of NumPy integers as lists, sets or arrays, repeated ones too, in an order of their own."""
    every = {part for basket in baskets for part in subsets(basket)}
    rows = sorted(every, key=sorted) + [frozenset(baskets[0])]
    random.shuffle(rows)
    supports = [random.randint(1, 20) / 20 for _ in rows]
    itemsets = pd.DataFrame({"support": supports, "itemsets": [kind([np.int64(i) for i in row]) for row in rows]})
    assert_same_rules(itemsets, in_order=kind is not frozenset, metric=metric, min_threshold=min_threshold)


def subsets(basket):
    """All parts of a basket of at least one item."""
    return [frozenset(i for k, i in enumerate(basket) if mask >> k & 1) for mask in range(1, 1 << len(basket))]


def test_the_frames_of_mlxtend_come_back_as_mlxtend_makes_them():
    frame = pd.DataFrame(np.random.default_rng(2).random((60, 18)) < 0.25)
    for miner in (reference.apriori, reference.fpgrowth, reference.hmine):
        itemsets = miner(frame, min_support=0.05)
        copied = miner is not reference.hmine  # its items are Python's already
        assert_same_rules(itemsets, in_order=copied, metric="confidence", min_threshold=0.31)
        assert_same_rules(itemsets, in_order=copied, metric="zhangs_metric", min_threshold=0.1, num_itemsets=60)


@pytest.mark.parametrize("use_colnames", [True, False])
@pytest.mark.parametrize("metric", ["confidence", "representativity", "kulczynski"])
def test_rules_with_null_values(use_colnames, metric):
    for seed in (4, 5):
        rng = np.random.default_rng(seed)
        cells = rng.choice([0.0, 1.0, 1.0, np.nan], p=[0.3, 0.3, 0.3, 0.1], size=(16, 4))
        frame = pd.DataFrame(cells, columns=NAMES[:4])
        itemsets = ours.fpgrowth(frame, 0.2, null_values=True, use_colnames=use_colnames)
        assert_same_rules(itemsets, num_itemsets=16, df_orig=frame, null_values=True, metric=metric, min_threshold=0.3)


def test_columns_named_by_numbers_beyond_their_positions():
    """mlxtend takes them for positions and fails."""
    cells = np.random.default_rng(4).choice([0.0, 1.0, 1.0, np.nan], p=[0.3, 0.3, 0.3, 0.1], size=(16, 4))
    frame, named = pd.DataFrame(cells, columns=[101, 102, 103, 104]), pd.DataFrame(cells, columns=list("abcd"))
    arguments = {"num_itemsets": 16, "null_values": True, "min_threshold": 0.3}
    found, golden = (
        ours.association_rules(ours.fpgrowth(f, 0.2, null_values=True, use_colnames=True), df_orig=f, **arguments)
        for f in (frame, named)
    )
    assert len(found) > 10
    for side in ("antecedents", "consequents"):
        golden[side] = [frozenset(101 + "abcd".index(name) for name in names) for names in golden[side]]
    found, golden = (sort_sets(rules, "antecedents", "consequents") for rules in (found, golden))
    pd.testing.assert_frame_equal(found, golden)
    itemsets = ours.fpgrowth(frame, 0.2, null_values=True, use_colnames=True)
    with pytest.raises(KeyError):
        reference.association_rules(itemsets, df_orig=frame, **arguments)


def test_rules_of_incomplete_itemsets():
    for rows in (["ab"], ["ab", "a"], ["ab", "b"], ["abc", "ab", "a", "b", "c", "bc"]):
        itemsets = pd.DataFrame({"support": 0.5, "itemsets": [frozenset(row) for row in rows]})
        said = []
        for module in (ours, reference):
            with pytest.raises(KeyError) as caught:
                module.association_rules(itemsets, min_threshold=0.1)
            said.append(" ".join(str(caught.value).split()))
        assert said[0] == said[1]
        assert_same_rules(itemsets, support_only=True, min_threshold=0.1)
        assert_same_rules(itemsets, support_only=True, min_threshold=0.6)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"df": pd.DataFrame({"support": [], "itemsets": []})}, ValueError),
        ({"df": pd.DataFrame({"s": [1.0], "itemsets": [frozenset("a")]})}, ValueError),
        ({"metric": "unknown"}, ValueError),
        ({"null_values": True}, TypeError),
        ({"null_values": True, "df_orig": pd.DataFrame({"a": [1]})}, TypeError),
        ({"df_orig": pd.DataFrame({"a": [3]})}, ValueError),
        ({"df_orig": pd.DataFrame({"a": [np.nan]})}, ValueError),
        ({"return_metrics": ["lift", "unknown"], "min_threshold": 0.1}, KeyError),
    ],
)
def test_errors_are_those_of_mlxtend(change, kind):
    itemsets = pd.DataFrame({"support": [1.0] * 3, "itemsets": [frozenset("a"), frozenset("b"), frozenset("ab")]})
    said = []
    for module in (ours, reference):
        with pytest.raises(kind) as caught:
            module.association_rules(**{"df": itemsets, **change})
        said.append(" ".join(str(caught.value).split()))
    assert said[0] == said[1]


def test_an_itemset_of_30_items_is_refused_with_its_number_of_rules():
    itemsets = pd.DataFrame({"support": [0.5], "itemsets": [frozenset(range(30))]})
    for support_only in (True, False):
        with pytest.raises(TooLarge, match="1,073,741,822 candidate rules from itemsets of up to 30 items"):
            ours.association_rules(itemsets, support_only=support_only)


def test_nothing_passes():
    itemsets = pd.DataFrame({"support": [1.0], "itemsets": [frozenset("a")]})
    assert_same_rules(itemsets)
    assert_same_rules(itemsets, support_only=True, return_metrics=["lift"])
    assert_same_rules(pd.DataFrame({"support": [1.0, 0.0], "itemsets": [frozenset("a"), frozenset()]}))
