"""Calibration of a method's probabilities: error, slope and deciles, with bootstrap intervals over customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.evaluate.judged import Ranked, Truth
from affinity.evaluate.resample import bounds, resample_sums
from affinity.statistics.calibration import calibration_bins, calibration_error, calibration_slope
from affinity.tables.landmark import Landmark

#: Rows of a customer that probabilities are judged on, and bins.
CALIBRATED_ROWS, BINS = 50, 10

Summary = tuple[str, float, float, float, int]


@dataclass(frozen=True, eq=False)
class Predicted:
    """A row a customer and product: its probability and whether it was bought; customers are codes."""

    customer: np.ndarray
    predicted: np.ndarray
    happened: np.ndarray


def collect_predictions(ranked: Ranked, landmark: Landmark, truth: Truth) -> Predicted | None:
    """The first 50 places of every customer with a list, buyers or not; None where there are no probabilities."""
    if ranked.fit is None or np.isnan(ranked.fit).all():
        return None
    customer = np.repeat(np.arange(len(landmark.holdings.customers), dtype=np.int64), np.diff(ranked.indptr))
    place = np.arange(len(ranked.product)) - ranked.indptr[customer]
    rows = (place < CALIBRATED_ROWS) & ~np.isnan(ranked.fit)
    n = np.int64(len(truth.buyers))
    bought = np.repeat(truth.customer.astype(np.int64), np.diff(truth.indptr)) * n + truth.product
    happened = np.isin(customer[rows] * n + ranked.product[rows], bought)
    return Predicted(customer[rows], ranked.fit[rows], happened)


def summarise_calibration(predictions: list[Predicted], resamples: int, seed: int) -> list[Summary]:
    """(metric, value, lower, upper, customers) of calibration_error, calibration_slope and the deciles.

    calibration_error : Σ rows·|mean prediction − share| / Σ rows over 10 bins of equal rows
    calibration_slope : s of logit P(bought) = a + s·logit(prediction)
    predicted_decile_k, observed_decile_k : mean prediction and share bought in bin k, 1 the lowest
    Intervals resample customers; bins stay where they are, the slope moves by one Newton step a resample.
    """
    p, y = (np.concatenate([getattr(one, name) for one in predictions]) for name in ("predicted", "happened"))
    _, who = np.unique(np.concatenate([one.customer for one in predictions]), return_inverse=True)
    n, y = int(who.max(initial=-1)) + 1, y.astype(np.float64)
    mean, share, rows = calibration_bins(p, y, BINS)
    slope = calibration_slope(p, y)
    order = np.argsort(p, kind="stable")
    place = np.empty(len(p), dtype=np.int64)
    place[order] = np.repeat(np.arange(len(rows)), rows)
    key, cells = who * len(rows) + place, n * len(rows)
    sums = [np.bincount(key, weight, cells).reshape(n, -1) for weight in (None, p, y)]
    steps = _newton_sums(p, y, slope, who, n)
    drawn = resample_sums(np.column_stack([*sums, steps]), resamples, seed)
    k = len(rows)
    count, predicted, observed = (drawn[:, i * k : (i + 1) * k] for i in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.abs(predicted - observed).sum(axis=1) / count.sum(axis=1)
        slopes = slope + _newton_step(drawn[:, 3 * k :])
        low, high = bounds(np.column_stack([errors, slopes, predicted / count, observed / count]))
    names = ["calibration_error", "calibration_slope"]
    names += [f"{part}_decile_{i + 1}" for part in ("predicted", "observed") for i in range(k)]
    values = [calibration_error(mean, share, rows), slope, *mean, *share]
    return [(name, float(v), float(a), float(b), n) for name, v, a, b in zip(names, values, low, high, strict=True)]


def _newton_sums(p: np.ndarray, y: np.ndarray, slope: float, who: np.ndarray, n: int) -> np.ndarray:
    """float64[n, 5]: what each customer adds to gradient and curvature of the logistic regression at its optimum."""
    if np.isnan(slope):
        return np.full((n, 5), np.nan)
    x = np.log(np.clip(p, 1e-12, 1 - 1e-12)) - np.log1p(-np.clip(p, 1e-12, 1 - 1e-12))
    x = x - x.mean()
    intercept = float(np.log(y.mean() / (1 - y.mean())))
    for _ in range(50):
        q = 1.0 / (1.0 + np.exp(-np.clip(intercept + slope * x, -700, 700)))
        move = float((y - q).sum() / max((q * (1 - q)).sum(), 1e-300))
        intercept += float(np.clip(move, -2, 2))
        if abs(move) < 1e-10:
            break
    w = q * (1 - q)
    return np.column_stack([np.bincount(who, part, n) for part in (y - q, (y - q) * x, w, w * x, w * x * x)])


def _newton_step(sums: np.ndarray) -> np.ndarray:
    """The slope's part of H⁻¹g of each row of sums (g₀, g₁, h₀₀, h₀₁, h₁₁)."""
    g0, g1, h00, h01, h11 = sums.T
    return np.asarray((h00 * g1 - h01 * g0) / (h00 * h11 - h01 * h01))
