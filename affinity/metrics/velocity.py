"""Metrics of time: how long until a customer adds a product, and what share of each cohort did."""

from __future__ import annotations

import math

import numpy as np

from affinity.metrics.bands import name_cohorts
from affinity.metrics.facts import NEVER, Facts
from affinity.metrics.pairs import KAPLAN_MEIER
from affinity.metrics.tally import WILSON, Cell, Durations, Undefined, join_notes

DAYS_A_MONTH = 365.25 / 12
_SEEN = "from the first seen purchase"


def time_to_added(facts: Facts) -> Durations | Undefined:
    """Days from the first purchase to the first added family, of all customers."""
    return _durations(facts, None)


def time_to_added_of_converters(facts: Facts) -> Durations | Undefined:
    """The same among those who convert within ``velocity_horizon_days``."""
    return _durations(facts, facts.settings.velocity_horizon_days)


def _durations(facts: Facts, horizon_days: int | None) -> Durations | Undefined:
    if (missing := _undated(facts)) is not None:
        return missing
    assert facts.as_of_day is not None
    bought = np.flatnonzero(facts.first_at < NEVER)
    first, added = facts.first_at[bought], _first_added(facts)[bought]
    event = added < NEVER
    followed = np.where(event, added, facts.as_of_day - 1) - first
    return Durations(followed, event, bought.astype(np.int32), horizon_days, window=facts.until, note=_SEEN)


def _first_added(facts: Facts) -> np.ndarray:
    """int64[n_customers]: the first day on which a family was added, NEVER without one."""
    first = np.full(len(facts.lines.customers), NEVER)
    np.minimum.at(first, facts.by_family.customer[facts.added], facts.by_family.first_at[facts.added])
    return first


def _undated(facts: Facts) -> Undefined | None:
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.until)
    if facts.lines.clock != "day":
        return Undefined("NO_DATES: without dates nothing tells how long it took", facts.until)
    if facts.n_families < 2:
        return Undefined("NO_COMPLEMENT: there is only one product family", facts.until)
    return None


class Cohorts:
    """Adoption within so many days of the first purchase, by quarter of that purchase.

    A cohort all of whose members were followed so long is a plain share; others are Kaplan–Meier and say so. The
    figure over all takes the complete cohorts only: the two kinds are never mixed.
    """

    def __init__(self, durations: Durations, quarter: np.ndarray, first: np.ndarray, end: int, days: int) -> None:
        self.labels, self.cohort = np.unique(quarter, return_inverse=True)
        self.durations, self.days = durations, days
        self.follow_up = end - 1 - first
        self.window = f"{days} days from the first purchase"

    def cells(self) -> tuple[Cell, list[tuple[str, Cell]]]:
        """(over the complete cohorts, [(quarter, cell), …])."""
        n = np.bincount(self.cohort, minlength=len(self.labels))
        long_enough = np.bincount(self.cohort, self.follow_up >= self.days, minlength=len(self.labels))
        within = self.durations.event & (self.durations.followed_days <= self.days)
        adopters = np.bincount(self.cohort, within, minlength=len(self.labels))
        complete = long_enough == n
        total = _complete_cell(float(adopters[complete].sum()), float(n[complete].sum()), bool(complete.any()), self.days)
        censored = self._censored_cells(adopters, n, long_enough)
        cells = [
            (str(label), _complete_cell(float(x), float(m), True, self.days) if whole else cell)
            for label, x, m, whole, cell in zip(self.labels, adopters, n, complete, censored)
        ]
        return total, cells

    def _censored_cells(self, adopters: np.ndarray, n: np.ndarray, long_enough: np.ndarray) -> list[Cell]:
        from affinity.statistics import survival

        groups, d = len(self.labels), self.durations
        indptr, day, at_risk, events = survival.count_life_table(d.followed_days, d.event, self.cohort, groups)
        curve = survival.cumulative_curve(indptr, day, at_risk, events)
        rate, variance = curve.at(self.days)
        risk_set = np.bincount(self.cohort[d.followed_days >= self.days], minlength=groups)
        size = survival.effective_size(rate, variance, n, survival.steady_size(n, risk_set))
        lower, upper = survival.rate_bounds(rate, size)
        cells = []
        for i in range(groups):
            if risk_set[i] == 0 and rate[i] < 1:
                note = f"SHORT_FOLLOWUP: nobody of this cohort was still open at day {self.days}"
                cells.append(Cell(float(adopters[i]), float(n[i]), math.nan, note=note, units=float(n[i])))
                continue
            note = f"CENSORED: Kaplan–Meier, {long_enough[i]:,.0f} of {n[i]:,} were followed for {self.days} days"
            bounds = float(lower[i]), float(upper[i])
            cells.append(Cell(float(adopters[i]), float(n[i]), float(rate[i]), *bounds, note, KAPLAN_MEIER, float(n[i])))
        return cells


def count_cohorts(facts: Facts) -> Cohorts | Undefined:
    """Adopters within ``cohort_months`` of the first purchase / cohort."""
    if (missing := _undated(facts)) is not None:
        return missing
    durations = _durations(facts, None)
    assert isinstance(durations, Durations)
    assert facts.as_of_day is not None
    first = facts.first_at[durations.customer]
    quarter = name_cohorts(first, facts.settings.cohort_by)
    return Cohorts(durations, quarter, first, facts.as_of_day, round(facts.settings.cohort_months * DAYS_A_MONTH))


def _complete_cell(x: float, n: float, some: bool, days: int) -> Cell:
    from affinity.metrics.value import share

    if not some:
        return Cell(x, n, math.nan, note=f"SHORT_FOLLOWUP: no cohort was followed for {days} days")
    value = share("cohort_adoption_rate", x, n)
    return Cell(x, n, value.value, value.lower, value.upper, join_notes(value.note, _SEEN), WILSON, n)
