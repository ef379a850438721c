"""Communities: planted groups come back, in a fixed order."""

from __future__ import annotations

from functools import cache

import numpy as np

from affinity.graph import build_graph, list_bundles
from tests.graph.worlds import make_pairs, null_baskets

GROUPS = [(30, 55, 80), (10, 90), (41, 42, 43, 44)]


@cache
def make_world(seed=0):
    rng = np.random.default_rng(seed)
    baskets = null_baskets(rng, 4000, 100, np.minimum(rng.geometric(0.3, 4000), 30))
    for group in GROUPS:
        for row in np.flatnonzero(rng.random(len(baskets)) < 0.02):
            baskets[row] = np.union1d(baskets[row], group)
    return make_pairs(baskets, 100, rng.integers(0, 3000, 4000))


def test_planted_groups_are_the_bundles():
    graph = build_graph(make_world())
    found = [tuple(np.flatnonzero(graph.community == k).tolist()) for k in range(graph.community.max() + 1)]
    assert found == sorted(GROUPS)


def test_bundles_list_their_strongest_product_first():
    graph = build_graph(make_world())
    bundles = list_bundles(graph)
    assert bundles.bundle.tolist() == [0] * 2 + [1] * 3 + [2] * 4
    for k in range(3):
        strength = bundles.strength[bundles.bundle == k]
        assert (np.diff(strength) <= 0).all()
        assert (strength > 0).all()
    frame = bundles.to_pandas()
    assert frame.columns.tolist() == ["bundle", "product_id", "strength"]
    assert set(frame["product_id"][:2]) == {"p010", "p090"}


def test_the_same_pairs_give_the_same_bundles():
    one, two = build_graph(make_world()), build_graph(make_world())
    assert one.community.tobytes() == two.community.tobytes()


def test_no_edges_no_bundles():
    bundles = list_bundles(build_graph(make_pairs([np.array([0])], 2)))
    assert len(bundles) == 0
    assert bundles.to_pandas().shape == (0, 3)
