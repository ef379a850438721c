"""One past landmark reduced to what is learnt from: candidate rows, their features, and which were bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity.fit.blend import CLOSED_FORM_ONLY, learn_blend
from affinity.fit.closed_form import Edges, similar_edges, solve_edges
from affinity.fit.counted_edges import solve_lists
from affinity.fit.features import CUSTOMER_TERMS, Rows, collect_rows, customer_facts, ranking_features
from affinity.fit.landmarks import check_no_leak
from affinity.fit.probability import TOP_ROWS, Sample, season_shift
from affinity.settings import FitSettings
from affinity.tables.landmark import Landmark

#: Customers of a landmark that are learnt from, at most: every k-th by code.
CUSTOMERS_LEARNT_FROM = 20_000


@dataclass(frozen=True, eq=False)
class Studied:
    """One past landmark, reduced to what is learnt from."""

    at: int
    features: np.ndarray
    rows: Rows
    label: np.ndarray
    facts: np.ndarray
    shift: float | None


def study_landmark(landmark: Landmark, settings: FitSettings, horizon_days: int, threads: int) -> Studied | None:
    """Candidates, features and labels of one landmark, what was offered left out; None when nobody had a history or
    bought anything new."""
    assert landmark.at is not None
    assert landmark.label_indptr is not None
    assert landmark.label_product is not None
    check_no_leak(landmark)
    holdings = landmark.holdings
    customer = np.flatnonzero(np.diff(holdings.indptr) > 0).astype(np.int32)
    if len(customer) == 0 or len(landmark.label_product) == 0:
        return None
    customer = customer[:: -(-len(customer) // CUSTOMERS_LEARNT_FROM)]
    edges, similar = solve_both(landmark, settings, threads)
    rows = collect_rows(landmark, edges, similar, customer, each=settings.candidates, threads=threads)
    n = len(holdings.products)
    bought = np.repeat(np.arange(len(holdings.customers), dtype=np.int64), np.diff(landmark.label_indptr)) * n
    bought += landmark.label_product
    key = np.repeat(customer.astype(np.int64), np.diff(rows.indptr)) * n + rows.product
    if landmark.offered is not None:
        organic = ~np.isin(key, landmark.offered[0].astype(np.int64) * n + landmark.offered[1])
        rows, key = rows.take(organic), key[organic]
    return Studied(
        at=landmark.at,
        features=ranking_features(rows, landmark),
        rows=rows,
        label=np.isin(key, bought, assume_unique=True).astype(np.uint8),
        facts=customer_facts(landmark, customer),
        shift=season_shift(landmark.steps, landmark_day(landmark), horizon_days),
    )


def solve_both(landmark: Landmark, settings: FitSettings, threads: int | None = None) -> tuple[Edges, Edges]:
    """The closed form's edges and the cosines of a landmark."""
    counts = landmark.transitions
    asked: dict[str, Any] = {
        "alpha": settings.alpha,
        "ridge": settings.ridge,
        "support": settings.support_per_target,
        "threads": threads,
    }
    if counts.lists is not None:
        return solve_lists(counts, **asked)
    return solve_edges(counts, **asked), similar_edges(counts, threads)


def landmark_day(landmark: Landmark) -> int | None:
    """The day of a landmark; of now, the common end of the holdings."""
    if landmark.holdings.clock != "day":
        return None
    return landmark.at if landmark.at is not None else int(landmark.holdings.end.max(initial=0))


def pool_blend(studied: list[Studied]) -> np.ndarray:
    """The blend learnt from all of ``studied`` together; the closed form alone without one."""
    if not studied:
        return CLOSED_FORM_ONLY.copy()
    features, label = (np.concatenate([getattr(study, name) for study in studied]) for name in ("features", "label"))
    sizes = np.concatenate([np.diff(study.rows.indptr) for study in studied])
    history = np.concatenate([study.facts[:, CUSTOMER_TERMS.index("products")] for study in studied])
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return learn_blend(features, indptr, label, centre=float(history.mean()))


def score_rows(features: np.ndarray, blend: np.ndarray) -> np.ndarray:
    """u = Σ coefficient × feature, summed in a fixed order."""
    u = np.zeros(len(features))
    for k, coefficient in enumerate(blend):
        u += coefficient * features[:, k]
    return u


def rank_rows(indptr: np.ndarray, product: np.ndarray, u: np.ndarray) -> np.ndarray:
    """int64 row numbers sorted by customer, then u falling, ties by product code."""
    customer = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return np.lexsort((product, -u, customer))


def customer_terms(indptr: np.ndarray, ranked_u: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """float64[customers, 7]: the facts, then mean and spread of u over each customer's best rows.

    ranked_u : u of the rows sorted by customer, then u falling
    """
    place = np.arange(len(ranked_u)) - np.repeat(indptr[:-1], np.diff(indptr))
    top = place < TOP_ROWS
    customer = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))[top]
    n = np.maximum(np.minimum(np.diff(indptr), TOP_ROWS), 1)
    mean = np.bincount(customer, weights=ranked_u[top], minlength=len(n)) / n
    away = ranked_u[top] - mean[customer]
    spread = np.sqrt(np.bincount(customer, weights=away * away, minlength=len(n)) / n)
    return np.column_stack([facts, mean, spread])


def take_sample(study: Studied, blend: np.ndarray) -> Sample:
    """The best rows by u of every customer with a history, buyers or not."""
    indptr = study.rows.indptr
    u = score_rows(study.features, blend)
    order = rank_rows(indptr, study.rows.product, u)
    terms = customer_terms(indptr, u[order], study.facts)
    place = np.arange(len(u)) - np.repeat(indptr[:-1], np.diff(indptr))
    top = place < TOP_ROWS
    customer = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    return Sample(u[order][top], study.label[order][top], customer[top], terms)
