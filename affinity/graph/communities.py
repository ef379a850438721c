"""Communities of products that go together: candidates for bundles."""

from __future__ import annotations

import numpy as np

from affinity.settings import GraphSettings
from affinity.statistics.elementary import log
from affinity.tables import Bundles, PairGraph

#: Strongest edges that each product brings along: more would only weld communities together.
STRONGEST = 10
SEED = 20260101


def find_communities(
    a: np.ndarray,
    b: np.ndarray,
    columns: dict[str, np.ndarray],
    n_products: int,
    settings: GraphSettings,
    *,
    with_customers: bool,
) -> np.ndarray:
    """int32[n_products]: the community of each product, numbered by its smallest label, −1 where it has none.

    Louvain modularity (Blondel et al. 2008; fixed seed) over the pairs that hold up: lift_eb_lower > 1, q-value
    at most ``settings.fdr``, or, where the pair was too rare to be tested, enough distinct customers. Weights are
    ln lift_eb; each product brings its 10 strongest edges. The same pairs give the same communities.
    """
    q = columns["q_value"]
    tested = ~np.isnan(q)
    enough = columns["customers"] >= settings.min_pair_count if with_customers else np.ones(len(a), dtype=bool)
    holds = (columns["lift_eb_lower"] > 1.0) & np.where(tested, q <= settings.fdr, enough)
    rows = np.flatnonzero(holds)
    rows = rows[_among_strongest(a[rows], b[rows], columns["lift_eb"][rows])]
    return _louvain(a[rows], b[rows], log(columns["lift_eb"][rows]), n_products)


def list_bundles(graph: PairGraph) -> Bundles:
    """The communities of ``graph`` as a table: bundle, product, strength, strongest product first.

    strength = Σ ln lift_eb over the kept edges with lift_eb_lower > 1 from the product to others of its bundle.
    """
    antecedent = graph.antecedent
    within = (graph.community[antecedent] == graph.community[graph.consequent]) & (graph.lift_eb_lower > 1.0)
    weights = log(graph.lift_eb[within])
    strength = np.bincount(antecedent[within], weights=weights, minlength=len(graph.products))
    product = np.flatnonzero(graph.community >= 0)
    bundle = graph.community[product]
    order = np.lexsort((product, -strength[product], bundle))
    return Bundles(
        bundle=bundle[order].astype(np.int32),
        product=product[order].astype(np.int32),
        strength=strength[product][order].astype(np.float64),
        products=graph.products,
    )


def _among_strongest(a: np.ndarray, b: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """bool[n]: whether the edge is among the `STRONGEST` of either end (ties by partner)."""
    end, partner = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((partner, -np.concatenate([lift, lift]), end))
    sorted_end = end[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_end, sorted_end)
    among = np.zeros(len(a), dtype=bool)
    among[order[rank < STRONGEST] % max(len(a), 1)] = True
    return among


def _louvain(a: np.ndarray, b: np.ndarray, weight: np.ndarray, n_products: int) -> np.ndarray:
    community = np.full(n_products, -1, dtype=np.int32)
    if len(a) == 0:
        return community
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(np.unique(np.concatenate([a, b])).tolist())
    network.add_weighted_edges_from(zip(a.tolist(), b.tolist(), weight.tolist()))
    found = nx.community.louvain_communities(network, weight="weight", seed=SEED)
    for number, members in enumerate(sorted(sorted(group) for group in found if len(group) > 1)):
        community[members] = number
    return community
