"""Scoring: candidate products of each customer, their fit, and the owned products that speak for them."""

from __future__ import annotations

import numpy as np

from affinity.fit.closed_form import Edges
from affinity.fit.features import CUSTOMER_TERMS, FEATURES, TERMS_KEPT, collect_rows, customer_facts, ranking_features
from affinity.fit.probability import Probability
from affinity.fit.study import customer_terms, rank_rows, score_rows
from affinity.tables.fit_model import Candidates, FitModel
from affinity.tables.landmark import Landmark
from affinity.threads import available_threads

#: Customers scored at once; bounds the memory.
CUSTOMERS_A_BLOCK = 20_000


def score_candidates(
    model: FitModel, now: Landmark, *, candidates: int = 50, customers: np.ndarray | None = None, threads: int | None = None
) -> Candidates:
    """The candidates of every customer with a purchase (or of ``customers``, int32 codes), best first.

    u = Σ blend × (log(closed form + ε), log(cosine + ε), log(1 + decayed first purchases), log(1 + decayed lines),
    log(1 + buyers), log(1 + buyers)·log(1 + products owned), segment) over the top ``candidates`` by closed form ∪ the top by
    decayed first purchases, owned never;
    fit = σ(b·u + γ·x_c + a + δ), NaN where the model has no probability. Ties by product code. A customer's rows do
    not depend on who else is scored.
    """
    holdings = now.holdings
    model.products.require_same(holdings.products)
    if customers is None:
        customers = np.arange(len(holdings.customers), dtype=np.int32)
    known = np.diff(holdings.indptr)[customers] > 0
    who = np.unique(customers[known]).astype(np.int32)
    threads = threads or available_threads()
    starts = range(0, max(len(who), 1), CUSTOMERS_A_BLOCK)
    blocks = [_score_block(model, now, who[start : start + CUSTOMERS_A_BLOCK], candidates, threads) for start in starts]
    sizes = np.zeros(len(holdings.customers), dtype=np.int64)
    sizes[who] = np.concatenate([block["size"] for block in blocks])
    column = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0] if name != "size"}
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Candidates(indptr, **column, customers=holdings.customers, products=holdings.products)


def _score_block(model: FitModel, now: Landmark, who: np.ndarray, each: int, threads: int) -> dict[str, np.ndarray]:
    assert model.similar_indptr is not None
    assert model.similar_consequent is not None
    assert model.similar_edge is not None
    edges = Edges(model.indptr, model.consequent, model.edge)
    similar = Edges(model.similar_indptr, model.similar_consequent, model.similar_edge)
    rows = collect_rows(now, edges, similar, who, each=each, terms=TERMS_KEPT, threads=threads)
    features = ranking_features(rows, now)
    blend = np.array([model.blend[name] for name in FEATURES])
    u = score_rows(features, blend)
    order = rank_rows(rows.indptr, rows.product, u)
    fit = np.full(len(u), np.nan)
    if model.customer_terms:
        terms = customer_terms(rows.indptr, u[order], customer_facts(now, who))
        customer = np.repeat(np.arange(len(who)), np.diff(rows.indptr))
        gamma = np.array([model.customer_terms[name] for name in CUSTOMER_TERMS])
        fit = Probability(model.slope, gamma, model.intercept).predict(u[order], terms[customer])
    return {
        "size": np.diff(rows.indptr),
        "product": rows.product[order],
        "fit": fit,
        "score": u[order],
        "base": score_rows(features[:, 2:], blend[2:])[order],
        "evidence": rows.closed_form[order],
        "because": rows.antecedent[order, 0],
        "antecedent": rows.antecedent[order],
        "term": rows.term[order],
    }
