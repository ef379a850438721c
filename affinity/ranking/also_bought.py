"""For product and cart widgets: what is best bought with a product, in the same basket."""

from __future__ import annotations

import numpy as np

from affinity.ranking.choice import ranks_within
from affinity.ranking.kinds import are_related, name_kinds_of_pairs
from affinity.statistics.elementary import power
from affinity.tables.families import shared_families
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.recommendations import AlsoBought

#: Columns of the graph that go along as evidence.
EVIDENCE = ("count", "customers", "confidence", "lift_adjusted", "lift_eb", "lift_eb_lower", "q_value")


#: Share of the size of A in the cosine n_AB / (n_A^SHARE·n_B^(1 − SHARE)): towards what is true of A's baskets.
SHARE = 0.75


def leaning_cosine(count: np.ndarray, n_antecedent: np.ndarray | int, n_consequent: np.ndarray) -> np.ndarray:
    """float64: n_AB / (n_A^¾·n_B^¼) of pairs, in (0, 1]; 0.5 in place of ¾ is the cosine, 1 the confidence."""
    size = power(np.asarray(n_antecedent, dtype=np.float64), SHARE)
    return np.asarray(count / (size * power(n_consequent.astype(np.float64), 1 - SHARE)))


def list_also_bought(
    graph: PairGraph, *, products: Products | None = None, k: int = 10, cross_sell_only: bool = False
) -> AlsoBought:
    """The ``k`` best companions B of each product A: score = n_AB / (n_A^¾·n_B^¼), falling; ties by product code.

    The cosine of the two, three quarters of the way to the confidence: the score of a cart that holds A alone (see
    `complete_cart`). Only pairs bought together more often than basket sizes explain (lift_eb > 1), and only products on
    sale (``products``; None: all). The evidence ``kind`` is "upsell" where both are of one product family; with
    ``cross_sell_only`` those are left out.
    """
    shown = graph.lift_eb > 1.0
    if products is not None:
        shown &= products.available[graph.consequent]
    if cross_sell_only and products is not None:
        shown &= ~are_related(graph.antecedent, graph.consequent, shared_families(products))
    rows = np.flatnonzero(shown)
    antecedent, consequent = graph.antecedent[rows], graph.consequent[rows]
    score = leaning_cosine(graph.count[rows], graph.n_item[antecedent], graph.n_item[consequent])
    order = np.lexsort((consequent, -score, antecedent))
    order = order[ranks_within(antecedent[order]) <= k]
    return AlsoBought(
        product=antecedent[order],
        rank=ranks_within(antecedent[order]),
        recommended=consequent[order],
        score=score[order],
        products=graph.products,
        evidence={name: getattr(graph, name)[rows[order]] for name in EVIDENCE}
        | {"kind": name_kinds_of_pairs(antecedent[order], consequent[order], products)},
    )
