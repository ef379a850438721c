"""Backtest: recommenders as of a past time against what was then newly bought (the protocol "new product")."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from affinity.errors import MissingPart
from affinity.evaluate.judged import Judged, Ranked, Truth, judge_lists, know_truth
from affinity.evaluate.registry import BASELINES, METRICS, load
from affinity.statistics.calibration import calibration_bins, calibration_error, calibration_slope
from affinity.tables.backtest import Backtest
from affinity.tables.landmark import Landmark

#: What a recommender is here: it may look at the landmark's tables and at nothing later (labels are taken off).
Recommender = Callable[[Landmark], Ranked]

#: Rows of a customer that probabilities are judged on.
CALIBRATED_ROWS = 50


def backtest(
    recommenders: Mapping[str, Recommender],
    landmark: Landmark,
    *,
    cutoff: int = 10,
    resamples: int = 1000,
    seed: int = 0,
    info: Mapping[str, object] | None = None,
) -> Backtest:
    """Ranking metrics of each recommender and of three popularity baselines at a past landmark.

    Protocol "new product": history strictly before the landmark; judged are customers with a history who in the
    horizon bought a product that they did not own and that somebody had bought before. Metrics at ``cutoff`` are
    means over these customers with 95 % bootstrap intervals over customers; "A − B" rows are paired differences of
    the first recommender and each other method. Where a recommender gives probabilities, calibration_error and
    calibration_slope over the first 50 places of *every* customer with a history are added.

    recommenders : name -> function of the landmark without its labels. Their lists must leave out what is owned.
    Raises MissingPart when nobody can be judged.
    """
    truth = know_truth(landmark)
    if len(truth.customer) == 0:
        raise MissingPart(
            "No customer with a history bought a new product in the horizon of the backtest.",
            why="There is nothing to judge a recommendation by.",
            do="Use a longer horizon, an earlier as_of or more history.",
        )
    blind = Landmark(landmark.at, landmark.holdings, landmark.steps, landmark.transitions)
    methods: dict[str, Recommender] = {**recommenders, **{name: load(path) for name, path in BASELINES.items()}}
    ranked = {name: method(blind) for name, method in methods.items()}
    values = {name: _measure(judge_lists(lists, truth, cutoff)) for name, lists in ranked.items()}
    draws = _draw(len(truth.customer), resamples, seed)
    rows: list[tuple[str, str, float, float, float, int]] = []
    for name in methods:
        rows += [(name, metric, *_summarise(value, draws)) for metric, value in values[name].items()]
        rows += [(name, metric, *summary) for metric, summary in _calibrate(ranked[name], landmark, truth).items()]
    first = next(iter(methods))
    for name in list(methods)[1:]:
        for metric, value in values[first].items():
            if len(value) == len(truth.customer):
                rows.append((f"{first} − {name}", metric, *_summarise(value - values[name][metric], draws)))
    method_names, metric_names, means, lower, upper, customers = zip(*rows)
    return Backtest(
        method=np.array(method_names, dtype=object),
        metric=np.array(metric_names, dtype=object),
        value=np.array(means, dtype=np.float64),
        lower=np.array(lower, dtype=np.float64),
        upper=np.array(upper, dtype=np.float64),
        customers=np.array(customers, dtype=np.int64),
        info={"at": landmark.at, "cutoff": cutoff, "resamples": resamples, "seed": seed, **(info or {})},
    )


def _measure(judged: Judged) -> dict[str, np.ndarray]:
    return {name: np.asarray(load(path)(judged), dtype=np.float64) for name, path in METRICS.items()}


def _draw(customers: int, resamples: int, seed: int) -> np.ndarray:
    """int16[resamples, customers]: how often each customer is drawn, the same for every method."""
    random = np.random.default_rng(seed)
    counts = np.empty((resamples, customers), dtype=np.int16)
    for k in range(resamples):
        counts[k] = np.bincount(random.integers(0, customers, customers), minlength=customers)
    return counts


def _summarise(value: np.ndarray, draws: np.ndarray) -> tuple[float, float, float, int]:
    """Mean, 95 % bootstrap bounds, customers; one value for all lists has no interval."""
    if len(value) != draws.shape[1]:
        return float(value[0]), np.nan, np.nan, draws.shape[1]
    known = ~np.isnan(value)
    if not known.any():
        return np.nan, np.nan, np.nan, 0
    filled = np.where(known, value, 0.0)
    weight = np.array([np.sum(draw * known) for draw in draws], dtype=np.float64)
    total = np.array([np.sum(draw * filled) for draw in draws])
    low, high = np.quantile(total[weight > 0] / weight[weight > 0], [0.025, 0.975]) if (weight > 0).any() else (np.nan, np.nan)
    return float(value[known].mean()), float(low), float(high), int(known.sum())


def _calibrate(ranked: Ranked, landmark: Landmark, truth: Truth) -> dict[str, tuple[float, float, float, int]]:
    """Expected calibration error and slope of the probabilities, where there are any."""
    if ranked.fit is None or np.isnan(ranked.fit).all():
        return {}
    customers = len(landmark.holdings.customers)
    customer = np.repeat(np.arange(customers, dtype=np.int64), np.diff(ranked.indptr))
    place = np.arange(len(ranked.product)) - ranked.indptr[customer]
    rows = (place < CALIBRATED_ROWS) & ~np.isnan(ranked.fit)
    n = np.int64(len(truth.buyers))
    bought = np.repeat(truth.customer.astype(np.int64), np.diff(truth.indptr)) * n + truth.product
    happened = np.isin(customer[rows] * n + ranked.product[rows], bought)
    judged = len(np.unique(customer[rows]))
    error = calibration_error(*calibration_bins(ranked.fit[rows], happened))
    slope = calibration_slope(ranked.fit[rows], happened)
    return {"calibration_error": (error, np.nan, np.nan, judged), "calibration_slope": (slope, np.nan, np.nan, judged)}
