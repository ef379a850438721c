"""Metrics of recurring revenue: what paying customers kept, added, reduced and gave up in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from affinity.metrics.facts import Facts
from affinity.metrics.subscription_events import bridge_gaps, spells_from_orders
from affinity.metrics.tally import Tally, Undefined, join_notes
from affinity.tables import Subscriptions

NO_SUBSCRIPTIONS = (
    "NO_SUBSCRIPTIONS: no subscription table, and no product with lasting_days: what was paid for, and until when, is not known"
)
NO_ENDS = "NO_ENDS: nothing says who left: no subscriptions, no customers with ended_at"


@dataclass(frozen=True)
class Movements:
    """Money a month a customer (float64[n_customers]) between the day before the window and its last day.

    opening + cross_sell + upsell + started − contraction − churned = closing, for each customer. A family given up by a
    customer who stays is contraction; ``churned`` is what customers paid who pay nothing at the end.
    """

    opening: np.ndarray
    cross_sell: np.ndarray
    upsell: np.ndarray
    started: np.ndarray
    contraction: np.ndarray
    churned: np.ndarray
    closing: np.ndarray
    note: str | None


_Part = Callable[[Movements], np.ndarray]


def spells_of(facts: Facts) -> Subscriptions | None:
    """The spells of known customers and products that began before as_of, ends on or after it open; None without any.

    From the subscriptions given, else from the order lines of products with lasting_days. Gaps of up to
    ``renewal_grace_days`` within a family are closed.
    """
    if facts.as_of_day is None or facts.lines.clock != "day":
        return None
    spells = facts.subscriptions
    if spells is None:
        if not np.isfinite(facts.products.lasting_days).any():
            return None
        spells = spells_from_orders(facts.lines, facts.products)
    rows = (spells.customer >= 0) & (spells.product >= 0) & (spells.started_at < facts.as_of_day)
    names = ("customer", "product", "started_at", "ended_at", "recurring", "seats", "trial")
    kept = replace(spells, **{name: getattr(spells, name)[rows] for name in names})
    ended = np.where(kept.ended_at >= facts.as_of_day, np.int32(-1), kept.ended_at)
    return bridge_gaps(replace(kept, ended_at=ended), facts.family, facts.settings.renewal_grace_days)


def movements_of(facts: Facts) -> Movements | None:
    """The movements of the window; None without subscriptions."""
    spells = spells_of(facts)
    if spells is None:
        return None
    assert facts.start_day is not None
    assert facts.as_of_day is not None
    n, families = len(facts.lines.customers), max(facts.n_families, 1)
    key = spells.customer.astype(np.int64) * families + facts.family[spells.product]
    paid = ~spells.trial & np.isfinite(spells.recurring)
    keys, place = np.unique(key, return_inverse=True)

    def paid_on(day: int) -> np.ndarray:
        on = paid & (spells.started_at <= day) & ((spells.ended_at < 0) | (spells.ended_at > day))
        return np.bincount(place[on], spells.recurring[on], minlength=len(keys))

    before, after, who = paid_on(facts.start_day - 1), paid_on(facts.as_of_day - 1), keys // families
    opening, closing = (np.bincount(who, x, minlength=n) for x in (before, after))
    paid_before, stays, change = (opening > 0)[who], ((opening > 0) & (closing > 0))[who], after - before
    parts = {
        "cross_sell": np.where(paid_before & (before == 0), after, 0.0),
        "upsell": np.where((before > 0) & (after > 0), np.maximum(change, 0.0), 0.0),
        "started": np.where(~paid_before, after, 0.0),
        "contraction": np.where(stays, np.maximum(-change, 0.0), 0.0),
        "churned": np.where(paid_before & ~stays, before, 0.0),
    }
    unknown = int(np.count_nonzero(~spells.trial & ~np.isfinite(spells.recurring)))
    return Movements(
        opening=opening,
        closing=closing,
        note=join_notes(_origin(facts), f"{unknown:,} spells of unknown revenue left out" if unknown else None),
        **{name: np.bincount(who, part, minlength=n) for name, part in parts.items()},
    )


def sum_cross_sold(facts: Facts) -> Tally | Undefined:
    """Money a month of families taken up in the window by customers who paid before it."""
    return _tally(facts, lambda moved: moved.cross_sell, None)


def sum_upsold(facts: Facts) -> Tally | Undefined:
    """Money a month added in the window to families that were paid for before it."""
    return _tally(facts, lambda moved: moved.upsell, None)


def sum_net_retained(facts: Facts) -> Tally | Undefined:
    """(Opening + expansion − contraction − churned) / opening."""
    return _tally(
        facts,
        lambda moved: moved.opening + moved.cross_sell + moved.upsell - moved.contraction - moved.churned,
        lambda moved: moved.opening,
    )


def sum_gross_retained(facts: Facts) -> Tally | Undefined:
    """(Opening − contraction − churned) / opening."""
    return _tally(facts, lambda moved: moved.opening - moved.contraction - moved.churned, lambda moved: moved.opening)


def count_churned(facts: Facts) -> Tally | Undefined:
    """Customers at the start of the window who left in it / customers at its start; by subscriptions, else by ended_at."""
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.window)
    if facts.start_day is None:
        return Undefined("NO_DATES: without dates there is no window", facts.window)
    who, moved, ended = np.arange(len(facts.lines.customers), dtype=np.int32), movements_of(facts), facts.customers.ended_at
    if moved is not None:
        base = moved.opening > 0
        return Tally((base & (moved.closing == 0)).astype(float), base.astype(float), who, window=facts.window, note=moved.note)
    if not (ended >= 0).any():
        return Undefined(NO_ENDS, facts.window)
    base = facts.present_at_start
    left = base & (ended >= 0) & (ended < (facts.as_of_day or 0))
    return Tally(left.astype(float), base.astype(float), who, window=facts.window, note="by ended_at")


def _tally(facts: Facts, top: _Part, bottom: _Part | None) -> Tally | Undefined:
    moved = movements_of(facts)
    if moved is None:
        return Undefined(NO_SUBSCRIPTIONS, facts.window)
    return Tally(
        top(moved),
        None if bottom is None else bottom(moved),
        np.arange(len(moved.opening), dtype=np.int32),
        kind="sum" if bottom is None else "ratio",
        window=facts.window,
        note=moved.note,
    )


def _origin(facts: Facts) -> str | None:
    """Where the spells come from, and which are not used."""
    spells = facts.subscriptions
    if spells is None:
        return "paid periods worked out from the orders by lasting_days"
    known = spells.customer >= 0
    strangers = int(np.count_nonzero(~known))
    unsold = int(np.count_nonzero(known & (spells.product < 0)))
    alike = np.stack([spells.customer, spells.product, spells.started_at])[:, known & (spells.product >= 0) & ~spells.trial]
    twice = alike.shape[1] - np.unique(alike, axis=1).shape[1]
    aside = spells.report.rows_set_aside
    return join_notes(
        f"{aside:,} rows of subscriptions set aside when read" if aside else None,
        f"{strangers:,} spells of customers without orders left out" if strangers else None,
        f"{unsold:,} spells of products that are in no order left out" if unsold else None,
        f"{twice:,} spells begin on the day of another of their customer and product: one of these counts" if twice else None,
    )
