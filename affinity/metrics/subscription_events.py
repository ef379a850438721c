"""What happens to subscriptions: start, renewal, upgrade, downgrade, seat change, churn, reactivation.

Read from a subscription table, or from order lines of products that last. Within a product family everything is upsell,
renewal or loss; a further family is cross-sell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from affinity.tables import OrderLines, Products, SubscriptionEvents, Subscriptions
from affinity.tables.subscriptions import KINDS

DAYS_A_MONTH = 365.25 / 12


def spells_from_orders(lines: OrderLines, products: Products) -> Subscriptions:
    """Spells of the dated lines (quantity > 0, a customer) of products with lasting_days: each line pays for one period.

    recurring = net amount / lasting_days × 30.4 (money a month); seats = quantity; the period ends lasting_days later.
    """
    lasting = products.lasting_days[lines.product]
    assert lines.day is not None
    rows = np.flatnonzero((lines.customer >= 0) & (lines.quantity > 0) & np.isfinite(lasting) & (lasting > 0))
    started, days = lines.day[rows], np.ceil(lasting[rows]).astype(np.int32)
    return Subscriptions(
        customer=lines.customer[rows],
        product=lines.product[rows],
        started_at=started,
        ended_at=started + days,
        recurring=lines.net_amount[rows] / lasting[rows] * DAYS_A_MONTH,
        seats=lines.quantity[rows],
        trial=np.zeros(len(rows), dtype=bool),
        customers=lines.customers,
        products=lines.products,
    )


def bridge_gaps(spells: Subscriptions, family: np.ndarray, grace_days: int) -> Subscriptions:
    """The same spells, each that ends up to ``grace_days`` before the next one of its customer and family ending with it;
    one that is still running when the next of the same product begins ends there (a renewal paid early).

    family : int32[n_products]
    """
    order = np.lexsort((spells.started_at, spells.trial, family[spells.product], spells.customer))
    ended = spells.ended_at.astype(np.int32).copy()
    here, after = order[:-1], order[1:]
    same = (spells.customer[here] == spells.customer[after]) & (spells.trial[here] == spells.trial[after])
    same &= family[spells.product[here]] == family[spells.product[after]]
    gap = spells.started_at[after].astype(np.int64) - ended[here]
    late = same & (ended[here] >= 0) & (gap >= 0) & (gap <= grace_days)
    early = same & (spells.product[here] == spells.product[after]) & ((ended[here] < 0) | (gap < 0))
    close = late | early
    ended[here[close]] = spells.started_at[after[close]]
    return replace(spells, ended_at=ended)


def list_events(
    spells: Subscriptions,
    products: Products,
    *,
    as_of_day: int | None = None,
    renewal_grace_days: int = 7,
    tier_order: Sequence[str] = (),
) -> SubscriptionEvents:
    """The events of the paid ``spells`` before ``as_of_day`` (trials are none), by customer, family and day.

    Of two spells of one customer and family that follow each other within ``renewal_grace_days``: another product is an
    upgrade or a downgrade (by ``tier_order``, lowest first, where both tiers are in it, else by money a month), the same
    product with other seats a seat_change, else a renewal. A longer gap is a churn at the end of the first and a
    reactivation at the start of the second. ``cross_sell`` marks a start by a customer who had another family before.
    """
    family = _families(products)
    spells = spells.recoded(spells.customers, products.products)
    rows = np.flatnonzero(~spells.trial & (spells.customer >= 0) & (spells.product >= 0))
    if as_of_day is not None:
        rows = rows[spells.started_at[rows] < as_of_day]
    rows = rows[np.lexsort((spells.started_at[rows], family[spells.product[rows]], spells.customer[rows]))]
    columns = (spells.customer, spells.product, spells.started_at, spells.ended_at, spells.recurring, spells.seats)
    listed = [_Spell(*values) for values in zip(*(column[rows].tolist() for column in columns))]
    rank = {tier: i for i, tier in enumerate(tier_order)}
    tiers = [rank.get(tier, -1) for tier in products.tier.tolist()]
    first_day: dict[int, int] = {}
    for spell in listed:
        first_day[spell.customer] = min(spell.start, first_day.get(spell.customer, spell.start))
    events: list[tuple[int, int, int, int, str, bool, float, float]] = []
    last: _Spell | None = None

    def ends(spell: _Spell) -> bool:
        return spell.end >= 0 and (as_of_day is None or spell.end < as_of_day)

    def add(spell: _Spell, day: int, kind: str, before: float, after: float, *, cross: bool = False) -> None:
        events.append((spell.customer, spell.product, int(family[spell.product]), day, kind, cross, before, after))

    for spell in listed:
        follows = last is not None and last.customer == spell.customer and family[last.product] == family[spell.product]
        if last is not None and not follows and ends(last):
            add(last, last.end, "churn", last.recurring, 0.0)
        if last is None or not follows:
            add(spell, spell.start, "start", 0.0, spell.recurring, cross=spell.start > first_day[spell.customer])
        elif last.end >= 0 and spell.start - last.end > renewal_grace_days:
            add(last, last.end, "churn", last.recurring, 0.0)
            add(spell, spell.start, "reactivation", 0.0, spell.recurring)
        else:
            add(spell, spell.start, _kind(last, spell, tiers), last.recurring, spell.recurring)
        last = spell
    if last is not None and ends(last):
        add(last, last.end, "churn", last.recurring, 0.0)
    return _as_table(events, spells, products)


class _Spell:
    """One spell in plain numbers."""

    def __init__(self, customer: int, product: int, start: int, end: int, recurring: float, seats: float) -> None:
        self.customer, self.product, self.start, self.end = customer, product, start, end
        self.recurring, self.seats = recurring, seats


def _kind(before: _Spell, after: _Spell, tiers: list[int]) -> str:
    if before.product != after.product:
        low, high = tiers[before.product], tiers[after.product]
        rises = high > low if min(low, high) >= 0 and low != high else after.recurring >= before.recurring
        return "upgrade" if rises else "downgrade"
    same_seats = before.seats == after.seats or math.isnan(before.seats) or math.isnan(after.seats)
    return "renewal" if same_seats else "seat_change"


def _families(products: Products) -> np.ndarray:
    named = [label if label is not None else ("", code) for code, label in enumerate(products.family.tolist())]
    number = {label: i for i, label in enumerate(dict.fromkeys(named))}
    return np.array([number[label] for label in named], dtype=np.int32)


def _as_table(
    events: list[tuple[int, int, int, int, str, bool, float, float]], spells: Subscriptions, products: Products
) -> SubscriptionEvents:
    customer, product, family, day, kind, cross, before, after = zip(*events) if events else ((),) * 8
    code = {name: i for i, name in enumerate(KINDS)}
    return SubscriptionEvents(
        customer=np.array(customer, dtype=np.int32),
        product=np.array(product, dtype=np.int32),
        family=np.array(family, dtype=np.int32),
        day=np.array(day, dtype=np.int32),
        kind=np.array([code[name] for name in kind], dtype=np.int8),
        cross_sell=np.array(cross, dtype=bool),
        before=np.array(before, dtype=np.float64),
        after=np.array(after, dtype=np.float64),
        customers=spells.customers,
        products=products.products,
    )
