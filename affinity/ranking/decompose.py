"""Scores taken apart: what each owned product and each popularity adds, summing up to the score exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from affinity.ranking.evidence import find_keys
from affinity.statistics.elementary import exp, log, log1p
from affinity.tables.contributions import OWNED, Contributions
from affinity.tables.fit_model import FitModel
from affinity.tables.holdings import Holdings
from affinity.tables.landmark import SegmentScores
from affinity.tables.recommendations import Recommendations

#: The part of a score that is there whatever is owned or popular: (blend of closed form + of cosine) × log ε.
START = "start"


@dataclass(frozen=True, eq=False)
class ScoreParts:
    """What the score u of a customer and product is made of.

    u = b₀·log(s + ε) + b₁·log(c + ε) + Σ_k b_k·popularity_k + b_s·segment, s and c sums over owned A of weight × edge and
    weight × cosine; b_k grows by b_"k_by_history" × log(1 + products owned) where the blend holds such a weight
    weight     : float64 a holding; popularity : name in the blend -> float64[n_products]; epsilon : ε
    segment    : what a customer's segment adds, times its weight
    """

    model: FitModel
    holdings: Holdings
    weight: np.ndarray
    popularity: Mapping[str, np.ndarray]
    segment: SegmentScores
    epsilon: float


def decompose_scores(recommendations: Recommendations, parts: ScoreParts) -> Contributions:
    """Every part of the score of each recommendation that the model scored.

    Owned A gets b₀·w_A·W_AB·L(s) + b₁·w_A·cos_AB·L(c) with L(x) = log(1 + x/ε)/x (1/ε at 0): the logarithm's rise from
    owning nothing, shared in proportion to the terms. That is the Aumann–Shapley value, the only sharing that adds
    up and does not depend on an order (Aumann and Shapley 1974; "integrated gradients", Sundararajan et al. 2017).
    Popularity k gets b_k × its value, the weight of buyers changing with log(1 + products owned); "start" is
    (b₀ + b₁)·log ε. odds = exp(slope × contribution).
    """
    model, recs = parts.model, recommendations
    rows = np.flatnonzero(~np.isnan(recs.score))
    row, owned, share = _owned_shares(rows, recs, parts)
    pieces = [(row, np.full(len(row), OWNED, dtype=object), owned, share)]
    closed, cosine = model.blend["closed_form"], model.blend["cosine"]
    flat = {START: np.full(len(rows), (closed + cosine) * log(parts.epsilon))}
    flat |= {name: _weight(name, rows, recs, parts) * value[recs.product[rows]] for name, value in parts.popularity.items()}
    score, place = parts.segment.score, parts.segment.place
    flat["segment"] = model.blend["segment"] * score[place[recs.customer[rows]], recs.product[rows]]
    nobody = np.full(len(rows), -1, dtype=np.int32)
    pieces += [(rows, np.full(len(rows), name, dtype=object), nobody, value) for name, value in flat.items()]
    return gather_parts(recs, pieces, model.slope)


def _weight(name: str, rows: np.ndarray, recs: Recommendations, parts: ScoreParts) -> np.ndarray | float:
    """The weight of a popularity: one for all, or one a row where it changes with what the customer owns."""
    blend = parts.model.blend
    by_history = blend.get(f"{name}_by_history")
    if by_history is None:
        return blend[name]
    owned = np.diff(parts.holdings.indptr)[recs.customer[rows]]
    return np.asarray(blend[name] + by_history * log1p(owned))


def gather_parts(
    recs: Recommendations, pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], slope: float
) -> Contributions:
    """Contributions from (row, part, because, contribution) columns, sorted by row, then size falling."""
    row, part, because, contribution = (np.concatenate(column) for column in zip(*pieces))
    order = np.lexsort((because, -np.abs(contribution), row))
    row, contribution = row[order], contribution[order]
    return Contributions(
        customer=recs.customer[row],
        rank=recs.rank[row],
        product=recs.product[row],
        part=part[order],
        because=because[order].astype(np.int32),
        contribution=contribution,
        odds=exp(slope * contribution),
        customers=recs.customers,
        products=recs.products,
    )


def _owned_shares(rows: np.ndarray, recs: Recommendations, parts: ScoreParts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, owned product, contribution) of every owned product with an edge to the row's product."""
    model, holdings = parts.model, parts.holdings
    begin, end = holdings.indptr[recs.customer[rows]], holdings.indptr[recs.customer[rows] + 1]
    counts = end - begin
    row = np.repeat(rows, counts)
    place = np.repeat(begin - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
    owned, product = holdings.product[place], recs.product[row]
    share = np.zeros(len(row))
    similar = (model.similar_indptr, model.similar_consequent, model.similar_edge)
    for name, edges in (("closed_form", (model.indptr, model.consequent, model.edge)), ("cosine", similar)):
        term = parts.weight[place] * _edge_weights(edges, owned, product)
        total = np.bincount(row, weights=term, minlength=len(recs))
        slope = np.full(len(recs), 1.0 / parts.epsilon)
        np.divide(log1p(total / parts.epsilon), total, out=slope, where=total > 0)
        share += model.blend[name] * term * slope[row]
    some = share != 0
    return row[some], owned[some], share[some]


def _edge_weights(edges: tuple[np.ndarray | None, ...], antecedent: np.ndarray, consequent: np.ndarray) -> np.ndarray:
    """float64: the weight of each antecedent → consequent, 0 without an edge."""
    indptr, to, weight = edges
    if indptr is None or to is None or weight is None or len(to) == 0:
        return np.zeros(len(antecedent))
    n = len(indptr) - 1
    keys = np.repeat(np.arange(n, dtype=np.int64), np.diff(indptr)) * n + to
    place = find_keys(keys, antecedent.astype(np.int64) * n + consequent)
    return np.where(place >= 0, weight[place], 0.0)
