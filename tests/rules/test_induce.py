"""Rules against the obvious oracle and mlxtend; what is refused; null worlds and planted conjunctions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from affinity.errors import InputError, SettingsError, TooLarge, UnknownLabel
from affinity.measures import MEASURES, compute
from affinity.rules import DEFAULT_MEASURES, induce_rules
from affinity.tables import Baskets, ItemsetCounts
from affinity.tables.itemset_rows import ItemsetRows
from affinity.vocabulary import Vocabulary
from tests import naive
from tests.graph.worlds import null_baskets

BASKETS = st.lists(st.sets(st.integers(0, 7), min_size=1, max_size=6), min_size=1, max_size=25)


def make_itemsets(counts, n_baskets, n_products, **changed):
    rows = sorted(counts, key=lambda itemset: (len(itemset), itemset))
    found = ItemsetRows(
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        np.array([item for row in rows for item in row], dtype=np.int32),
        np.array([counts[row] for row in rows], dtype=np.int64),
    )
    columns = {
        "found": found,
        "n_baskets": n_baskets,
        "min_count": 1,
        "products": Vocabulary("product", [f"p{i:03d}" for i in range(n_products)]),
    }
    return ItemsetCounts(**{**columns, **changed})


def mine(baskets, n_products, min_count=1, max_size=3):
    counts = naive.itemset_counts([np.asarray(basket).tolist() for basket in baskets], min_count, max_size)
    return make_itemsets(counts, len(baskets), n_products)


def mine_known(baskets, n_products, **changed):
    """The itemsets, and the baskets with them, for their margins."""
    itemsets = mine(baskets, n_products, **changed)
    rows = [np.asarray(basket, dtype=np.int32) for basket in baskets]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return replace(itemsets, baskets=Baskets(indptr, np.concatenate(rows), itemsets.products))


def as_dict(rules):
    """{(antecedent, consequent): row} of codes."""
    x = np.split(rules.antecedent_item, rules.antecedent_indptr[1:-1])
    y = np.split(rules.consequent_item, rules.consequent_indptr[1:-1])
    return {(tuple(a.tolist()), tuple(b.tolist())): row for row, (a, b) in enumerate(zip(x, y))} if len(rules) else {}


@settings(deadline=None, max_examples=40)
@given(BASKETS, st.integers(1, 3), st.integers(2, 5), st.sampled_from([0.0, 0.1, 0.5, 2 / 3, 1.0]))
def test_rules_are_those_of_the_oracle(baskets, min_count, max_size, min_confidence):
    counts = naive.itemset_counts(baskets, min_count, max_size)
    rules = induce_rules(make_itemsets(counts, len(baskets), 8), min_confidence=min_confidence, measures=())
    golden = naive.association_rules(counts, min_confidence)
    found = {pair: (rules.n_xy[i], rules.n_x[i], rules.n_y[i]) for pair, i in as_dict(rules).items()}
    assert found == golden
    assert list(found) == sorted(found, key=lambda pair: [(len(side), side) for side in pair])
    for size in (1, 2):
        some = as_dict(induce_rules(make_itemsets(counts, len(baskets), 8), min_confidence=0, consequent_size=size))
        assert set(some) == {pair for pair in naive.association_rules(counts, 0) if len(pair[1]) == size}


def test_equal_to_mlxtend():
    pd = pytest.importorskip("pandas")
    from mlxtend.frequent_patterns import apriori, association_rules

    rng = np.random.default_rng(1)
    dense = rng.random((300, 9)) < np.linspace(0.2, 0.6, 9)
    # 0.41 is no ratio of counts here: mlxtend compares rounded shares at the very edge.
    golden = association_rules(apriori(pd.DataFrame(dense), min_support=0.02), metric="confidence", min_threshold=0.41)
    names = tuple(golden.columns[2:])
    itemsets = mine([np.flatnonzero(row) for row in dense], 9, min_count=6, max_size=9)
    rules = induce_rules(itemsets, min_confidence=0.41, measures=[name.replace(" ", "_") for name in names])
    rows = as_dict(rules)
    assert len(rows) == len(golden) > 400
    at = [rows[tuple(sorted(x)), tuple(sorted(y))] for x, y in zip(golden["antecedents"], golden["consequents"])]
    for name in names:
        ours = rules.measures[name.replace(" ", "_")][at]
        np.testing.assert_allclose(ours, golden[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_measures_are_those_asked_for():
    itemsets = mine([[0, 1], [0, 1, 2], [1, 2], [0]], 3)
    rules = induce_rules(itemsets, min_confidence=0, measures=sorted(MEASURES))
    assert list(rules.measures) == sorted(MEASURES)
    for name, column in rules.measures.items():
        np.testing.assert_array_equal(column, compute(name, rules.n_xy, rules.n_x, rules.n_y, 4))
    assert list(induce_rules(itemsets).measures) == list(DEFAULT_MEASURES)


def test_min_lift():
    itemsets = mine(null_baskets(np.random.default_rng(0), 300, 10, np.full(300, 3)), 10)
    every = induce_rules(itemsets, min_confidence=0)
    above = induce_rules(itemsets, min_confidence=0, min_lift=1.0)
    assert len(above) == (every.measures["lift"] >= 1.0).sum() < len(every)


def test_filters_do_not_change_q_values():
    itemsets = mine(null_baskets(np.random.default_rng(0), 300, 10, np.full(300, 3)), 10)
    every, some = (induce_rules(itemsets, min_confidence=c) for c in (0.0, 0.3))
    rows = as_dict(every)
    np.testing.assert_array_equal(some.q_value, every.q_value[[rows[pair] for pair in as_dict(some)]])
    assert every.info["candidates"] == some.info["candidates"]


def test_candidates_are_all_pairs_and_all_splits():
    counts = naive.itemset_counts([[0, 1, 2], [0, 1, 2], [3], [4]], 1, 3)
    itemsets = make_itemsets(counts, 4, 5)
    assert induce_rules(itemsets).info["candidates"] == 5 * 4 + 6
    assert induce_rules(itemsets, consequent_size=1).info["candidates"] == 5 * 4 + 3
    assert induce_rules(itemsets, consequent_size=2).info["candidates"] == 3


@pytest.mark.parametrize("prune", [None, "redundant", "unproductive"])
def test_nothing_found_has_all_columns(prune):
    empty = make_itemsets({}, 10, 3)
    single = make_itemsets({(0,): 4}, 10, 3)
    strict = make_itemsets({(0,): 4, (1,): 4, (0, 1): 1}, 10, 3)
    for itemsets in (empty, single, strict):
        rules = induce_rules(itemsets, min_confidence=0.9, prune=prune)
        assert len(rules) == 0
        columns = rules.to_pandas().columns.tolist()
        assert columns[:8] == [
            "antecedents", "consequents", "antecedent_count", "consequent_count", "count", "support", "confidence", "lift",
        ]  # fmt: skip
        assert columns[-1] == "q_value"


def test_labels_and_counts_in_the_frame():
    rules = induce_rules(mine([[0, 1], [0, 1], [0], [2]], 3), min_confidence=0.5, measures=("confidence",))
    frame = rules.to_pandas()
    assert frame["antecedents"].tolist() == [("p000",), ("p001",)]
    assert frame["consequents"].tolist() == [("p001",), ("p000",)]
    assert frame["confidence"].tolist() == [2 / 3, 1.0]
    assert frame[["antecedent_count", "consequent_count", "count"]].to_numpy().tolist() == [[3, 2, 2], [2, 3, 2]]


def test_null_worlds_have_no_significant_rules():
    """Uneven basket sizes alone make classical independence see rules everywhere; with margins nothing is seen."""
    rng = np.random.default_rng(2)
    baskets = null_baskets(rng, 2500, 80, np.minimum((rng.pareto(1.5, 2500) * 2 + 1).astype(int), 25))
    itemsets = mine_known(baskets, 80, min_count=4)
    honest, classical = (induce_rules(known) for known in (itemsets, replace(itemsets, baskets=None)))
    assert (honest.q_value <= 0.05).sum() <= 3
    assert (classical.q_value <= 0.05).sum() > 0.3 * len(classical)
    assert len(induce_rules(itemsets, prune="unproductive")) == 0
    assert [rules.info["null"] for rules in (honest, classical)] == ["basket sizes allowed for", "classical"]


@pytest.fixture(scope="module")
def conjunction():
    """Products 10 and 20 together bring 30; 40 brings 50; the rest is independent."""
    rng = np.random.default_rng(3)
    baskets = null_baskets(rng, 5000, 60, rng.integers(1, 7, 5000))
    for row in range(5000):
        basket = set(baskets[row].tolist())
        if rng.random() < 0.10:
            basket |= {10, 20}
        if {10, 20} <= basket and rng.random() < 0.4:
            basket.add(30)
        if rng.random() < 0.05:
            basket |= {40} | ({50} if rng.random() < 0.5 else set())
        baskets[row] = np.array(sorted(basket))
    return mine_known(baskets, 60, min_count=8)


def test_productive_rules_are_the_planted_ones(conjunction):
    every = as_dict(induce_rules(conjunction, consequent_size=1, min_confidence=0.05))
    kept = as_dict(induce_rules(conjunction, consequent_size=1, min_confidence=0.05, prune="unproductive"))
    assert ((10, 20), (30,)) in kept
    assert ((40,), (50,)) in kept
    strangers = [(x, y) for x, y in kept if len(x) == 2 and not set(x) | set(y) <= {10, 20, 30}]
    assert len(strangers) <= 2
    assert len(kept) < len(every) / 10


def test_redundant_rules_are_dropped(conjunction):
    itemsets = conjunction
    counts = {
        tuple(itemsets.item[a:b].tolist()): int(c) for a, b, c in zip(itemsets.indptr[:-1], itemsets.indptr[1:], itemsets.count)
    }
    golden = set()
    for (x, y), (n_xy, n_x, n_y) in naive.association_rules(counts, 0.1).items():
        general = [n_y / itemsets.n_baskets]
        for drop in x if len(x) > 1 else ():
            rest = tuple(item for item in x if item != drop)
            general.append(counts[tuple(sorted(rest + y))] / counts[rest])
        if n_xy / n_x > max(general):
            golden.add((x, y))
    assert set(as_dict(induce_rules(itemsets, prune="redundant"))) == golden


def test_q_value_of_a_pair_uses_the_expected_count_of_the_graph(conjunction):
    from affinity.graph.evidence import weigh_pairs
    from affinity.rules.significance import RuleTests
    from affinity.rules.subsets import Lattice, Subsets

    itemsets, margins = conjunction, conjunction.margins
    lattice = Lattice(itemsets)
    rows = int(lattice.first[2]), int(lattice.first[3])
    pairs = Subsets(lattice, *rows, 2)
    golden = weigh_pairs(pairs.items[:, 0], pairs.items[:, 1], itemsets.count[pairs.rows], margins, test=False).expected
    np.testing.assert_allclose(RuleTests(lattice, margins).expected(*rows, np.array([1]))[0], golden, rtol=1e-9)


def test_consequents_are_a_filter(conjunction):
    every = induce_rules(conjunction, min_confidence=0.05)
    some = induce_rules(conjunction, min_confidence=0.05, consequents=["p030", "p050"])
    rows, kept = as_dict(every), as_dict(some)
    assert set(kept) == {pair for pair in rows if set(pair[1]) <= {30, 50}}
    np.testing.assert_array_equal(some.q_value, every.q_value[[rows[pair] for pair in kept]])
    assert len(induce_rules(conjunction, consequents=[])) == 0
    with pytest.raises(UnknownLabel, match="product 'p03o' is not among the 60 known ones"):
        induce_rules(conjunction, consequents=["p03o"])
    with pytest.raises(SettingsError, match=r"consequents='p030' is one label, not several. Pass \['p030'\]"):
        induce_rules(conjunction, consequents="p030")


@pytest.mark.parametrize("consequent_size", [None, 1, 2])
@pytest.mark.parametrize("prune", [None, "unproductive"])
def test_tests_and_corrections_are_over_all_candidates(consequent_size, prune):
    """q-values against the definition, from p-values of one candidate at a time."""
    from affinity.statistics.false_discovery import benjamini_hochberg, benjamini_yekutieli

    counts = naive.itemset_counts([[0, 1, 2, 3], [0, 1, 2], [0, 1, 3], [2, 3], [1, 2, 3], [0], [1], [0, 1]], 1, 4)
    itemsets = make_itemsets(counts, 8, 4)
    pairs = [p for p in naive.association_rules(counts, 0.0) if consequent_size in (None, len(p[1]))]

    def p_value(test, n_xy, n_x, n_y, n):
        m = min(n_x, n_y)
        chance = min(n_x * n_y / n / m, 1 - 1e-9)
        return binom.sf(n_xy - 1, m, chance) - (0.5 * binom.pmf(n_xy, m, chance) if test == "mid-p" else 0.0)

    for test in ("mid-p", "exact"):
        p = []
        for x, y in pairs:
            parts = [tuple(i for i in x if i != item) for item in x] if prune else [()]
            rests = [(rest, counts.get(rest, 8), counts.get(tuple(sorted(rest + y)), 8)) for rest in parts]
            p.append(max(p_value(test, counts[tuple(sorted(x + y))], counts[x], n_y, n) for _, n, n_y in rests))
        for correction, adjust in (("bh", benjamini_hochberg), ("by", benjamini_yekutieli)):
            rules = induce_rules(
                itemsets, min_confidence=0, consequent_size=consequent_size, prune=prune, test=test, correction=correction
            )
            golden = dict(zip(pairs, adjust(p, rules.info["candidates"])))
            for pair, row in as_dict(rules).items():
                assert rules.q_value[row] == pytest.approx(golden[pair], rel=1e-9)
            assert prune or set(as_dict(rules)) == set(pairs)


def test_without_a_test_the_rules_are_the_same(conjunction):
    tested, plain = induce_rules(conjunction), induce_rules(conjunction, test=None)
    assert as_dict(tested) == as_dict(plain)
    np.testing.assert_array_equal(tested.measures["lift"], plain.measures["lift"])
    assert np.isnan(plain.q_value).all()
    with pytest.raises(SettingsError, match="prune='unproductive' with test=None"):
        induce_rules(conjunction, test=None, prune="unproductive")


@pytest.mark.parametrize("target", ["closed", "maximal"])
def test_closed_and_maximal_itemsets_are_refused(target):
    with pytest.raises(SettingsError, match=f"from {target} itemsets.*lack the counts.*target='frequent'"):
        induce_rules(make_itemsets({(0, 1): 3}, 5, 2, target=target))


def test_a_missing_part_is_named():
    with pytest.raises(InputError, match=r"\['p000', 'p001'\] is there but its part \['p001'\] is not"):
        induce_rules(make_itemsets({(0,): 3, (0, 1): 3}, 5, 2))
    with pytest.raises(InputError, match=r"its part \['p001', 'p002'\] is not"):
        induce_rules(make_itemsets({(0,): 3, (1,): 3, (2,): 3, (0, 1): 3, (0, 2): 3, (0, 1, 2): 3}, 5, 3))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"min_confidence": 1.5}, "min_confidence=1.5 is not between 0 and 1"),
        ({"min_confidence": -0.1}, "min_confidence=-0.1"),
        ({"min_confidence": float("nan")}, "min_confidence=nan"),
        ({"min_lift": -1.0}, "min_lift=-1.0"),
        ({"min_lift": float("nan")}, "min_lift=nan"),
        ({"consequent_size": 0}, "consequent_size=0"),
        ({"test": "midp"}, "test='midp'.*Did you mean 'mid-p'"),
        ({"correction": "bonferroni"}, "correction='bonferroni' is not a correction. Known: bh, by"),
        ({"prune": "redundnt"}, "prune='redundnt'.*Did you mean 'redundant'"),
        ({"measures": ("lift", "convicton")}, "no measure 'convicton'.*Did you mean 'conviction'"),
    ],
)
def test_bad_settings(setting, message):
    with pytest.raises(SettingsError, match=message):
        induce_rules(make_itemsets({(0,): 3}, 5, 1), **setting)


def test_too_many_candidates_are_refused_before_work():
    from itertools import combinations

    counts = {c: 1 for size in range(1, 13) for c in combinations(range(12), size)}
    itemsets = make_itemsets(counts, 5, 12)
    assert len(induce_rules(itemsets, consequent_size=1, measures=())) == 12 * 2**11 - 12
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("affinity.rules.splits.MOST_CANDIDATES", 100_000)
        with pytest.raises(TooLarge, match="candidate rules from itemsets of up to 12 items.*consequent_size=1"):
            induce_rules(itemsets)


def test_an_itemset_of_30_items_is_refused_with_the_projected_number():
    chain = {tuple(range(size)): 2 for size in range(1, 31)}
    with pytest.raises(TooLarge, match=r"2,147,483,584 candidate rules from itemsets of up to 30 items"):
        induce_rules(make_itemsets(chain, 5, 30))
    # Few enough candidates, but no such table of itemsets is complete: found before anything of its size is made.
    with pytest.raises(InputError, match="is there but its part"):
        induce_rules(make_itemsets(chain, 5, 30), consequent_size=1)
