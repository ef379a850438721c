"""Learning the fit model: edges as of now, the blend and the probability from landmarks of the past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from affinity.fit.blend import CLOSED_FORM_ONLY, as_mapping, learn_blend
from affinity.fit.closed_form import Edges, similar_edges, solve_edges
from affinity.fit.features import CUSTOMER_TERMS, Rows, collect_rows, customer_facts, ranking_features
from affinity.fit.landmarks import check_no_leak
from affinity.fit.probability import TOP_ROWS, Probability, Sample, learn_probability, season_shift
from affinity.settings import FitSettings
from affinity.statistics.calibration import calibration_bins, calibration_error, calibration_slope
from affinity.tables.fit_model import Calibration, FitModel
from affinity.tables.landmark import Landmark
from affinity.threads import available_threads, run_together

#: Customers of a landmark that are learnt from, at most: every k-th by code.
CUSTOMERS_LEARNT_FROM = 20_000

#: Outside these the report says that fit only orders.
MOST_CALIBRATION_ERROR = 0.02
SLOPE_RANGE = (0.5, 2.0)


@dataclass(frozen=True, eq=False)
class Studied:
    """One past landmark, reduced to what is learnt from."""

    at: int
    features: np.ndarray
    rows: Rows
    label: np.ndarray
    facts: np.ndarray
    shift: float | None


def train_model(
    landmarks: Iterable[Landmark],
    now: Landmark,
    *,
    settings: FitSettings,
    horizon_days: int,
    threads: int | None = None,
) -> FitModel:
    """The fit model as of ``now``.

    Edges come from the counts at ``now``; the blend and the probability from all landmarks, each with counts before
    it and labels after it only. landmarks : the latest first; consumed one at a time.
    The calibration report compares the latest landmark with a model that knows only the landmarks whose labels end
    by then; where there is none, with the model itself, and its note says so.
    """
    threads = threads or available_threads()
    studied, (edges, similar) = run_together(
        lambda: [study for mark in landmarks if (study := _study(mark, settings, horizon_days, threads)) is not None],
        lambda: _solve(now, settings, threads),
    )
    studied.sort(key=lambda study: -study.at)
    blend = _blend(studied)
    probability = learn_probability([_sample(study, blend) for study in studied])
    shift = season_shift(now.steps, _time(now), horizon_days)
    calibration, info = _report(studied, blend, probability, now, horizon_days)
    info |= {"landmarks": [study.at for study in studied], "season_shift": shift, "season_known": shift is not None}
    return FitModel(
        indptr=edges.indptr,
        consequent=edges.consequent,
        edge=edges.weight,
        products=now.holdings.products,
        clock=now.holdings.clock,
        half_life=now.transitions.half_life,
        blend=as_mapping(blend),
        slope=probability.slope if probability else float("nan"),
        customer_terms=dict(zip(CUSTOMER_TERMS, probability.customer_terms.tolist())) if probability else {},
        intercept=probability.intercept + (shift or 0.0) if probability else float("nan"),
        calibration=calibration,
        horizon_days=horizon_days,
        info=info,
        similar_indptr=similar.indptr,
        similar_consequent=similar.consequent,
        similar_edge=similar.weight,
    )


def _solve(landmark: Landmark, settings: FitSettings, threads: int) -> tuple[Edges, Edges]:
    edges = solve_edges(
        landmark.transitions,
        alpha=settings.alpha,
        ridge=settings.ridge,
        support=settings.support_per_target,
        threads=threads,
    )
    return edges, similar_edges(landmark.transitions, threads)


def _time(landmark: Landmark) -> int | None:
    """The day of a landmark; of now, the common end of the holdings."""
    if landmark.holdings.clock != "day":
        return None
    return landmark.at if landmark.at is not None else int(landmark.holdings.end.max(initial=0))


def _study(landmark: Landmark, settings: FitSettings, horizon_days: int, threads: int) -> Studied | None:
    """Candidates, features and labels of one landmark; None when nobody had a history or bought anything new."""
    assert landmark.at is not None
    assert landmark.label_indptr is not None
    assert landmark.label_product is not None
    check_no_leak(landmark)
    holdings = landmark.holdings
    customer = np.flatnonzero(np.diff(holdings.indptr) > 0).astype(np.int32)
    if len(customer) == 0 or len(landmark.label_product) == 0:
        return None
    customer = customer[:: -(-len(customer) // CUSTOMERS_LEARNT_FROM)]
    edges, similar = _solve(landmark, settings, threads)
    rows = collect_rows(landmark, edges, similar, customer, each=settings.candidates, threads=threads)
    n = len(holdings.products)
    bought = np.repeat(np.arange(len(holdings.customers), dtype=np.int64), np.diff(landmark.label_indptr)) * n
    bought += landmark.label_product
    key = np.repeat(customer.astype(np.int64), np.diff(rows.indptr)) * n + rows.product
    return Studied(
        at=landmark.at,
        features=ranking_features(rows, landmark),
        rows=rows,
        label=np.isin(key, bought, assume_unique=True).astype(np.uint8),
        facts=customer_facts(landmark, customer),
        shift=season_shift(landmark.steps, _time(landmark), horizon_days),
    )


def _blend(studied: list[Studied]) -> np.ndarray:
    """From all landmarks together; the closed form alone without one."""
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


def _sample(study: Studied, blend: np.ndarray) -> Sample:
    """The best rows by u of every customer with a history, buyers or not."""
    indptr = study.rows.indptr
    u = score_rows(study.features, blend)
    order = rank_rows(indptr, study.rows.product, u)
    terms = customer_terms(indptr, u[order], study.facts)
    place = np.arange(len(u)) - np.repeat(indptr[:-1], np.diff(indptr))
    top = place < TOP_ROWS
    customer = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    return Sample(u[order][top], study.label[order][top], customer[top], terms)


def _report(
    studied: list[Studied], blend: np.ndarray, probability: Probability | None, now: Landmark, horizon_days: int
) -> tuple[Calibration, dict[str, object]]:
    """How fit compared with what happened at the latest landmark."""
    nothing = np.zeros(0)
    if probability is None:
        note = "no complete landmark: nothing to learn a probability from, fit is unknown"
        return Calibration(nothing, nothing, np.zeros(0, dtype=np.int64), np.nan, np.nan, None, 0.0, note), {}
    latest = studied[0]
    earlier = [s for s in studied if s.at <= latest.at - (horizon_days if now.holdings.clock == "day" else 1)]
    held_out = learn_probability([_sample(s, _blend(earlier)) for s in earlier]) if earlier else None
    used = _blend(earlier) if held_out else blend
    sample = _sample(latest, used)
    shift = (latest.shift or 0.0) if held_out else 0.0
    predicted = (held_out or probability).predict(sample.u, sample.terms[sample.customer], shift)
    mean, share, rows = calibration_bins(predicted, sample.label)
    slope, error = calibration_slope(predicted, sample.label), calibration_error(mean, share, rows)
    needed = float(np.log(sample.label.mean() / (1 - sample.label.mean())) - np.log(predicted.mean() / (1 - predicted.mean())))
    doubt: str | None = None
    if not held_out:
        doubt = "calibrated on the landmark it was learnt from: there is no earlier one"
    elif error > MOST_CALIBRATION_ERROR or not SLOPE_RANGE[0] <= slope <= SLOPE_RANGE[1]:
        doubt = f"order only: at the last landmark fit was off by {error:.3f} on average (slope {slope:.2f})"
    if now.holdings.clock == "order":
        doubt = "; ".join(filter(None, [doubt, "no dates: fit is the probability of a purchase in the next order"]))
    day = latest.at if now.holdings.clock == "day" else None
    info: dict[str, object] = {"held_out": held_out is not None, "needed_shift": needed}
    return Calibration(mean, share, rows, slope, error, day, shift, doubt), info
