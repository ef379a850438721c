"""Metrics of orders: how much, how many items, how often again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.metrics.facts import Facts
from affinity.metrics.tally import Tally, Undefined


@dataclass(frozen=True)
class _Orders:
    """The orders of the window, by order code: their first line, customer, revenue and distinct products."""

    line: np.ndarray
    customer: np.ndarray
    revenue: np.ndarray
    products: np.ndarray


def _orders_of(facts: Facts) -> _Orders:
    """Orders whose first line lies in the window (an order over midnight belongs to the day it began)."""
    lines = facts.lines
    began = np.full(len(lines.orders), np.iinfo(np.int64).max)
    np.minimum.at(began, lines.order, facts.at)
    inside = np.ones(len(lines), dtype=bool) if facts.start_day is None else began[lines.order] >= facts.start_day
    rows = np.flatnonzero(inside)
    order, first = np.unique(lines.order[rows], return_index=True)
    place = np.searchsorted(order, lines.order[rows])
    pair = np.unique(place * max(len(lines.products), 1) + lines.product[rows])
    return _Orders(
        line=rows[first],
        customer=lines.customer[rows[first]],
        revenue=np.bincount(place, lines.net_amount[rows], minlength=len(order)),
        products=np.bincount(pair // max(len(lines.products), 1), minlength=len(order)),
    )


def count_repeat_customers(facts: Facts) -> Tally | Undefined:
    """Customers with more than one order in the window / customers with an order in it."""
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.window)
    customer = _orders_of(facts).customer
    orders = np.bincount(customer[customer >= 0], minlength=len(facts.lines.customers))
    who = np.arange(len(orders), dtype=np.int32)
    return Tally((orders > 1).astype(float), (orders > 0).astype(float), who, window=facts.window)


def count_order_value(facts: Facts) -> Tally | Undefined:
    """Revenue / orders; orders with a line of unknown amount are left out and counted in the note."""
    orders = _orders_of(facts)
    known = np.isfinite(orders.revenue)
    if len(known) and not known.any():
        return Undefined("NO_AMOUNTS: the order lines have no prices", facts.window)
    left_out = int(np.count_nonzero(~known))
    return Tally(
        orders.revenue[known],
        np.ones(int(known.sum())),
        orders.customer[known],
        kind="ratio",
        line=orders.line[known],
        window=facts.window,
        note=f"{left_out:,} orders of unknown amount left out" if left_out else None,
    )


def count_multi_item_orders(facts: Facts) -> Tally:
    """Orders of at least 2 distinct products / orders."""
    orders = _orders_of(facts)
    multi = (orders.products >= 2).astype(float)
    return Tally(multi, np.ones(len(multi)), orders.customer, line=orders.line, window=facts.window)


def count_attached(facts: Facts, antecedent: str, consequent: str) -> Tally:
    """Orders of the window with both products / with the antecedent. Raises UnknownLabel."""
    lines = facts.lines
    a, b = lines.products.code(antecedent), lines.products.code(consequent)
    has = np.zeros((2, len(lines.orders)), dtype=bool)
    for row, code in enumerate((a, b)):
        has[row, lines.order[lines.product == code]] = True
    line = _orders_of(facts).line
    line = line[has[0, lines.order[line]]]
    both = has[1, lines.order[line]].astype(float)
    return Tally(both, np.ones(len(both)), lines.customer[line], line=line, window=facts.window)
