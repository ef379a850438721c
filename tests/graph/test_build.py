"""The pair graph: columns by definition, null worlds, planted pairs, laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from affinity.graph import build_graph
from affinity.graph.evidence import weigh_pairs
from affinity.settings import GraphSettings
from affinity.tables.margins import SIZE_STRATA
from tests import naive
from tests.graph.worlds import make_pairs, null_baskets

N, PRODUCTS = 4000, 115
SIZES = {
    "equal": lambda rng, n: np.full(n, 4),
    "geometric": lambda rng, n: np.minimum(rng.geometric(0.25, n), 60),
    "heavy": lambda rng, n: np.minimum((rng.pareto(1.5, n) * 2 + 1).astype(int), 80),
}


def plant(baskets, pairs, rng, rate=0.03):
    """Put both products of each pair into a random share of the baskets."""
    for a, b in pairs:
        for row in np.flatnonzero(rng.random(len(baskets)) < rate):
            baskets[row] = np.union1d(baskets[row], [a, b])
    return baskets


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(11)
    pairs = [(40, 41), (60, 75), (80, 99), (100, 110)]
    baskets = plant(null_baskets(rng, N, PRODUCTS, SIZES["geometric"](rng, N)), pairs, rng, 0.01)
    return make_pairs(baskets, PRODUCTS, rng.integers(0, 3000, N)), pairs, baskets


@pytest.mark.parametrize("world", SIZES)
@pytest.mark.parametrize("with_customers", [False, True])
def test_a_null_world_has_no_discoveries(world, with_customers):
    discoveries, seen, expected = 0, 0.0, 0.0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        baskets = null_baskets(rng, N, PRODUCTS, SIZES[world](rng, N))
        pairs = make_pairs(baskets, PRODUCTS, rng.integers(0, 2000, N) if with_customers else None)
        graph = build_graph(pairs)
        discoveries += graph.info["significant"]
        evidence = weigh_pairs(pairs.a, pairs.b, pairs.count, pairs.baskets, test=False)
        seen, expected = seen + pairs.count.sum(), expected + evidence.expected.sum()
        assert graph.info["prior"]["mean"] == pytest.approx(1.0, abs=0.05)
        assert (graph.community == -1).all()
        assert graph.lift_eb.max() < 1.5
    assert discoveries <= 2
    assert 0.97 < seen / expected < 1.06


def test_planted_pairs_are_found_and_lead(planted):
    pairs, truth, _ = planted
    graph = build_graph(pairs)
    found = {(a, b) for a, b in zip(graph.antecedent.tolist(), graph.consequent.tolist())}
    significant = graph.q_value <= 0.05
    order = np.lexsort((graph.consequent, graph.antecedent, -graph.lift_eb))[: 2 * len(truth)]
    leaders = {(int(graph.antecedent[i]), int(graph.consequent[i])) for i in order}
    assert leaders == {pair for a, b in truth for pair in ((a, b), (b, a))}
    assert leaders <= found
    assert significant[order].all()
    assert significant.sum() <= 2 * len(truth) + 2
    top = graph.neighbors("p040", k=3)
    assert top["consequent"].tolist()[0] == "p041"


def test_columns_are_their_definitions(planted):
    pairs, _, baskets = planted
    graph = build_graph(pairs, settings=GraphSettings(min_pair_count=30))
    sets = [set(basket.tolist()) for basket in baskets]
    for edge in range(0, len(graph), max(len(graph) // 4, 1)):
        a, b = int(graph.antecedent[edge]), int(graph.consequent[edge])
        n_a, n_b = (sum(item in s for s in sets) for item in (a, b))
        both = sum(a in s and b in s for s in sets)
        assert graph.count[edge] == both >= 30
        assert graph.support[edge] == both / N
        assert graph.confidence[edge] == both / n_a
        bounds = stats.binomtest(both, n_a).proportion_ci(0.95, method="wilson")
        assert graph.confidence_lower[edge] == pytest.approx(bounds.low)
        assert graph.confidence_upper[edge] == pytest.approx(bounds.high)
        assert graph.lift[edge] == pytest.approx(N * both / (n_a * n_b))
        expected, _ = naive.expected_count(sets, a, b, SIZE_STRATA)
        assert graph.lift_adjusted[edge] == pytest.approx(both / expected)


def test_both_directions_agree(planted):
    graph = build_graph(planted[0])
    row = {(a, b): i for i, (a, b) in enumerate(zip(graph.antecedent.tolist(), graph.consequent.tolist()))}
    back = np.array([row[b, a] for a, b in row])
    for name in ("count", "customers", "support", "lift", "lift_adjusted", "lift_eb", "owner_lift_eb", "q_value"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(graph, name)[back])
    assert list(row) == sorted(row)
    np.testing.assert_array_equal(graph.indptr, np.searchsorted(graph.antecedent, np.arange(PRODUCTS + 1)))
    above = graph.lift_eb > 1
    assert above.any()
    assert (graph.lift_eb_lower <= graph.lift_eb)[above].all()
    assert (graph.lift_eb <= graph.lift_eb_upper)[above].all()
    assert np.isnan(graph.lift_eb_lower[~above]).all()


def test_the_prior_does_not_depend_on_what_is_kept(planted):
    pairs = planted[0]
    some, all_ = (build_graph(pairs, settings=GraphSettings(min_pair_count=k)) for k in (20, 1))
    assert some.info["prior"] == all_.info["prior"]
    assert len(all_) == 2 * (pairs.count >= 1).sum() > len(some)
    kept = all_.count >= 20
    for name in ("lift_eb", "q_value", "lift_eb_lower"):
        np.testing.assert_array_equal(getattr(all_, name)[kept], getattr(some, name))


def test_one_basket_together_never_ranks_first(planted):
    graph = build_graph(planted[0], settings=GraphSettings(min_pair_count=1))
    once = graph.count == 1
    assert once.sum() > 100
    best = graph.lift_eb.argmax()
    assert graph.count[best] > 10
    assert np.sort(graph.lift_eb[once])[-1] < graph.lift_eb[best] / 2


def test_habits_are_no_discoveries_at_customer_grain():
    """Each customer repeats one basket of independent products: many baskets together, no affinity."""
    rng = np.random.default_rng(5)
    habits = null_baskets(rng, 700, PRODUCTS, rng.integers(2, 7, 700))
    customer = np.repeat(np.arange(700), 10)
    graphs = [build_graph(make_pairs([habits[c] for c in customer], PRODUCTS, who)) for who in (customer, None)]
    assert [graph.q_grain for graph in graphs] == ["customer", "basket"]
    assert graphs[0].info["significant"] <= 1
    assert graphs[1].info["significant"] > 10


def test_without_customers_owner_columns_are_unknown(planted):
    graph = build_graph(make_pairs(planted[2], PRODUCTS))
    assert np.isnan(graph.owner_lift_eb).all()
    assert (graph.customers == 0).all()
    assert graph.info["owner_prior"] is None


def test_rare_pairs_are_not_tested():
    baskets = [np.array([0, 1])] * 6 + [np.array([2 + i % 30, 33 + i % 31]) for i in range(4000)]
    pairs = make_pairs(baskets, 70)
    evidence = weigh_pairs(pairs.a, pairs.b, pairs.count, pairs.baskets, test=True)
    assert np.isnan(evidence.q_value[0])
    assert not np.isnan(evidence.q_value).all()
    assert build_graph(pairs).lift_eb[0] > 1


def test_small_shops_are_fitted_on_all_pairs():
    rng = np.random.default_rng(0)
    graph = build_graph(make_pairs(null_baskets(rng, 400, 12, rng.integers(1, 5, 400)), 12))
    assert graph.info["prior"]["method"] == "one_gamma"
    assert graph.info["prior"]["pairs"] == 66
    assert np.ptp(graph.lift_eb) < np.ptp(graph.lift_adjusted)


@pytest.mark.parametrize("customer", [None, np.array([0, 0])])
def test_nothing_together_is_an_empty_graph(customer):
    graph = build_graph(make_pairs([np.array([0]), np.array([1])], 3, customer))
    assert len(graph) == 0
    assert graph.to_pandas().columns[:3].tolist() == ["antecedent", "consequent", "count"]
    assert len(graph.neighbors("p000")) == 0


def test_shards_add_up(planted):
    pairs, _, baskets = planted
    halves = make_pairs(baskets[: N // 2], PRODUCTS) + make_pairs(baskets[N // 2 :], PRODUCTS)
    one, two = build_graph(make_pairs(baskets, PRODUCTS)), build_graph(halves)
    for name in ("count", "lift_eb", "q_value", "community"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
