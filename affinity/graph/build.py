"""Pair counts to the product-pair graph."""

from __future__ import annotations

import numpy as np

from affinity import mapped
from affinity.graph.communities import find_communities
from affinity.graph.evidence import GrainEvidence, weigh_pairs
from affinity.memory import require_room, scale_block
from affinity.settings import GraphSettings
from affinity.statistics.intervals import wilson_interval
from affinity.statistics.shrinkage import GammaMixture
from affinity.tables import PairCounts, PairGraph
from affinity.threads import map_rows, run_together

#: Pairs up to which both grains are weighed side by side: each takes about 17 bytes a pair while it is.
SIDE_BY_SIDE = 20_000_000
BYTES_PER_PAIR = 17
#: Bytes of a pair that is kept, in both directions, and while it is put in order.
BYTES_PER_KEPT_PAIR = 500


def build_graph(
    pairs: PairCounts, *, settings: GraphSettings | None = None, memory_budget: int | str | None = None
) -> PairGraph:
    """Weigh product pairs and keep those seen often enough to be published, in both directions.

    Per pair: support n_ab/n; confidence n_ab/n_a with its Wilson bounds; classical lift n·n_ab/(n_a·n_b);
    lift_adjusted = n_ab/E*, E* the count of independent products in baskets of these sizes; lift_eb, its
    empirical-Bayes estimate (never raw lift ranks: at n_ab = 1 it is 1/E*), with 5 % and 95 % bounds where it is
    above 1 (else null); the same at customer grain (owner_lift_eb); q_value, the false-discovery rate over all
    candidate pairs, at customer grain where there are customers (repeat habits are no discoveries), else at basket
    grain. The prior behind lift_eb is fitted on every pair seen, not only on those kept.

    pairs    : counts with their margins; settings.min_pair_count : baskets that a kept pair must be in
    memory_budget : bytes, or a text such as "8GB", that the run may hold; TooLarge where the pairs do not fit. Of counts in
               files (see `affinity.counting.count_pairs`) only the kept pairs are held
    Without pairs the graph is empty. Sources: DuMouchel 1999; Benjamini & Hochberg 1995; Wilson 1927.
    """
    settings = settings or GraphSettings()
    blocks = list(mapped.split_rows(len(pairs)))
    kept = np.concatenate([rows.start + np.flatnonzero(pairs.count[rows] >= settings.min_pair_count) for rows in blocks])
    in_files = mapped.is_mapped(pairs.count)
    side_by_side = not in_files and len(pairs) <= scale_block(SIDE_BY_SIDE, memory_budget)
    in_memory = 0 if in_files else BYTES_PER_PAIR * len(pairs) * (2 if side_by_side else 1)
    require_room(memory_budget, "weighing pairs", BYTES_PER_KEPT_PAIR * len(kept) + in_memory)
    grains = (lambda: _basket_grain(pairs, kept), lambda: _owner_grain(pairs, kept))
    (lifts, baskets), (owned, owners) = run_together(*grains) if side_by_side else (grains[0](), grains[1]())
    columns, tested = lifts | owned, owners or baskets
    info = {
        "pairs_seen": sum(int(np.count_nonzero(pairs.count[rows])) for rows in blocks),
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


def _basket_grain(pairs: PairCounts, kept: np.ndarray) -> tuple[dict[str, np.ndarray], GrainEvidence]:
    """The columns of the ``kept`` pairs that baskets give, and the evidence; q-values where there are no customers."""
    found = weigh_pairs(pairs.a, pairs.b, pairs.count, pairs.baskets, test=pairs.owners is None, rows=kept)
    count, expected, n = pairs.count[kept].astype(np.int64), found.expected, max(pairs.baskets.n, 1)
    share_a = pairs.baskets.n_item[pairs.a[kept]] / n
    share_b = pairs.baskets.n_item[pairs.b[kept]] / n
    lift_eb = map_rows(found.prior.posterior_log_mean, count, expected)
    lower, upper = np.full(len(kept), np.nan), np.full(len(kept), np.nan)
    above = np.flatnonzero(lift_eb > 1.0)  # only these can be shown as bought together
    lower[above], upper[above] = run_together(
        lambda: found.prior.quantile(count[above], expected[above], 0.05),
        lambda: found.prior.quantile(count[above], expected[above], 0.95),
    )
    support = count / n
    columns = {
        "count": count,
        "support": support,
        "lift": support / share_a / share_b,
        "lift_adjusted": count / expected,
        "lift_eb": lift_eb,
        "lift_eb_lower": lower,
        "lift_eb_upper": upper,
        "q_value": found.q_value,
    }
    return columns, found


def _owner_grain(pairs: PairCounts, kept: np.ndarray) -> tuple[dict[str, np.ndarray], GrainEvidence | None]:
    """The columns of the ``kept`` pairs that customers give, and the evidence; None without customers."""
    if pairs.owners is None:
        return {"customers": pairs.customers[kept].astype(np.int64), "owner_lift_eb": np.full(len(kept), np.nan)}, None
    found = weigh_pairs(pairs.a, pairs.b, pairs.customers, pairs.owners, test=True, rows=kept)
    customers = pairs.customers[kept].astype(np.int64)
    columns = {
        "customers": customers,
        "owner_lift_eb": map_rows(found.prior.posterior_log_mean, customers, found.expected),
        "q_value": found.q_value,
    }
    return columns, found


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
    order = np.argsort(antecedent.astype(np.int64) * n_products + consequent)
    antecedent, consequent = antecedent[order], consequent[order]
    pair = order % max(len(a), 1)
    edges = {name: columns.pop(name)[pair] for name in tuple(columns)}
    n_item = pairs.baskets.n_item
    bounds = map_rows(lambda count, n: np.column_stack(wilson_interval(count, n)), edges["count"], n_item[antecedent])
    return PairGraph(
        indptr=np.searchsorted(antecedent, np.arange(n_products + 1)).astype(np.int64),
        consequent=consequent.astype(np.int32),
        n_item=n_item,
        n=pairs.baskets.n,
        confidence=edges["count"] / n_item[antecedent],
        confidence_lower=np.ascontiguousarray(bounds[:, 0]),
        confidence_upper=np.ascontiguousarray(bounds[:, 1]),
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
