"""What the blend and the probability look at: candidate rows of customers, and a few facts of each customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.fit.closed_form import Edges
from affinity.statistics.elementary import exp2, log, log1p
from affinity.tables.holdings import Holdings
from affinity.tables.landmark import Landmark, SegmentScores
from affinity.tables.table import once_a_table
from affinity.tables.transitions import WEIGHT_UNIT, Transitions
from affinity.threads import available_threads, map_blocks

#: The ranking features, in the order of the blend's coefficients.
FEATURES = ("closed_form", "cosine", "first_purchases", "recent_lines", "buyers", "buyers_by_history", "segment")

#: The customer terms of the probability.
CUSTOMER_TERMS = ("orders", "recency", "tenure", "products", "recent_orders", "mean_score", "spread_of_score")

#: Added to the closed form and the cosine before the logarithm.
EPSILON = {"day": 0.01, "order": 0.002}

#: Owners added to both counts of a segment's product before their ratio is taken.
SEGMENT_PRIOR = 2.0

#: Segments looked at, the largest, and the customers that one must have; who is in no such segment counts as unknown.
MOST_SEGMENTS = 50
LEAST_SEGMENT = 50

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

    def take(self, kept: np.ndarray) -> Rows:
        """The rows where ``kept`` (bool) is true, of the same customers."""
        indptr = np.concatenate([[0], np.cumsum(kept)])[self.indptr].astype(np.int64)
        columns = (getattr(self, name)[kept] for name in ("product", "closed_form", "cosine", "antecedent", "term"))
        return Rows(self.customer, indptr, *columns)


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
    return 0.5 * exp2(-4.0 * age) + 0.5 * exp2(-age / 3.0)


@once_a_table
def popularity_of(transitions: Transitions) -> dict[str, np.ndarray]:
    """float64[n_products] each: log(1 + decayed first purchases), log(1 + decayed lines), log(1 + buyers)."""
    return {
        "first_purchases": log1p(transitions.first_purchases / WEIGHT_UNIT),
        "recent_lines": log1p(transitions.recent_lines / WEIGHT_UNIT),
        "buyers": log1p(transitions.buyers),
    }


@once_a_table
def popular_products(transitions: Transitions) -> np.ndarray:
    """int32 codes of the products ever bought by a known customer, by decayed first purchases, then buyers, then code."""
    order = np.lexsort((-transitions.buyers, -transitions.first_purchases)).astype(np.int32)
    return order[transitions.buyers[order] > 0]


def ranking_features(rows: Rows, landmark: Landmark) -> np.ndarray:
    """float64[n, 7]: log(s + ε), log(cosine + ε), log(1 + decayed first purchases), log(1 + decayed lines), log(1 + buyers),
    the last × log(1 + products owned) (the more somebody owns, the less all-time popularity says of what comes next), and
    what his segment owns more often than others (`score_segments`)."""
    transitions = landmark.transitions
    epsilon = EPSILON.get(transitions.clock or "day", 0.01)
    popularity = log1p(
        np.stack(
            [transitions.first_purchases / WEIGHT_UNIT, transitions.recent_lines / WEIGHT_UNIT, transitions.buyers], axis=1
        )
    )
    features = np.empty((len(rows.product), len(FEATURES)))
    features[:, 0] = log(rows.closed_form + epsilon)
    features[:, 1] = log(rows.cosine + epsilon)
    features[:, 2:5] = popularity[rows.product]
    features[:, 5] = features[:, 4] * np.repeat(log_owned(landmark, rows.customer), np.diff(rows.indptr))
    segment = known_segments(landmark)
    features[:, 6] = segment.score[np.repeat(segment.place[rows.customer], np.diff(rows.indptr)), rows.product]
    return features


def score_segments(holdings: Holdings, segment: np.ndarray) -> SegmentScores:
    """How much more often each segment owns each product than all customers do:
    log((n_sB + 2)/(n_s·n_B/n + 2)), n_sB owners of B in segment s, n_s what the segment owns in all, n_B owners of B.

    segment : int32[n_customers], −1 unknown. Only the 50 largest segments of at least 50 customers are told apart.
    """
    n = len(holdings.products)
    known = np.where(np.diff(holdings.indptr) > 0, segment, -1)
    size = np.bincount(known[known >= 0], minlength=1)
    largest = np.argsort(-size, kind="stable")[:MOST_SEGMENTS]
    largest = largest[size[largest] >= LEAST_SEGMENT]
    row = np.zeros(len(size) + 1, dtype=np.int32)
    row[largest] = np.arange(1, len(largest) + 1)
    place = row[known]
    owners = np.zeros((len(largest) + 1, n), dtype=np.int64)
    np.add.at(owners, (place[holdings.customer], holdings.product), 1)
    expected = owners.sum(axis=1, keepdims=True) * owners.sum(axis=0) / max(len(holdings.product), 1)
    score = log((owners + SEGMENT_PRIOR) / (expected + SEGMENT_PRIOR))
    score[0] = 0.0
    return SegmentScores(place, score)


def known_segments(landmark: Landmark) -> SegmentScores:
    """The landmark's segments; everybody's is unknown where it has none."""
    if landmark.segment is not None:
        return landmark.segment
    holdings = landmark.holdings
    return SegmentScores(np.zeros(len(holdings.customers), dtype=np.int32), np.zeros((1, len(holdings.products))))


def log_owned(landmark: Landmark, customer: np.ndarray) -> np.ndarray:
    """float64: log(1 + products owned) of ``customer``."""
    return log1p(np.diff(landmark.holdings.indptr)[customer])


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
    facts[:, 0] = log1p(np.bincount(who, minlength=n)[customer])
    if holdings.clock == "day":
        end = holdings.end.astype(np.int64)
        first, last = end.copy(), np.full(n, -(2**40))
        np.minimum.at(first, who, when)
        np.maximum.at(last, who, when)
        facts[:, 1] = log1p(np.maximum(end - last, 0)[customer])
        facts[:, 2] = log1p((end - first)[customer])
        facts[:, 4] = log1p(np.bincount(who[when >= end[who] - 91], minlength=n)[customer])
    return facts
