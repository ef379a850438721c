"""What the blend and the probability look at: candidate rows of customers, and a few facts of each customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.fit.closed_form import Edges
from affinity.tables.landmark import Landmark
from affinity.tables.transitions import WEIGHT_UNIT, Transitions
from affinity.threads import available_threads, map_blocks

#: The ranking features, in the order of the blend's coefficients.
FEATURES = ("closed_form", "cosine", "first_purchases", "recent_lines", "buyers", "buyers_by_history")

#: The customer terms of the probability.
CUSTOMER_TERMS = ("orders", "recency", "tenure", "products", "recent_orders", "mean_score", "spread_of_score")

#: Added to the closed form and the cosine before the logarithm.
EPSILON = {"day": 0.01, "order": 0.002}

#: Customers handled at once by a thread.
CUSTOMERS_AT_ONCE = 2048

#: Owned products kept with each candidate, largest contribution first.
TERMS_KEPT = 5


@dataclass(frozen=True, eq=False)
class Rows:
    """Candidate rows of some customers, CSR by position in ``customer``.

    product : int32; closed_form, cosine : float64, Σ over owned A of weight × edge
    antecedent, term : int32 and float64[n, terms], the owned products with the largest weight × edge
    """

    customer: np.ndarray
    indptr: np.ndarray
    product: np.ndarray
    closed_form: np.ndarray
    cosine: np.ndarray
    antecedent: np.ndarray
    term: np.ndarray


def collect_rows(
    landmark: Landmark, edges: Edges, similar: Edges, customer: np.ndarray, *, each: int, terms: int = 0,
    threads: int | None = None,
) -> Rows:  # fmt: skip
    """Candidates of ``customer`` (int32 codes): top ``each`` by closed form and by decayed first purchases, never owned."""
    holdings = landmark.holdings
    n = len(holdings.products)
    each = min(each, max(n, 1))
    weight = owned_weight(landmark)
    popular = popular_products(landmark.transitions)
    arrays = (holdings.indptr, holdings.product, weight, edges.indptr, edges.consequent, edges.weight,
              similar.indptr, similar.consequent, similar.weight, popular, each, terms)  # fmt: skip

    def collect(first: int, last: int) -> tuple[np.ndarray, ...]:
        from affinity.kernels.scoring import collect_candidates

        rows, width = last - first, 2 * each
        out = (
            np.zeros(rows, dtype=np.int64), np.zeros((rows, width), dtype=np.int32), np.zeros((rows, width, 2)),
            np.zeros((rows, width, terms), dtype=np.int32), np.zeros((rows, width, terms)),
        )  # fmt: skip
        collect_candidates(customer[first:last], *arrays, np.zeros((2, n)), np.full(n, -1, dtype=np.int32), *out)
        used = np.arange(width) < out[0][:, None]
        return out[0], *(array[used] for array in out[1:])

    bounds = np.unique(np.append(np.arange(0, len(customer), CUSTOMERS_AT_ONCE), len(customer))).astype(np.int64)
    pieces = map_blocks(collect, bounds, threads or available_threads())
    if not pieces:
        pieces = [(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros((0, 2)), np.zeros((0, terms), np.int32),
                   np.zeros((0, terms)))]  # fmt: skip
    count, product, numbers, antecedent, term = (np.concatenate(part) for part in zip(*pieces))
    indptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Rows(customer, indptr, product, numbers[:, 0].copy(), numbers[:, 1].copy(), antecedent, term)


def owned_weight(landmark: Landmark) -> np.ndarray:
    """float64 a holding: ½·2^(−4·age/half_life) + ½·2^(−age/(3·half_life)), age of the last purchase; 1 without a clock.

    The mean of a short and a long memory ranks better than one of half_life itself.
    """
    holdings = landmark.holdings
    if holdings.clock is None:
        return np.ones(len(holdings.product))
    age = (holdings.end[holdings.customer] - holdings.last_at) / landmark.transitions.half_life
    return 0.5 * np.exp2(-4.0 * age) + 0.5 * np.exp2(-age / 3.0)


def popular_products(transitions: Transitions) -> np.ndarray:
    """int32 codes of the products ever bought by a known customer, by decayed first purchases, ties by code."""
    order = np.argsort(-transitions.first_purchases, kind="stable").astype(np.int32)
    return order[transitions.buyers[order] > 0]


def ranking_features(rows: Rows, landmark: Landmark) -> np.ndarray:
    """float64[n, 6]: log(s + ε), log(cosine + ε), log(1 + decayed first purchases), log(1 + decayed lines), log(1 + buyers),
    and the last × log(1 + products owned): the more somebody owns, the less all-time popularity says of what comes next."""
    transitions = landmark.transitions
    epsilon = EPSILON.get(transitions.clock or "day", 0.01)
    popularity = np.log1p(
        np.stack(
            [transitions.first_purchases / WEIGHT_UNIT, transitions.recent_lines / WEIGHT_UNIT, transitions.buyers], axis=1
        )
    )
    features = np.empty((len(rows.product), len(FEATURES)))
    features[:, 0] = np.log(rows.closed_form + epsilon)
    features[:, 1] = np.log(rows.cosine + epsilon)
    features[:, 2:5] = popularity[rows.product]
    features[:, 5] = features[:, 4] * np.repeat(log_owned(landmark, rows.customer), np.diff(rows.indptr))
    return features


def log_owned(landmark: Landmark, customer: np.ndarray) -> np.ndarray:
    """float64: log(1 + products owned) of ``customer``."""
    return np.log1p(np.diff(landmark.holdings.indptr)[customer])


def customer_facts(landmark: Landmark, customer: np.ndarray) -> np.ndarray:
    """float64[n, 5] of ``customer``: log(1 + orders), log(1 + recency), log(1 + tenure), log(1 + products),
    log(1 + orders in the last 91 days); what a clock does not know is 0."""
    holdings, steps = landmark.holdings, landmark.steps
    facts = np.zeros((len(customer), 5))
    facts[:, 3] = log_owned(landmark, customer)
    if steps is None or steps.customer is None or steps.at is None:
        return facts
    n = len(holdings.customers)
    known = steps.customer >= 0
    who, when = steps.customer[known], steps.at[known].astype(np.int64)
    facts[:, 0] = np.log1p(np.bincount(who, minlength=n)[customer])
    if holdings.clock == "day":
        end = holdings.end.astype(np.int64)
        first, last = end.copy(), np.full(n, -(2**40))
        np.minimum.at(first, who, when)
        np.maximum.at(last, who, when)
        facts[:, 1] = np.log1p(np.maximum(end - last, 0)[customer])
        facts[:, 2] = np.log1p((end - first)[customer])
        facts[:, 4] = np.log1p(np.bincount(who[when >= end[who] - 91], minlength=n)[customer])
    return facts
