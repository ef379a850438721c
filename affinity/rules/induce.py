"""Itemset counts to association rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial
from typing import Literal

import numpy as np

from affinity.measures import compute
from affinity.rules.check import check_settings, encode_consequents
from affinity.rules.significance import RuleTests
from affinity.rules.splits import Filters, Found, Splits, count_candidates, find_rules, make_splits
from affinity.rules.subsets import Lattice, first_rows
from affinity.statistics.false_discovery import benjamini_hochberg, benjamini_yekutieli
from affinity.tables import ItemsetCounts, Rules
from affinity.threads import map_rows

DEFAULT_MEASURES = (
    "support", "confidence", "lift", "leverage", "conviction", "zhangs_metric", "jaccard", "kulczynski", "cosine",
    "odds_ratio",
)  # fmt: skip
#: Confidence that a rule must add to every more general one to be called productive.
LEAST_IMPROVEMENT = 0.01
#: The `Filters.general` of each way to prune.
_GENERAL = {None: 0, "redundant": 1, "unproductive": 2}


def induce_rules(
    itemsets: ItemsetCounts,
    *,
    min_confidence: float = 0.1,
    min_lift: float | None = None,
    measures: Iterable[str] = DEFAULT_MEASURES,
    consequent_size: int | None = None,
    consequents: Iterable[Hashable] | None = None,
    prune: Literal["redundant", "unproductive"] | None = None,
    test: Literal["mid-p", "exact"] | None = "mid-p",
    correction: Literal["bh", "by"] = "bh",
) -> Rules:
    """Every rule X ⇒ Y whose X ∪ Y is among ``itemsets``, with its counts, measures and q-value.

    min_confidence  : least n_xy / n_x, in [0, 1]; min_lift : least lift, unset: any
    measures        : names of `affinity.measures.MEASURES` to compute, in this order
    consequent_size : items in Y, unset: any; consequents : labels, only rules all of whose Y is among them
    prune           : "redundant" drops a rule when a more general one (part of X, or none of it) is at least as
                      confident; "unproductive" drops it unless every item of X raises Y among the baskets with
                      the rest of X (q ≤ .05) and confidence is ≥ 1 point above every more general rule
    test            : one-sided binomial "mid-p", or the "exact" tail, never too small; None: no test, q_value NaN,
                      and the work is that of the rules that are kept, not of all candidates
    correction      : "bh" Benjamini–Hochberg, or "by" Benjamini–Yekutieli, which holds under any dependence

    q_value is over all candidates before any filter: every split of every itemset of three and
    more items, and for two items all P(P−1) ordered pairs of frequent items, seen or not (``info["candidates"]``);
    ``consequent_size`` makes them fewer, ``consequents`` does not.
    Tests are at basket grain: customers who repeat their baskets make p too small.
    The null allows for basket sizes where the itemsets know their baskets, so that uneven sizes are not taken for
    affinity; otherwise it is classical independence, and ``info["null"]`` says so.
    Nothing to be found gives a table without rows. Closed or maximal itemsets lack the counts of subsets:
    SettingsError. Sources: Agrawal & Srikant 1994; Bayardo, Agrawal & Gunopulos 1999; Webb 2007.
    """
    names = tuple(measures)
    check_settings(
        itemsets, names, min_confidence=min_confidence, min_lift=min_lift, consequent_size=consequent_size, prune=prune,
        test=test, correction=correction,
    )  # fmt: skip
    candidates = count_candidates(first_rows(itemsets.sizes), consequent_size)
    lattice = Lattice(itemsets)
    productive = prune == "unproductive"
    splits = make_splits(lattice.largest, consequent_size, one_test_both_ways=not productive)
    filters = Filters(
        n=itemsets.n_baskets,
        min_confidence=min_confidence,
        min_lift=-np.inf if min_lift is None else min_lift,
        general=_GENERAL[prune],
        improvement=LEAST_IMPROVEMENT,
        allowed=encode_consequents(itemsets.products, consequents),
    )
    csr = lattice.indptr, lattice.item, lattice.drop, lattice.single
    order = np.arange(lattice.first[1], len(itemsets))
    found = find_rules(order, csr, lattice.count.astype(np.float64), splits, filters)
    q = np.full(len(found.xy), np.nan)
    if test is not None:
        p, start = RuleTests(lattice, itemsets.margins, test).run(splits, productive)
        q = _q_values(p, splits, lattice.first, candidates, correction)[start[found.xy] + splits.place[found.split]]
    if productive:
        kept = np.flatnonzero(q <= 0.05)
        found, q = found.take(kept), q[kept]
    info: dict[str, object] = {
        "candidates": candidates,
        "null": "classical" if itemsets.margins is None else "basket sizes allowed for",
        "test": test,
        "correction": correction,
        "q_of": "productivity" if productive else "association",
        "q_grain": "basket",
        "min_confidence": float(min_confidence),
        "prune": prune,
    }
    return _make_table(lattice, found, q, names, info)


def _q_values(p: np.ndarray, splits: Splits, first: np.ndarray, candidates: int, correction: str) -> np.ndarray:
    """float64 beside ``p``: a test that stands for X ⇒ Y and Y ⇒ X counts twice."""
    n_of_size = np.diff(first)
    tests = np.array([len(tested) for tested in splits.tested])
    twice = np.diff(splits.first) > tests
    if correction == "bh" and twice[2:].all():
        # Each p-value twice among m candidates: its rank over m is that of one among half as many.
        return benjamini_hochberg(p, candidates // 2)
    both = np.concatenate([p, p[np.repeat(twice, n_of_size * tests)]])
    adjust = benjamini_hochberg if correction == "bh" else benjamini_yekutieli
    return adjust(both, candidates)[: len(p)]


def _make_table(lattice: Lattice, found: Found, q: np.ndarray, names: tuple[str, ...], info: dict[str, object]) -> Rules:
    from affinity.kernels.rules_split import order_by

    # Itemsets come in order, and so do the consequents of one antecedent: sorting by antecedent is all there is to do.
    order = np.empty(len(q), dtype=np.int64)
    order_by(found.x, np.zeros(len(lattice.count) + 2, dtype=np.int64), order)
    found, q = found.take(order), q[order]
    n_xy, n_x, n_y, n = lattice.count[found.xy], lattice.count[found.x], lattice.count[found.y], lattice.itemsets.n_baskets
    x_indptr, x_item = gather(lattice, found.x)
    y_indptr, y_item = gather(lattice, found.y)
    tables = [count.astype(np.float64) for count in (n_xy, n_x, n_y)]
    return Rules(
        antecedent_indptr=x_indptr,
        antecedent_item=x_item,
        consequent_indptr=y_indptr,
        consequent_item=y_item,
        n_xy=n_xy,
        n_x=n_x,
        n_y=n_y,
        n=n,
        q_value=q,
        products=lattice.itemsets.products,
        measures={name: map_rows(partial(_measure, name, n), *tables) for name in names},
        info=info,
    )


def _measure(name: str, n: int, n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray) -> np.ndarray:
    return compute(name, n_xy, n_x, n_y, n)


def gather(lattice: Lattice, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CSR (int64 indptr, int32 item) of the itemsets at ``rows``."""
    from affinity.kernels.rules_lattice import gather_itemsets

    indptr = np.empty(len(rows) + 1, dtype=np.int64)
    item = np.empty(int((lattice.indptr[rows + 1] - lattice.indptr[rows]).sum()), dtype=np.int32)
    gather_itemsets(lattice.indptr, lattice.item, rows, indptr, item)
    return indptr, item
