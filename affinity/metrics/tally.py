"""What a measure hands on: units with their parts, to be summed over everybody and over segments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.metrics.value import ZERO_DENOMINATOR


@dataclass(frozen=True)
class Undefined:
    """A metric that the input cannot give: a reason code and a sentence."""

    note: str
    window: str | None = None


@dataclass(frozen=True)
class Tally:
    """value = Σ numerator / Σ denominator over units (customers, orders, lines, offers).

    numerator   : float64[n]; denominator : float64[n], or None: the metric is a plain sum
    customer    : int32[n], the customer of each unit, −1 unknown
    line        : int64[n], a line of each unit (where guests' segments are read), or None
    kind        : "share" has a Wilson interval, "ratio" and "sum" have none
    group       : int[n] a fixed split (campaign, cohort) of ``group_labels`` named ``group_by``, or None
    """

    numerator: np.ndarray
    denominator: np.ndarray | None
    customer: np.ndarray
    kind: Literal["share", "ratio", "sum"] = "share"
    line: np.ndarray | None = None
    window: str | None = None
    note: str | None = None
    group: np.ndarray | None = None
    group_by: str | None = None
    group_labels: tuple[str, ...] = ()

    def cells(self, group: np.ndarray | None = None, groups: int = 1) -> list[Cell]:
        """One cell a group (int[n] in [0, groups)), or one for all."""
        group = np.zeros(len(self.numerator), dtype=np.int64) if group is None else group
        top = np.bincount(group, self.numerator, minlength=groups)
        if self.denominator is None:
            return [Cell(float(x), math.nan, float(x), note=self.note) for x in top]
        bottom = np.bincount(group, self.denominator, minlength=groups)
        return [self._cell(float(x), float(n)) for x, n in zip(top, bottom)]

    def _cell(self, x: float, n: float) -> Cell:
        if n == 0:
            return Cell(x, n, math.nan, note=join_notes(ZERO_DENOMINATOR, self.note))
        if self.kind != "share":
            return Cell(x, n, x / n, note=self.note)
        from affinity.statistics.intervals import wilson_interval

        lower, upper = wilson_interval(x, n)
        return Cell(x, n, x / n, float(lower), float(upper), self.note)


@dataclass(frozen=True)
class Durations:
    """Days to an event, or followed without it, a unit a customer; the value is a Kaplan–Meier median.

    horizon_days : None: of all; else of those who convert within it
    """

    followed_days: np.ndarray
    event: np.ndarray
    customer: np.ndarray
    horizon_days: int | None = None
    window: str | None = None
    note: str | None = None
    line: None = None
    group: None = None

    def cells(self, group: np.ndarray | None = None, groups: int = 1) -> list[Cell]:
        """One cell a group: numerator those who converted (within the horizon), denominator those followed a day or more."""
        from affinity.statistics import survival

        group = np.zeros(len(self.event), dtype=np.int64) if group is None else group
        indptr, day, at_risk, events = survival.count_life_table(self.followed_days, self.event, group, groups)
        curve = survival.cumulative_curve(indptr, day, at_risk, events)
        inside = self.followed_days >= 1
        n = np.bincount(group[inside], minlength=groups)
        if self.horizon_days is None:
            value, reason = survival.median_days(curve), np.full(groups, "NOT_REACHED: fewer than half are known to convert")
            converted = np.bincount(group[inside & self.event], minlength=groups)
        else:
            h = self.horizon_days
            rate, _ = curve.at(h)
            followed = np.bincount(group[self.followed_days >= h], minlength=groups)
            open_end = (followed == 0) & (rate < 1)
            value = survival.velocity_days(curve, np.where(open_end, np.nan, rate))
            reason = np.where(open_end, f"SHORT_FOLLOWUP: nobody was still open at day {h}", "NO_EVENTS")
            converted = survival.sum_until(indptr, day, events, h)
        notes = np.where(np.isnan(value), np.where(n == 0, ZERO_DENOMINATOR, reason), "").tolist()
        return [
            Cell(float(x), float(m), float(v), note=join_notes(note, self.note))
            for x, m, v, note in zip(converted, n, value, notes)
        ]


@dataclass(frozen=True)
class Cell:
    """One figure of the table: numerator, denominator, value, bounds, note."""

    numerator: float
    denominator: float
    value: float
    lower: float = math.nan
    upper: float = math.nan
    note: str | None = None


def join_notes(*notes: str | None) -> str | None:
    """The notes that are there, joined; None without any."""
    return "; ".join(note for note in notes if note) or None
