"""Itemset counts to association rules."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from affinity.errors import SettingsError, TooLarge, did_you_mean
from affinity.measures import compute, get_measure
from affinity.rules.significance import RuleTests
from affinity.rules.subsets import SubsetIndex, Subsets
from affinity.statistics.false_discovery import benjamini_hochberg
from affinity.tables import ItemsetCounts, Rules

DEFAULT_MEASURES = (
    "support", "confidence", "lift", "leverage", "conviction", "zhangs_metric", "jaccard", "kulczynski", "cosine",
    "odds_ratio",
)  # fmt: skip
PRUNES = ("redundant", "unproductive")
#: Candidate rules that are looked at, at most (about 30 bytes and a microsecond each).
MOST_CANDIDATES = 200_000_000
#: Confidence that a rule must add to every more general one to be called productive.
LEAST_IMPROVEMENT = 0.01


def induce_rules(
    itemsets: ItemsetCounts,
    *,
    min_confidence: float = 0.1,
    min_lift: float | None = None,
    measures: Iterable[str] = DEFAULT_MEASURES,
    consequent_size: int | None = None,
    prune: Literal["redundant", "unproductive"] | None = None,
) -> Rules:
    """Every rule X ⇒ Y whose X ∪ Y is among ``itemsets``, with its counts, measures and q-value.

    min_confidence  : least n_xy / n_x, in [0, 1]; min_lift : least lift, unset: any
    measures        : names of `affinity.measures.MEASURES` to compute, in this order
    consequent_size : items in Y, unset: any
    prune           : "redundant" drops a rule when a more general one (part of X, or none of it) is at least as
                      confident; "unproductive" drops it unless every item of X raises Y among the baskets with
                      the rest of X (q ≤ .05) and confidence is ≥ 1 point above every more general rule

    q_value is Benjamini–Hochberg over all candidates before any filter: every split of every itemset of three and
    more items, and for two items all P(P−1) ordered pairs of frequent items, seen or not (``info["candidates"]``).
    One-sided binomial mid-p at basket grain: customers who repeat their baskets make it too small.
    The null allows for basket sizes where the itemsets know their baskets, so that uneven sizes are not taken for
    affinity; otherwise it is classical independence, and ``info["null"]`` says so.
    Nothing to be found gives a table without rows. Closed or maximal itemsets lack the counts of subsets:
    SettingsError. Sources: Agrawal & Srikant 1994; Bayardo, Agrawal & Gunopulos 1999; Webb 2007.
    """
    names = tuple(measures)
    _check(itemsets, names, min_confidence=min_confidence, min_lift=min_lift, consequent_size=consequent_size, prune=prune)
    index, margins = SubsetIndex(itemsets), itemsets.margins
    candidates = count_candidates(index, consequent_size)
    tests = RuleTests(index, margins)
    found = _Found()
    for subsets in index.blocks():
        for x in _antecedents(subsets, consequent_size):
            _add_rules(found, subsets, x, tests, (min_confidence, min_lift or 0.0, prune))
    info: dict[str, object] = {
        "candidates": candidates,
        "null": "classical" if margins is None else "basket sizes allowed for",
        "q_of": "productivity" if prune == "unproductive" else "association",
        "q_grain": "basket",
        "min_confidence": float(min_confidence),
        "prune": prune,
    }
    return _make_table(itemsets, found, names, candidates, info)


def count_candidates(index: SubsetIndex, consequent_size: int | None) -> int:
    """Rules that are tested: all splits of itemsets of three and more items, all ordered pairs of single items."""
    total = index.n_single * (index.n_single - 1) if consequent_size in (None, 1) else 0
    for size in range(3, index.largest + 1):
        splits = (1 << size) - 2 if consequent_size is None else comb(size, consequent_size) * (consequent_size < size)
        total += int(index.first[size + 1] - index.first[size]) * splits
    looked_at = total - index.n_single * (index.n_single - 1)
    if looked_at > MOST_CANDIDATES:
        raise TooLarge(
            f"{looked_at:,} candidate rules from itemsets of up to {index.largest} items.",
            why=f"More than {MOST_CANDIDATES:,} would not fit.",
            do="Pass consequent_size=1, or mine with a smaller max_size or a larger min_support.",
        )
    return total


class _Found:
    """What was tested and what was kept: p of every candidate; rows of both sides of the kept ones."""

    def __init__(self) -> None:
        self.p: list[np.ndarray] = [np.empty(0)]
        self.kept: list[np.ndarray] = [np.empty(0, dtype=bool)]
        self.x: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
        self.y: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
        self.xy: list[np.ndarray] = [np.empty(0, dtype=np.int64)]


def _antecedents(subsets: Subsets, consequent_size: int | None) -> Iterable[int]:
    if consequent_size is None:
        return range(1, subsets.full)
    if consequent_size >= subsets.size:
        return ()
    places = range(subsets.size)
    return (subsets.full ^ sum(1 << place for place in y) for y in combinations(places, consequent_size))


def _add_rules(found: _Found, subsets: Subsets, x: int, tests: RuleTests, keep: tuple[float, float, str | None]) -> None:
    min_confidence, min_lift, prune = keep
    y = subsets.full ^ x
    n_xy, n_x, n_y = subsets.count(subsets.full), subsets.count(x), subsets.count(y)
    confidence = n_xy / n_x
    kept = (confidence >= min_confidence) & (confidence / (n_y / tests.n_baskets) >= min_lift)
    if prune is not None:
        best = _best_of_general(subsets, x, y, tests.n_baskets)
        kept &= confidence > best if prune == "redundant" else confidence - best >= LEAST_IMPROVEMENT
    if prune == "unproductive":
        p = tests.productivity(subsets, x, y)
    else:
        # The association of X with Y is that of Y with X: the mask that comes first has left it.
        p = subsets.p_of.pop(x) if x in subsets.p_of else subsets.p_of.setdefault(y, tests.association(subsets, x, y))
    found.p.append(p)
    found.kept.append(kept)
    found.x.append(subsets.row(x)[kept])
    found.y.append(subsets.row(y)[kept])
    found.xy.append(subsets.rows[kept])


def _best_of_general(subsets: Subsets, x: int, y: int, n_baskets: int) -> np.ndarray:
    """The highest confidence of X′ ⇒ Y over the proper parts X′ of X, the empty one included."""
    best = subsets.count(y) / n_baskets
    part = (x - 1) & x
    while part:
        best = np.maximum(best, subsets.count(part | y) / subsets.count(part))
        part = (part - 1) & x
    return best


def _make_table(
    itemsets: ItemsetCounts, found: _Found, names: tuple[str, ...], candidates: int, info: dict[str, object]
) -> Rules:
    q = benjamini_hochberg(np.concatenate(found.p), candidates)[np.concatenate(found.kept)]
    x, y, xy = np.concatenate(found.x), np.concatenate(found.y), np.concatenate(found.xy)
    if info["prune"] == "unproductive":
        productive = q <= 0.05
        q, x, y, xy = q[productive], x[productive], y[productive], xy[productive]
    order = np.lexsort((y, x))
    q, x, y, xy = q[order], x[order], y[order], xy[order]
    n_xy, n_x, n_y, n = itemsets.count[xy], itemsets.count[x], itemsets.count[y], itemsets.n_baskets
    x_indptr, x_item = _gather(itemsets, x)
    y_indptr, y_item = _gather(itemsets, y)
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
        products=itemsets.products,
        measures={name: compute(name, n_xy, n_x, n_y, n) for name in names},
        info=info,
    )


def _gather(itemsets: ItemsetCounts, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CSR (int64 indptr, int32 item) of the itemsets at ``rows``."""
    sizes = itemsets.sizes[rows]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
    return indptr, itemsets.item[np.repeat(itemsets.indptr[:-1][rows], sizes) + within].astype(np.int32)


def _check(
    itemsets: ItemsetCounts,
    measures: tuple[str, ...],
    *,
    min_confidence: float,
    min_lift: float | None,
    consequent_size: int | None,
    prune: str | None,
) -> None:
    if itemsets.target != "frequent":
        raise SettingsError(
            f"Rules cannot be made from {itemsets.target} itemsets.",
            why="They lack the counts of their subsets, and a rule needs the counts of both of its sides.",
            do="Mine with target='frequent'.",
        )
    if not 0.0 <= min_confidence <= 1.0:
        raise SettingsError(f"min_confidence={min_confidence!r} is not between 0 and 1.", do="0.1 asks for one basket in ten.")
    if min_lift is not None and not min_lift >= 0.0:
        raise SettingsError(f"min_lift={min_lift!r} is negative or no number.", do="1 is independence.")
    if consequent_size is not None and (consequent_size != int(consequent_size) or consequent_size < 1):
        raise SettingsError(f"consequent_size={consequent_size!r} is no number of items from 1.", do="Leave it out for any.")
    if prune is not None and prune not in PRUNES:
        raise SettingsError(f"prune={prune!r} is not a way to prune.", do=did_you_mean(str(prune), PRUNES))
    for name in measures:
        get_measure(name)
