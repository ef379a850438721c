"""Kaplan–Meier estimates over many small life tables at once.

A life table is a run of event days (rising), with the customers at risk and the events on each; many of
them lie end to end in flat arrays, and ``indptr`` says where each begins. Every estimate of a run is
summed in the order of its days and never sees another run, so a batch equals its members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.statistics.elementary import log
from affinity.statistics.intervals import wilson_interval


@dataclass(frozen=True)
class CumulativeCurve:
    """Kaplan–Meier cumulative rate F(u) = 1 − Π_{v ≤ u} (1 − d_v / n_v) just after each event day.

    indptr   : int64[runs + 1]; day : int32[n] event days, rising within a run
    rate     : float64[n] F at the event day, in [0, 1]
    variance : float64[n] Greenwood: (1 − F)² Σ_{v ≤ u} d_v / (n_v (n_v − d_v)); 0 where everybody converted
    """

    indptr: np.ndarray
    day: np.ndarray
    rate: np.ndarray
    variance: np.ndarray

    def at(self, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
        """(F, variance) of each run at ``horizon_days``: float64[runs], zeros before the first event.

        Whether anybody was followed so far is not seen here: without anybody at risk at the horizon
        F is not identified unless it is already 1.
        """
        last = events_until(self.indptr, self.day, horizon_days)
        rate, variance = np.zeros(len(last)), np.zeros(len(last))
        some = last > self.indptr[:-1]
        rate[some], variance[some] = self.rate[last[some] - 1], self.variance[last[some] - 1]
        return rate, variance

    def first_day_reaching(self, goal: np.ndarray) -> np.ndarray:
        """float64[runs]: the smallest event day with F ≥ ``goal`` (> 0) of its run; NaN where F stays below it."""
        runs = len(self.indptr) - 1
        run = np.repeat(np.arange(runs), np.diff(self.indptr))
        below = np.bincount(run[self.rate < goal[run]], minlength=runs)  # F rises, so these come first
        position = self.indptr[:-1] + below
        days = np.full(runs, np.nan)
        reached = position < self.indptr[1:]
        days[reached] = self.day[position[reached]]
        return days


def cumulative_curve(indptr: np.ndarray, day: np.ndarray, at_risk: np.ndarray, events: np.ndarray) -> CumulativeCurve:
    """The Kaplan–Meier curve of each run.

    indptr : int64[runs + 1]; day, at_risk, events : int[n], 1 ≤ events ≤ at_risk; an empty run is F ≡ 0.
    Source: Kaplan & Meier 1958; Greenwood 1926.

    >>> curve = cumulative_curve(np.array([0, 2]), np.array([3, 9]), np.array([10, 4]), np.array([1, 2]))
    >>> curve.rate.round(3).tolist()
    [0.1, 0.55]
    """
    lengths = np.diff(indptr)
    order = np.argsort(-lengths, kind="stable")  # the k-th event day of every run that has one, for k = 0, 1, …
    starts, falling = indptr[:-1][order], -lengths[order]
    survival, spread = np.ones(len(order)), np.zeros(len(order))
    rate, variance = np.empty(len(day)), np.empty(len(day))
    for k in range(int(lengths.max(initial=0))):
        active = int(np.searchsorted(falling, -k, side="left"))  # runs longer than k
        here = starts[:active] + k
        n, d = at_risk[here].astype(np.float64), events[here].astype(np.float64)
        left = n - d
        survival[:active] *= np.divide(left, n, out=np.ones(active), where=n > 0)  # a day without anybody says nothing
        spread[:active] += np.divide(d, n * left, out=np.zeros(active), where=left > 0)
        rate[here] = 1.0 - survival[:active]
        variance[here] = survival[:active] ** 2 * spread[:active]
    return CumulativeCurve(indptr, day, rate, variance)


def events_until(indptr: np.ndarray, day: np.ndarray, horizon_days: int) -> np.ndarray:
    """int64[runs]: the position just after the last event day ≤ ``horizon_days`` of each run."""
    within = np.concatenate([[0], np.cumsum(day <= horizon_days, dtype=np.int64)])
    return indptr[:-1] + within[indptr[1:]] - within[indptr[:-1]]


def sum_until(indptr: np.ndarray, day: np.ndarray, count: np.ndarray, horizon_days: int) -> np.ndarray:
    """int64[runs]: Σ ``count`` over the event days ≤ ``horizon_days`` of each run (converted customers)."""
    total = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    return total[events_until(indptr, day, horizon_days)] - total[indptr[:-1]]


def steady_size(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Harmonic mean of a risk set that falls evenly from ``first`` to ``last``: (first − last) / ln(first / last).

    float64[n]; ``first`` where the two are equal, 0 where either is 0. It stands for the harmonic mean of
    n(u) over the days up to the horizon when no event day tells more.
    """
    first, last = np.asarray(first, dtype=np.float64), np.asarray(last, dtype=np.float64)
    size = np.where((first > 0) & (last > 0), first, 0.0)
    falls = (first > last) & (last > 0)
    size[falls] = (first[falls] - last[falls]) / log(first[falls] / last[falls])
    return size


def effective_size(rate: np.ndarray, variance: np.ndarray, eligible: np.ndarray, no_event_size: np.ndarray) -> np.ndarray:
    """The binomial sample size that is worth as much as a censored one: min(n, F(1 − F) / variance).

    float64[n]. ``no_event_size`` (see `steady_size`) stands where there was no event; ``eligible`` where
    the variance is 0 because everybody converted. Source: Cutler & Ederer 1958; statistics as measured in
    the project's simulations: coverage .93–.97 for n = 30–400, F = .02–.30 with a third censored early.
    """
    eligible = np.asarray(eligible, dtype=np.float64)
    worth = np.divide(rate * (1.0 - rate), variance, out=np.full(len(eligible), np.inf), where=variance > 0)
    return np.where(rate == 0.0, no_event_size, np.minimum(eligible, worth))


def rate_bounds(rate: np.ndarray, size: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson interval (lower, upper) of a cumulative rate on its effective size; NaN where the size is 0."""
    size = np.asarray(size, dtype=np.float64)
    return wilson_interval(rate * size, size, level)


def velocity_days(curve: CumulativeCurve, rate_at_horizon: np.ndarray) -> np.ndarray:
    """Median days among those who convert within the horizon, allowing for censoring.

    float64[runs]: the smallest u with F(u) ≥ ½ F(h); NaN where nobody converts (F(h) = 0 or NaN).
    """
    goal = 0.5 * np.asarray(rate_at_horizon, dtype=np.float64)
    return curve.first_day_reaching(np.where(goal > 0, goal, np.inf))


def median_days(curve: CumulativeCurve) -> np.ndarray:
    """Days by which half of *all* have converted: float64[runs], NaN where F never reaches ½."""
    return curve.first_day_reaching(np.full(len(curve.indptr) - 1, 0.5))


def count_life_table(
    followed_days: np.ndarray, event: np.ndarray, group: np.ndarray | None = None, groups: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Life tables of plain durations, a run a group: (indptr int64[groups + 1], day, at_risk, events int32).

    followed_days : int[n] day of the event, or the last day seen without it; ``event`` : bool[n]
    group         : int[n] in [0, groups), or None: one group. A duration < 1 never enters.
    Events come before censoring on the same day: at risk at u are the durations ≥ u.
    """
    followed_days = np.asarray(followed_days, dtype=np.int64)
    group = np.zeros(len(followed_days), dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
    inside = followed_days >= 1
    span = int(followed_days.max(initial=0)) + 2
    key = group[inside] * span + followed_days[inside]
    cell, events = np.unique(key[np.asarray(event, dtype=bool)[inside]], return_counts=True)
    ends = np.bincount(group[inside], minlength=groups).cumsum()
    at_risk = ends[cell // span] - np.searchsorted(np.sort(key), cell, side="left")
    indptr = np.concatenate([[0], np.bincount(cell // span, minlength=groups).cumsum()]).astype(np.int64)
    return indptr, (cell % span).astype(np.int32), at_risk.astype(np.int32), events.astype(np.int32)
