"""What a measure hands on: units with their parts, to be summed over everybody and over segments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.metrics.value import ZERO_DENOMINATOR

WILSON = "Wilson"
CLUSTERED = "Wilson, customers as clusters"
DELTA = "delta method over customers"
A_TOTAL = "none: a total of what was seen"
A_SINGLE = "none: a single customer has no spread"
UNDEFINED = "none: no value"


@dataclass(frozen=True)
class Undefined:
    """A metric that the input cannot give: a reason code and a sentence."""

    note: str
    window: str | None = None


@dataclass(frozen=True)
class Cell:
    """One figure of the table: numerator, denominator, value, bounds and how they were made, note, units it rests on."""

    numerator: float
    denominator: float
    value: float
    lower: float = math.nan
    upper: float = math.nan
    note: str | None = None
    interval: str = UNDEFINED
    units: float = math.inf


@dataclass(frozen=True)
class Tally:
    """value = Σ numerator / Σ denominator over units (customers, orders, lines, offers).

    numerator   : float64[n]; denominator : float64[n], or None: the metric is a plain sum
    customer    : int32[n], the customer of each unit, −1 unknown
    line        : int64[n], a line of each unit (where guests' segments are read), or None
    kind        : "share" has a Wilson interval, "ratio" one by the delta method, "sum" none
    group       : int[n] a fixed split (campaign, cohort) of ``group_labels`` named ``group_by``, or None

    A customer's units are not independent of each other: where customers have several, a share's Wilson interval stands
    on the effective size p(1 − p)/V, V = C/(C − 1) · Σ_c (x_c − p m_c)² / (Σ m_c)², and a ratio's is ± t·√V with C − 1
    degrees of freedom.
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
            return [Cell(float(x), math.nan, float(x), note=self.note, interval=A_TOTAL) for x in top]
        bottom = np.bincount(group, self.denominator, minlength=groups)
        clusters, variance, repeated = self._cluster_variance(group, groups, top, bottom)
        parts = zip(top.tolist(), bottom.tolist(), clusters.tolist(), variance.tolist(), repeated.tolist())
        return [self._cell(*part) for part in parts]

    def _cluster_variance(
        self, group: np.ndarray, groups: int, top: np.ndarray, bottom: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(customers that count, variance of the value, whether one has several units) a group; a guest's unit is its own."""
        assert self.denominator is not None
        counts = np.flatnonzero((self.denominator != 0) | (self.numerator != 0))
        who, at = self.customer[counts].astype(np.int64), group[counts]
        guests = who < 0
        known = int(who.max(initial=-1)) + 1
        who[guests] = known + np.arange(int(guests.sum()))
        width = known + int(guests.sum()) + 1
        key, inverse = np.unique(at * width + who, return_inverse=True)
        x = np.bincount(inverse, self.numerator[counts], minlength=len(key))
        m = np.bincount(inverse, self.denominator[counts], minlength=len(key))
        cell = key // width
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(bottom != 0, top / bottom, np.nan)
            clusters = np.bincount(cell, minlength=groups)
            squares = np.bincount(cell, (x - value[cell] * m) ** 2, minlength=groups)
            variance = clusters / (clusters - 1.0) * squares / bottom**2
        return clusters, variance, np.bincount(cell, m > 1, minlength=groups) > 0

    def _cell(self, x: float, n: float, clusters: int, variance: float, repeated: bool) -> Cell:
        if n == 0:
            return Cell(x, n, math.nan, note=join_notes(ZERO_DENOMINATOR, self.note), units=clusters)
        value = x / n
        if self.kind != "share":
            interval = DELTA if clusters > 1 else A_SINGLE
            return Cell(x, n, value, *delta_bounds(value, variance, clusters), self.note, interval, clusters)
        from affinity.statistics.intervals import wilson_interval

        size, interval = n, WILSON
        if repeated:
            interval = CLUSTERED
            size = min(value * (1 - value) / variance, n) if clusters > 1 and variance > 0 else float(clusters)
        lower, upper = wilson_interval(value * size, size)
        return Cell(x, n, value, float(lower), float(upper), self.note, interval, clusters)


def delta_bounds(value: float, variance: float, clusters: float) -> tuple[float, float]:
    """value ± t·√variance, t of C − 1 degrees of freedom at 97.5 %; NaN with fewer than two clusters."""
    if clusters < 2 or not math.isfinite(variance):
        return math.nan, math.nan
    from scipy.special import stdtrit

    half = float(stdtrit(clusters - 1, 0.975)) * math.sqrt(variance)
    return value - half, value + half


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
        lower = upper = np.full(groups, np.nan)
        interval = "none: the median of converters rests on two estimates"
        if self.horizon_days is None:
            value, reason = survival.median_days(curve), np.full(groups, "NOT_REACHED: fewer than half are known to convert")
            converted = np.bincount(group[inside & self.event], minlength=groups)
            lower, upper = median_bounds(curve, at_risk)
            interval = "days at which the pointwise Kaplan–Meier interval holds one half"
        else:
            h = self.horizon_days
            rate, _ = curve.at(h)
            followed = np.bincount(group[self.followed_days >= h], minlength=groups)
            open_end = (followed == 0) & (rate < 1)
            value = survival.velocity_days(curve, np.where(open_end, np.nan, rate))
            reason = np.where(open_end, f"SHORT_FOLLOWUP: nobody was still open at day {h}", "NO_EVENTS")
            converted = survival.sum_until(indptr, day, events, h)
        undefined = np.isnan(value)
        notes = np.where(undefined, np.where(n == 0, ZERO_DENOMINATOR, reason), "").tolist()
        lower, upper = np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper)
        return [
            Cell(
                float(x),
                float(m),
                float(v),
                float(a),
                float(b),
                join_notes(note, self.note),
                UNDEFINED if note else interval,
                m,
            )
            for x, m, v, a, b, note in zip(converted, n, value, lower, upper, notes)
        ]


def median_bounds(curve: object, at_risk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[runs] twice: the first days at which the upper and the lower bound of F reach ½ (Brookmeyer & Crowley 1982).

    The bound of F at a day is Wilson's on its effective size F(1 − F)/Var. A missing upper bound is NaN: not reached.
    """
    from dataclasses import replace

    from affinity.statistics import survival

    assert isinstance(curve, survival.CumulativeCurve)
    starts = curve.indptr[:-1]
    first = np.repeat(at_risk[np.minimum(starts, max(len(at_risk) - 1, 0))] if len(at_risk) else starts, np.diff(curve.indptr))
    size = survival.effective_size(curve.rate, curve.variance, first, first)
    low, high = survival.rate_bounds(curve.rate, size)
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)
    return survival.median_days(replace(curve, rate=_rising(high, curve.indptr))), survival.median_days(
        replace(curve, rate=_rising(low, curve.indptr))
    )


def _rising(bound: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """The running maximum within each run: a bound of a rising curve rises."""
    risen = bound.copy()
    for start, end in zip(indptr[:-1].tolist(), indptr[1:].tolist()):
        np.maximum.accumulate(risen[start:end], out=risen[start:end])
    return risen


def join_notes(*notes: str | None) -> str | None:
    """The notes that are there, joined; None without any."""
    return "; ".join(note for note in notes if note) or None
