"""The calibration report: how fit compared with what happened at the latest landmark."""

from __future__ import annotations

import numpy as np

from affinity.fit.probability import Probability, learn_probability, recent_growth
from affinity.fit.study import Studied, landmark_day, pool_blend, take_sample
from affinity.statistics.calibration import calibration_bins, calibration_error, calibration_slope
from affinity.statistics.elementary import log
from affinity.tables.fit_model import Calibration
from affinity.tables.landmark import Landmark

#: Outside these the report says that fit only orders.
MOST_CALIBRATION_ERROR = 0.02
SLOPE_RANGE = (0.5, 2.0)

#: Order lines of the last horizon over those of the one before; above it, without a year to compare with, a peak is feared.
MOST_GROWTH = 1.5


def report_calibration(
    studied: list[Studied], blend: np.ndarray, probability: Probability | None, now: Landmark, horizon_days: int
) -> tuple[Calibration, dict[str, object]]:
    """How fit compared with what happened at the latest landmark, by a model that knew only what was over by then.

    Where there is no earlier landmark, by the model itself, and the note says so.
    """
    nothing = np.zeros(0)
    if probability is None:
        why = "no complete landmark: nothing to learn a probability from, fit is unknown"
        return Calibration(nothing, nothing, np.zeros(0, dtype=np.int64), np.nan, np.nan, None, 0.0, why), {}
    latest = studied[0]
    clock = now.holdings.clock
    earlier = [s for s in studied if s.at <= latest.at - (horizon_days if clock == "day" else 1)]
    before = pool_blend(earlier)
    held_out = learn_probability([take_sample(s, before) for s in earlier]) if earlier else None
    sample = take_sample(latest, before if held_out else blend)
    shift = (latest.shift or 0.0) if held_out else 0.0
    predicted = (held_out or probability).predict(sample.u, sample.terms[sample.customer], shift)
    mean, share, rows = calibration_bins(predicted, sample.label)
    slope, error = calibration_slope(predicted, sample.label), calibration_error(mean, share, rows)
    needed = _log_odds(sample.label) - _log_odds(predicted)
    growth = recent_growth(now.steps, landmark_day(now), horizon_days)
    note = _doubt(held_out is not None, error, slope, growth, clock)
    info: dict[str, object] = {"held_out": held_out is not None, "needed_shift": needed, "recent_growth": growth}
    day = latest.at if clock == "day" else None
    return Calibration(mean, share, rows, slope, error, day, shift, note), info


def _doubt(held_out: bool, error: float, slope: float, growth: float | None, clock: str | None) -> str | None:
    """Why fit is not to be read as a probability; None when nothing speaks against it."""
    doubts = []
    if not held_out:
        doubts.append("calibrated on the landmark it was learnt from: there is no earlier one")
    elif error > MOST_CALIBRATION_ERROR or not SLOPE_RANGE[0] <= slope <= SLOPE_RANGE[1]:
        doubts.append(f"order only: at the last landmark fit was off by {error:.3f} on average (slope {slope:.2f})")
    if growth is not None and growth > MOST_GROWTH:
        doubts.append(
            f"order only: learnt in what may be a seasonal peak ({growth:.2f} times the lines of the horizon before) and "
            "the data do not reach back a year"
        )
    if clock == "order":
        doubts.append("no dates: fit is the probability of a purchase in the next order")
    return "; ".join(doubts) or None


def _log_odds(probability: np.ndarray) -> float:
    """Log odds of the mean, half a row kept away from 0 and 1."""
    n = len(probability)
    share = float(np.clip(probability.mean(), 0.5 / n, 1 - 0.5 / n))
    return float(log(share / (1 - share)))
