"""Pair counts to the product-pair graph."""

from __future__ import annotations

import numpy as np

from affinity.graph.communities import find_communities
from affinity.graph.evidence import GrainEvidence, judge_pairs, weigh_pairs
from affinity.settings import GraphSettings
from affinity.statistics.intervals import wilson_interval
from affinity.statistics.shrinkage import GammaMixture
from affinity.tables import PairCounts, PairGraph


def build_graph(pairs: PairCounts, *, settings: GraphSettings | None = None) -> PairGraph:
    """Weigh product pairs and keep those seen often enough to be published, in both directions.

    Per pair: support n_ab/n; confidence n_ab/n_a with its Wilson bounds; classical lift n·n_ab/(n_a·n_b);
    lift_adjusted = n_ab/E*, E* the count of independent products in baskets of these sizes; lift_eb, its
    empirical-Bayes estimate (never raw lift ranks: at n_ab = 1 it is 1/E*), with 5 % and 95 % bounds; the same at
    customer grain (owner_lift_eb); q_value, the false-discovery rate over all candidate pairs, at customer grain
    where there are customers (repeat habits are no discoveries), else at basket grain. The prior behind lift_eb is
    fitted on every pair seen, not only on those kept.

    pairs    : counts with their margins; settings.min_pair_count : baskets that a kept pair must be in
    Without pairs the graph is empty. Sources: DuMouchel 1999; Benjamini & Hochberg 1995; Wilson 1927.
    """
    settings = settings or GraphSettings()
    baskets = weigh_pairs(pairs.a, pairs.b, pairs.count, pairs.baskets)
    owners = None if pairs.owners is None else weigh_pairs(pairs.a, pairs.b, pairs.customers, pairs.owners)
    if owners is None or pairs.owners is None:
        tested = judge_pairs(pairs.count, pairs.a, pairs.b, baskets, pairs.baskets)
    else:
        tested = judge_pairs(pairs.customers, pairs.a, pairs.b, owners, pairs.owners)
    kept = np.flatnonzero(pairs.count >= settings.min_pair_count)
    columns = _pair_columns(pairs, kept, baskets, owners)
    columns["q_value"] = tested.q_value[kept]
    info = {
        "pairs_seen": int((pairs.count > 0).sum()),
        "pairs_kept": len(kept),
        "candidates": tested.candidates,
        "candidates_exact": tested.exact,
        "fdr": settings.fdr,
        "significant": int((columns["q_value"] <= settings.fdr).sum()),
        "prior": _describe(baskets.prior),
        "owner_prior": None if owners is None else _describe(owners.prior),
        "left_out_customers": pairs.left_out_customers,
    }
    return _both_directions(pairs, kept, columns, settings, info)


def _pair_columns(
    pairs: PairCounts, kept: np.ndarray, baskets: GrainEvidence, owners: GrainEvidence | None
) -> dict[str, np.ndarray]:
    """The columns that do not depend on the direction, for the ``kept`` pairs."""
    count, expected, n = pairs.count[kept], baskets.expected[kept], max(pairs.baskets.n, 1)
    share_a = pairs.baskets.n_item[pairs.a[kept]] / n
    share_b = pairs.baskets.n_item[pairs.b[kept]] / n
    support = count / n
    if owners is None:
        owner_lift = np.full(len(kept), np.nan)
    else:
        owner_lift = owners.prior.posterior_log_mean(pairs.customers[kept], owners.expected[kept])
    return {
        "count": count,
        "customers": pairs.customers[kept],
        "support": support,
        "lift": support / share_a / share_b,
        "lift_adjusted": count / expected,
        "lift_eb": baskets.prior.posterior_log_mean(count, expected),
        "lift_eb_lower": baskets.prior.quantile(count, expected, 0.05),
        "lift_eb_upper": baskets.prior.quantile(count, expected, 0.95),
        "owner_lift_eb": owner_lift,
    }


def _both_directions(
    pairs: PairCounts,
    kept: np.ndarray,
    columns: dict[str, np.ndarray],
    settings: GraphSettings,
    info: dict[str, object],
) -> PairGraph:
    a, b, n_products = pairs.a[kept], pairs.b[kept], len(pairs.products)
    community = find_communities(a, b, columns, n_products, settings, with_customers=pairs.owners is not None)
    info["communities"] = int(community.max(initial=-1)) + 1
    antecedent, consequent = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((consequent, antecedent))
    antecedent, consequent = antecedent[order], consequent[order]
    pair = order % max(len(a), 1)
    edges = {name: columns.pop(name)[pair] for name in tuple(columns)}
    n_item = pairs.baskets.n_item
    lower, upper = wilson_interval(edges["count"], n_item[antecedent])
    return PairGraph(
        indptr=np.searchsorted(antecedent, np.arange(n_products + 1)).astype(np.int64),
        consequent=consequent.astype(np.int32),
        n_item=n_item,
        n=pairs.baskets.n,
        confidence=edges["count"] / n_item[antecedent],
        confidence_lower=lower,
        confidence_upper=upper,
        community=community,
        products=pairs.products,
        q_grain="basket" if pairs.owners is None else "customer",
        info=info,
        **edges,
    )


def _describe(prior: GammaMixture) -> dict[str, object]:
    return {
        "method": prior.method,
        "alpha_1": prior.alpha_1,
        "beta_1": prior.beta_1,
        "alpha_2": prior.alpha_2,
        "beta_2": prior.beta_2,
        "weight": prior.weight,
        "mean": prior.prior_mean,
        "pairs": prior.n_pairs,
    }
