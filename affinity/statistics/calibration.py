"""Calibration of predicted probabilities: quantile bins, expected calibration error, slope."""

from __future__ import annotations

import numpy as np

from affinity.statistics.elementary import exp, log


def calibration_bins(predicted: np.ndarray, happened: np.ndarray, bins: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean prediction, share that happened and rows of ``bins`` bins with (nearly) equal numbers of rows.

    predicted : float64[n] in [0, 1]; happened : 0 or 1 [n]. Rows are cut by rank of the prediction (ties by position);
    with fewer rows than bins there are as many bins as rows, and none without rows.
    """
    n = len(predicted)
    order = np.argsort(predicted, kind="stable")
    edges = np.unique(np.arange(bins + 1) * n // bins)
    if n == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64)
    rows = np.diff(edges)
    return (
        np.add.reduceat(np.asarray(predicted, dtype=np.float64)[order], edges[:-1]) / rows,
        np.add.reduceat(np.asarray(happened, dtype=np.float64)[order], edges[:-1]) / rows,
        rows.astype(np.int64),
    )


def calibration_error(mean_predicted: np.ndarray, share: np.ndarray, rows: np.ndarray) -> float:
    """Expected calibration error Σ rows·|mean prediction − share| / Σ rows over the bins; NaN without rows."""
    total = int(rows.sum())
    return float((rows * np.abs(mean_predicted - share)).sum() / total) if total else float("nan")


def calibration_slope(predicted: np.ndarray, happened: np.ndarray) -> float:
    """Slope s of the logistic regression logit P(happened) = a + s·logit(predicted): 1 is right, below 1 too extreme.

    NaN when everything or nothing happened, or when the predictions do not vary.
    """
    y = np.asarray(happened, dtype=np.float64)
    p = np.clip(np.asarray(predicted, dtype=np.float64), 1e-12, 1 - 1e-12)
    if len(y) == 0 or y.min() == y.max() or p.min() == p.max():
        return float("nan")
    x = log(p / (1 - p))
    centre = x.mean()
    x = x - centre
    intercept, slope = float(log(y.mean() / (1 - y.mean()))), 1.0
    for _ in range(100):
        q = 1.0 / (1.0 + exp(-np.clip(intercept + slope * x, -700, 700)))
        w = q * (1 - q)
        g0, g1 = float((y - q).sum()), float(((y - q) * x).sum())
        h00, h01, h11 = float(w.sum()), float((w * x).sum()), float((w * x * x).sum())
        determinant = h00 * h11 - h01 * h01
        if determinant <= 1e-300:
            return float("nan")
        d0, d1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        intercept, slope = intercept + float(np.clip(d0, -2, 2)), slope + float(np.clip(d1, -2, 2))
        if max(abs(d0), abs(d1)) < 1e-10:
            break
    return slope
