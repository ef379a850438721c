"""Conversion of a named pair A → B, with censoring; all pairs at once are `affinity.estimate_conversion`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from affinity.metrics.facts import NEVER, Facts
from affinity.metrics.tally import Cell, Undefined, join_notes
from affinity.metrics.value import ZERO_DENOMINATOR

KAPLAN_MEIER = "Kaplan–Meier, Wilson on the effective size"
_WASH_IN_DAYS = 365


@dataclass(frozen=True)
class Follow:
    """Days to an event within a horizon, or followed without it, a unit a customer; the value is F(horizon) by Kaplan–Meier."""

    followed_days: np.ndarray
    event: np.ndarray
    customer: np.ndarray
    horizon_days: int
    window: str | None = None
    note: str | None = None
    line: None = None

    def cells(self, group: np.ndarray | None = None, groups: int = 1) -> list[Cell]:
        """One cell a group: numerator converted within the horizon, denominator followed a day or more."""
        from affinity.statistics import survival

        h = self.horizon_days
        group = np.zeros(len(self.event), dtype=np.int64) if group is None else group
        indptr, day, at_risk, events = survival.count_life_table(self.followed_days, self.event, group, groups)
        rate, variance = survival.cumulative_curve(indptr, day, at_risk, events).at(h)
        n = np.bincount(group[self.followed_days >= 1], minlength=groups)
        still = np.bincount(group[self.followed_days >= h], minlength=groups)
        converted = survival.sum_until(indptr, day, events, h)
        size = survival.effective_size(rate, variance, n, survival.steady_size(n, still))
        lower, upper = survival.rate_bounds(rate, size)
        return [
            self._cell(float(x), float(m), float(v), (float(a), float(b)), bool(open_end))
            for x, m, v, a, b, open_end in zip(converted, n, rate, lower, upper, (still == 0) & (rate < 1))
        ]

    def _cell(self, x: float, n: float, value: float, bounds: tuple[float, float], open_end: bool) -> Cell:
        if n == 0:
            return Cell(x, n, math.nan, note=join_notes(ZERO_DENOMINATOR, self.note), units=n)
        if open_end:
            reason = f"SHORT_FOLLOWUP: nobody was still open at day {self.horizon_days}"
            return Cell(x, n, math.nan, note=join_notes(reason, self.note), units=n)
        return Cell(x, n, value, *bounds, self.note, KAPLAN_MEIER, n)


def enters(facts: Facts, day: np.ndarray, customer: np.ndarray) -> np.ndarray:
    """bool[n]: a life that begins on ``day`` is seen from its start.

    The customer started inside the data, or the day lies a wash-in (365 days, at most a third of the history) after
    the beginning of the data: a first *seen* purchase is no start.
    """
    begin = int(facts.at.min()) if len(facts.at) else 0
    wash_in = min(_WASH_IN_DAYS, max((facts.as_of_day or 0) - begin, 0) // 3)
    return (day >= begin + wash_in) | (facts.customers.started_at[customer] >= begin)


def follow_pair(facts: Facts, antecedent: str, consequent: str) -> Follow | Undefined:
    """Of those whose first purchase of A is seen, without B by then, those who bought B within ``pair_horizon_days``.

    Raises UnknownLabel.
    """
    words = facts.lines.products
    a, b = words.code(antecedent), words.code(consequent)
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.until)
    if facts.lines.clock != "day" or facts.as_of_day is None:
        return Undefined("NO_DATES: without dates nothing tells how long it took", facts.until)
    if facts.family[a] == facts.family[b]:
        return Undefined("SAME_FAMILY: within a family it is an upsell", facts.until)
    first = np.full((2, len(facts.lines.customers)), NEVER)
    pairs = facts.by_product
    for row, code in enumerate((a, b)):
        mine = pairs.item == code
        first[row, pairs.customer[mine]] = pairs.first_at[mine]
    owners = np.flatnonzero(first[0] < NEVER)
    start, bought = first[0, owners], first[1, owners]
    launch, gone = int(facts.products.on_sale_from[b]), int(facts.products.on_sale_to[b])
    open_to = (bought > start) & enters(facts, start, owners) & (start >= launch)
    owners, start, bought = owners[open_to], start[open_to], bought[open_to]
    last = min(facts.as_of_day, gone if gone >= 0 else facts.as_of_day) - 1
    event = bought <= last
    followed = np.where(event, bought, last) - start
    return Follow(followed, event, owners.astype(np.int32), facts.settings.pair_horizon_days, window=facts.until)
