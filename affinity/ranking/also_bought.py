"""For product and cart widgets: what is best bought with a product, in the same basket."""

from __future__ import annotations

import numpy as np

from affinity.ranking.choice import ranks_within
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.recommendations import AlsoBought

#: Columns of the graph that go along as evidence.
EVIDENCE = ("count", "customers", "confidence", "lift_adjusted", "lift_eb", "lift_eb_lower", "q_value")


def list_also_bought(graph: PairGraph, *, products: Products | None = None, k: int = 10) -> AlsoBought:
    """The ``k`` best companions B of each product A: score = n_B/n × shrunk lift, falling; ties by product code.

    That is the share of A's baskets expected to hold B, shrunk where the pair is thin. Only pairs bought together
    more often than basket sizes explain (lift_eb > 1), and only products on sale (``products``; None: all).
    """
    shown = graph.lift_eb > 1.0
    if products is not None:
        shown &= products.available[graph.consequent]
    rows = np.flatnonzero(shown)
    antecedent, consequent = graph.antecedent[rows], graph.consequent[rows]
    score = graph.n_item[consequent] / max(graph.n, 1) * graph.lift_eb[rows]
    order = np.lexsort((consequent, -score, antecedent))
    order = order[ranks_within(antecedent[order]) <= k]
    return AlsoBought(
        product=antecedent[order],
        rank=ranks_within(antecedent[order]),
        recommended=consequent[order],
        score=score[order],
        products=graph.products,
        evidence={name: getattr(graph, name)[rows[order]] for name in EVIDENCE},
    )
