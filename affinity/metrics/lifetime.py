"""Lifetime value: revenue over churn, before and after margin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from affinity.mapped import split_rows
from affinity.metrics.facts import Facts
from affinity.metrics.recurring import count_churned, movements_of
from affinity.metrics.subscription_events import DAYS_A_MONTH
from affinity.metrics.tally import A_SINGLE, DELTA, UNDEFINED, Cell, Tally, Undefined, delta_bounds, join_notes


@dataclass(frozen=True)
class Lifetimes:
    """value = (revenue a customer × margin) / churn rate, both of the window, a unit a customer present at its start.

    revenue, churned : float64[n] money of the window, 1 who left in it
    margin           : (float64[n] margin, float64[n] revenue of known margin), or None: before margin
    periods          : windows after which nothing more is counted (value = ARPU · (1 − (1 − churn)^periods) / churn), or None

    The interval is ± t·√V of Σ revenue / Σ churned by customers (margin taken as known); none with ``periods``.
    """

    revenue: np.ndarray
    churned: np.ndarray
    customer: np.ndarray
    margin: tuple[np.ndarray, np.ndarray] | None = None
    periods: float | None = None
    window: str | None = None
    note: str | None = None
    line: None = None

    def cells(self, group: np.ndarray | None = None, groups: int = 1) -> list[Cell]:
        """One cell a group: numerator revenue (× margin) a customer, denominator the churn rate."""
        group = np.zeros(len(self.revenue), dtype=np.int64) if group is None else group
        return [self._cell(np.flatnonzero(group == i)) for i in range(groups)]

    def _cell(self, rows: np.ndarray) -> Cell:
        n, churned, share = len(rows), float(self.churned[rows].sum()), 1.0
        if self.margin is not None:
            top, bottom = (float(part[rows].sum()) for part in self.margin)
            share = top / bottom if bottom > 0 else math.nan
        money = self.revenue[rows] * share
        if n == 0 or math.isnan(share):
            note = "ZERO_DENOMINATOR" if n == 0 else "NO_MARGINS: nothing of known margin was sold"
            return Cell(math.nan, math.nan, math.nan, note=join_notes(note, self.note), units=n)
        arpu, rate = float(money.mean()), churned / n
        if self.periods is not None:
            worth = arpu * (self.periods if rate == 0 else (1 - (1 - rate) ** self.periods) / rate)
            return Cell(arpu, rate, worth, note=self.note, interval="none: a value over a horizon", units=n)
        if rate == 0:
            note = "UNBOUNDED: nobody churned in the window; metrics.ltv_horizon_days bounds it"
            return Cell(arpu, rate, math.nan, note=join_notes(note, self.note), units=n)
        value = arpu / rate
        squares = float(((money - value * self.churned[rows]) ** 2).sum())
        variance = n / (n - 1) * squares / churned**2 if n > 1 else math.nan
        bounds = delta_bounds(value, variance, n)
        return Cell(arpu, rate, value, *bounds, self.note, DELTA if n > 1 else A_SINGLE if n else UNDEFINED, n)


def value_until_churn(facts: Facts) -> Lifetimes | Undefined:
    """Revenue / churn rate, before margin."""
    return _lifetimes(facts, None)


def margin_until_churn(facts: Facts) -> Lifetimes | Undefined:
    """ARPU × gross margin × lifespan, the lifespan being 1 / churn rate."""
    if not np.isfinite(facts.products.margin).any():
        return Undefined("NO_MARGINS: no product has a margin", facts.window)
    return _lifetimes(facts, _margins(facts))


def _lifetimes(facts: Facts, margin: tuple[np.ndarray, np.ndarray] | None) -> Lifetimes | Undefined:
    churn = count_churned(facts)
    if isinstance(churn, Undefined):
        return churn
    assert isinstance(churn, Tally)
    assert churn.denominator is not None
    rows, days = np.flatnonzero(churn.denominator > 0), facts.settings.window_days
    moved = movements_of(facts)
    revenue = _ordered(facts) if moved is None else moved.opening * days / DAYS_A_MONTH
    if moved is None and len(facts.lines) and not np.isfinite(facts.lines.net_amount).any():
        return Undefined("NO_AMOUNTS: the order lines have no prices", facts.window)
    horizon = facts.settings.ltv_horizon_days
    return Lifetimes(
        revenue=revenue[rows],
        churned=churn.numerator[rows],
        customer=churn.customer[rows],
        margin=None if margin is None else (margin[0][rows], margin[1][rows]),
        periods=None if horizon is None else horizon / days,
        window=facts.window,
        note=join_notes("before margin" if margin is None else "after margin", _horizon_note(horizon), churn.note),
    )


def _horizon_note(horizon: int | None) -> str | None:
    return None if horizon is None else f"over {horizon} days"


def _ordered(facts: Facts) -> np.ndarray:
    """float64[n_customers]: money of the known amounts of the window."""
    lines = facts.lines
    rows = np.flatnonzero(facts.in_window & (lines.customer >= 0) & np.isfinite(lines.net_amount))
    return np.bincount(lines.customer[rows], lines.net_amount[rows], minlength=len(lines.customers))


def _margins(facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """(margin, revenue) a customer of the lines before as_of whose product has a margin and which have an amount."""
    lines, n = facts.lines, len(facts.lines.customers)
    margin, revenue = np.zeros(n), np.zeros(n)
    for block in split_rows(len(lines)):
        each, amount = facts.products.margin[lines.product[block]], lines.net_amount[block]
        rows = np.flatnonzero((lines.customer[block] >= 0) & np.isfinite(each) & np.isfinite(amount))
        who = lines.customer[block][rows]
        np.add.at(margin, who, each[rows] * lines.quantity[block][rows])
        np.add.at(revenue, who, amount[rows])
    return margin, revenue
