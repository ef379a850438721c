"""Calibration of fit as a picture: what was predicted against what happened."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from affinity.plots.figure import BLUE, GREY, new_figure, plain_axes
from affinity.statistics.intervals import wilson_interval
from affinity.tables import Calibration, FitModel


def plot_calibration(calibration: Calibration | FitModel) -> Any:
    """Mean predicted fit against the share who bought, a point a bin with its 95 % Wilson bar; a matplotlib Figure.

    On the diagonal fit is right; below it fit promises too much. Both axes are on a square-root scale, which gives
    small probabilities room and still shows zero.
    """
    if isinstance(calibration, FitModel):
        calibration = calibration.calibration
    predicted, observed, lower, upper, rows = bound_bins(calibration)
    figure = new_figure(6.5, 6.0)
    axes = plain_axes(figure, "Calibration of fit", describe_calibration(calibration))
    if not len(rows):
        axes.text(0.5, 0.5, calibration.note or "No calibration.", ha="center", transform=axes.transAxes)
        return figure
    draw_calibration(axes, predicted, observed, lower, upper)
    return figure


class BoundedBins(NamedTuple):
    """Bins that hold rows: mean fit, share bought and its 95 % Wilson bounds (float64), rows (int64)."""

    predicted: np.ndarray
    observed: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    rows: np.ndarray


def bound_bins(calibration: Calibration) -> BoundedBins:
    """The bins of ``calibration`` that hold rows."""
    known = calibration.rows > 0
    observed, rows = calibration.observed[known], calibration.rows[known]
    lower, upper = wilson_interval(observed * rows, rows)
    return BoundedBins(calibration.predicted[known], observed, np.asarray(lower), np.asarray(upper), rows)


def draw_calibration(axes: Any, predicted: np.ndarray, observed: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    """Points with bars ``lower`` to ``upper`` (a bin each, at least one) beside the diagonal, on square-root scales."""
    from matplotlib.ticker import FuncFormatter

    axes.set_xlabel("predicted: mean fit of the bin (square-root scale)")
    axes.set_ylabel("observed: share who bought (square-root scale)")
    top = float(max(predicted.max(), upper.max())) * 1.15
    for setter in (axes.set_xscale, axes.set_yscale):
        setter("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    line = np.linspace(0, top, 50)
    axes.plot(line, line, color=GREY, linewidth=1.2, linestyle="--", label="fit is right")
    bars = np.maximum(0, [observed - lower, upper - observed])
    axes.errorbar(predicted, observed, yerr=bars, fmt="o", color=BLUE, capsize=3, label="bins (95 % interval)")
    ticks = sqrt_ticks(top)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks)
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper left")


def describe_calibration(calibration: Calibration) -> str:
    """Rows, slope, expected error, first day and note, as far as they are known."""
    parts = [f"{int(calibration.rows.sum()):,} customer-product rows"]
    if np.isfinite(calibration.slope):
        parts.append(f"slope {calibration.slope:.2f}")
    if np.isfinite(calibration.error):
        parts.append(f"expected error {calibration.error:.4f}")
    if calibration.landmark_day is not None:
        parts.append(f"from {np.datetime64(int(calibration.landmark_day), 'D')}")
    return "; ".join(parts) + (f"\n{calibration.note}" if calibration.note else "")


def sqrt_ticks(top: float) -> list[float]:
    """Zero and round values below ``top`` that lie apart on a square-root scale."""
    steps = [m * 10.0**e for e in range(-6, 1) for m in (1, 2, 5) if m * 10.0**e <= top]
    kept: list[float] = [0.0]
    for value in steps:
        if np.sqrt(value) - np.sqrt(kept[-1]) >= 0.12 * np.sqrt(top):
            kept.append(round(value, 7))
    return kept
