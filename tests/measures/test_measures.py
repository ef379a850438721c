"""One contract for whatever measure is registered; mlxtend and arules as referees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import SettingsError
from affinity.measures import MEASURES, compute, get_measure

NAMES = sorted(MEASURES)
MLXTEND = (
    "antecedent support", "consequent support", "support", "confidence", "lift", "representativity", "leverage",
    "conviction", "zhangs_metric", "jaccard", "certainty", "kulczynski",
)  # fmt: skip


@st.composite
def tables(draw):
    n = draw(st.integers(1, 400))
    n_x, n_y = draw(st.integers(0, n)), draw(st.integers(0, n))
    return draw(st.integers(max(0, n_x + n_y - n), min(n_x, n_y))), n_x, n_y, n


def all_tables(n: int) -> np.ndarray:
    """int64[4, …]: every possible table of ``n`` baskets."""
    found = [
        (n_xy, n_x, n_y, n)
        for n_x in range(n + 1)
        for n_y in range(n + 1)
        for n_xy in range(max(0, n_x + n_y - n), min(n_x, n_y) + 1)
    ]
    return np.array(found, dtype=np.int64).T


@pytest.mark.parametrize("name", NAMES)
def test_facts(name):
    measure = get_measure(name)
    assert measure.name == name
    assert measure.low < measure.high
    assert measure.formula
    assert measure.reference
    assert measure.function.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_range_over_every_small_table(name):
    """Degenerate tables included: what is finite is in range, infinity only where the range is open."""
    measure = get_measure(name)
    value = compute(name, *all_tables(9))
    assert value.dtype == np.float64
    finite = value[np.isfinite(value)]
    assert len(finite)
    assert finite.min() >= measure.low - 1e-12
    assert finite.max() <= measure.high + 1e-12
    assert not (value == np.inf).any() or measure.high == np.inf
    assert not (value == -np.inf).any() or measure.low == -np.inf


@pytest.mark.parametrize("name", NAMES)
def test_value_at_independence(name):
    measure = get_measure(name)
    expected = measure.at_independence
    n_x, n_y = np.array([300, 30, 600, 900]), np.array([400, 800, 400, 1000])
    value = compute(name, n_x * n_y // 1200, n_x, n_y, 1200)
    if expected is None:
        assert np.ptp(value) > 1e-3
    else:
        np.testing.assert_allclose(value, expected, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_symmetry(name):
    n_xy, n_x, n_y, n = all_tables(7)
    one, two = compute(name, n_xy, n_x, n_y, n), compute(name, n_xy, n_y, n_x, n)
    same = np.allclose(one, two, rtol=1e-9, atol=1e-12, equal_nan=True)
    assert same == get_measure(name).symmetric


@settings(deadline=None, max_examples=30)
@given(tables(), st.integers(1, 1000))
def test_large_counts_do_not_overflow(table, factor):
    """Measures of shares do not change when every count is multiplied, up to 10**14 baskets."""
    grow = factor * 10**9
    for name in NAMES:
        if name in ("chi_squared", "lerman", "implication_index", "laplace", "importance"):
            continue
        small, large = compute(name, *table), compute(name, *(np.int64(count) * grow for count in table))
        np.testing.assert_allclose(large, small, rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_nothing_out(name):
    empty = np.array([], dtype=np.int64)
    assert compute(name, empty, empty, empty, 10).shape == (0,)
    value = compute(name, 0, 0, 0, 0)
    assert name in ("laplace", "importance") or np.isnan(value)


def test_certain_rules_are_never_wrong():
    for name in ("conviction", "sebag"):
        assert compute(name, 5, 5, 8, 10) == np.inf
    assert compute("odds_ratio", 5, 5, 5, 10) == np.inf


def test_equal_to_mlxtend():
    pd = pytest.importorskip("pandas")
    from mlxtend.frequent_patterns import apriori, association_rules

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.random((200, 6)) < [0.9, 0.5, 0.5, 0.3, 0.2, 1.0])
    itemsets = apriori(frame, min_support=0.01)
    with np.errstate(divide="ignore", invalid="ignore"):  # mlxtend divides by zero where an item is in every basket
        rules = association_rules(itemsets, num_itemsets=200, metric="support", min_threshold=0.0)
    counts = {items: round(support * 200) for items, support in zip(itemsets["itemsets"], itemsets["support"])}
    n_xy = np.array([counts[x | y] for x, y in zip(rules["antecedents"], rules["consequents"])])
    n_x, n_y = rules["antecedents"].map(counts).to_numpy(), rules["consequents"].map(counts).to_numpy()
    assert len(rules) > 300
    for name in MLXTEND:
        ours = compute(name.replace(" ", "_"), n_xy, n_x, n_y, 200)
        np.testing.assert_allclose(ours, rules[name].to_numpy(), rtol=1e-9, atol=1e-12, err_msg=name)


#: What arules 1.6 publishes for three rules of its Adult data (tests/testthat/test-interestMeasures.R, 3 decimals):
#: sex=Male ⇒ capital-gain=None, race=White ⇒ native-country=United-States, capital-gain=None ⇒ capital-loss=None.
ADULT = np.array([[29553, 32650, 44807, 48842], [38493, 41762, 43832, 48842], [42525, 44807, 46560, 48842]]).T
ARULES = {
    "support": (0.605, 0.788, 0.871),
    "confidence": (0.905, 0.922, 0.949),
    "lift": (0.987, 1.027, 0.996),
    "leverage": (-0.008, 0.021, -0.004),
    "chi_squared": (194.725, 1847.852, 215.573),
    "cosine": (0.773, 0.9, 0.931),
    "conviction": (0.871, 1.31, 0.917),
    "gini": (0.001, 0.007, 0.0),
    "odds_ratio": (0.587, 3.84, 0.0),
    "phi": (-0.063, 0.195, -0.066),
    "difference_of_confidence": (-0.037, 0.168, -0.051),
    "relative_linkage_disequilibrium": (0.299, 0.237, 1.0),
    "imbalance_ratio": (0.254, 0.044, 0.036),
    "kulczynski": (0.782, 0.9, 0.931),
    "jaccard": (0.617, 0.817, 0.871),
    "kappa": (-0.046, 0.191, -0.063),
    "mutual_information": (0.007, 0.046, None),
    "goodman_kruskal_lambda": (0.0, 0.0, 0.0),
    "j_measure": (0.001, 0.003, 0.0),
    "laplace": (0.905, 0.922, 0.949),
    "certainty": (-0.148, 0.237, -0.09),
    "added_value": (-0.012, 0.024, -0.004),
    "max_confidence": (0.905, 0.922, 0.949),
    "ralambondrainy": (0.063, 0.067, 0.047),
    "confirmed_confidence": (0.81, 0.843, 0.898),
    "sebag": (9.542, 11.775, 18.635),
    "counterexample": (0.895, 0.915, 0.946),
    "yules_q": (-0.26, 0.587, -1.0),
    "yules_y": (-0.132, 0.324, -1.0),
    "lerman": (-2.309, 5.242, -0.912),
    "implication_index": (7.696, -15.504, 4.12),
    "importance": (-0.017, 0.087, -0.023),
}


@pytest.mark.parametrize("name", sorted(ARULES))
def test_equal_to_arules(name):
    value = compute(name, *ADULT)
    for ours, golden in zip(value, ARULES[name]):
        assert golden is None or ours == pytest.approx(golden, abs=5.1e-4)


#: By hand: 100 baskets, 20 with X, 40 with Y, 16 with both.
BY_HAND = {
    "recall": 16 / 40,
    "relative_risk": (16 / 20) / (24 / 80),
    "all_confidence": 16 / 40,
    "max_confidence": 16 / 20,
    "least_contradiction": (16 - 4) / 40,
    "causal_confidence": (16 / 20 + 56 / 60) / 2,
    "klosgen": 0.4 * (0.8 - 0.4),
    "collective_strength": (0.72 / 0.56) * (0.44 / 0.28),
    "goodman_kruskal_lambda": (16 + 56 - 60) / 40,
    "gini": 0.2 * (0.64 + 0.04) + 0.8 * (0.09 + 0.49) - 0.16 - 0.36,
    "kappa": (0.16 + 0.56 - 0.08 - 0.48) / (1 - 0.08 - 0.48),
    "representativity": 1.0,
    "certainty": (0.8 - 0.4) / 0.6,
    "j_measure": 0.16 * np.log(2) + 0.04 * np.log(1 / 3),
}


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_by_hand(name):
    assert float(compute(name, 16, 20, 40, 100)) == pytest.approx(BY_HAND[name])


def test_unknown_measure():
    with pytest.raises(SettingsError, match="no measure 'lifft'.*Did you mean 'lift'"):
        compute("lifft", 1, 1, 1, 1)
