"""One metric as a value with its counts, its interval and, where it is undefined, the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass

from affinity.errors import InputError

ZERO_DENOMINATOR = "ZERO_DENOMINATOR"


@dataclass(frozen=True)
class MetricValue:
    """numerator / denominator = value, with 95 % bounds for shares; NaN and a ``note`` where undefined."""

    metric: str
    numerator: float
    denominator: float
    value: float
    lower: float = math.nan
    upper: float = math.nan
    note: str | None = None


def share(metric: str, numerator: float, denominator: float) -> MetricValue:
    """A share of counts with its Wilson 95 % interval; NaN with the reason when the denominator is 0.

    Raises InputError unless 0 ≤ numerator ≤ denominator.
    """
    from affinity.statistics.intervals import wilson_interval

    if not 0 <= numerator <= denominator:
        raise InputError(
            f"{metric}: {numerator:g} of {denominator:g} is no share.", why="The numerator must be a part of the denominator."
        )
    if denominator == 0:
        return MetricValue(metric, numerator, denominator, math.nan, note=ZERO_DENOMINATOR)
    lower, upper = wilson_interval(numerator, denominator)
    return MetricValue(metric, numerator, denominator, numerator / denominator, float(lower), float(upper))


def ratio(metric: str, numerator: float, denominator: float) -> MetricValue:
    """numerator / denominator without an interval (money, or rows that may exceed each other); NaN over 0."""
    if denominator == 0:
        return MetricValue(metric, numerator, denominator, math.nan, note=ZERO_DENOMINATOR)
    return MetricValue(metric, numerator, denominator, numerator / denominator)
