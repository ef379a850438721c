"""The named medians, each from days and whether something was added by then; null with the reason where not reached."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from affinity.errors import InputError
from affinity.metrics.tally import Durations
from affinity.metrics.value import MetricValue


def cross_sell_velocity_unconditional(days: ArrayLike, added: ArrayLike) -> MetricValue:
    """Median days from first purchase to first added product (Kaplan–Meier), with 95 % bounds (S2).

    days  : int[n], a customer each: days to the added product, or followed without one
    added : bool[n], whether one was added; numerator and denominator count these and those followed a day or more

    Null (NaN, NOT_REACHED) when fewer than half are known to add one.

    >>> cross_sell_velocity_unconditional([10, 20, 30, 90], [True, True, True, False]).value
    20.0
    """
    return _median("cross_sell_velocity_unconditional", days, added, None)


def cross_sell_velocity_converters(days: ArrayLike, added: ArrayLike, horizon_days: int) -> MetricValue:
    """The same among those who add one within ``horizon_days``: smallest u with F(u) ≥ ½F(horizon), no bounds (S2).

    >>> cross_sell_velocity_converters([10, 20, 30, 90], [True, True, True, False], 90).value
    20.0
    """
    return _median("cross_sell_velocity_converters", days, added, horizon_days)


def _median(metric: str, days: ArrayLike, added: ArrayLike, horizon_days: int | None) -> MetricValue:
    followed, event = np.asarray(days, dtype=np.int64), np.asarray(added, dtype=bool)
    if followed.ndim != 1 or followed.shape != event.shape or (followed < 0).any():
        raise InputError(
            f"{metric}: {followed.shape} days and {event.shape} outcomes, the least {followed.min(initial=0)} days.",
            do="Give one whole number of days ≥ 0 and one yes or no for each customer.",
        )
    cell = Durations(followed, event, np.arange(len(followed), dtype=np.int32), horizon_days).cells()[0]
    return MetricValue(metric, cell.numerator, cell.denominator, cell.value, cell.lower, cell.upper, cell.note)
