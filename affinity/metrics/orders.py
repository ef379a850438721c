"""Metrics of orders: how much, how many items, how often again."""

from __future__ import annotations

import numpy as np

from affinity.metrics.facts import Facts
from affinity.metrics.tally import Tally, Undefined

#: Pairs that are shown where none are named, and the products that they are sought among.
MOST_PAIRS, MOST_PRODUCTS = 5, 20


def count_repeat_customers(facts: Facts) -> Tally | Undefined:
    """Customers with more than one order in the window / customers with an order in it."""
    if len(facts.lines.customers) == 0:
        return Undefined("NO_CUSTOMERS: the order lines name no customers", facts.window)
    customer = facts.orders.customer
    orders = np.bincount(customer[customer >= 0], minlength=len(facts.lines.customers))
    who = np.arange(len(orders), dtype=np.int32)
    return Tally((orders > 1).astype(float), (orders > 0).astype(float), who, window=facts.window)


def count_order_value(facts: Facts) -> Tally | Undefined:
    """Revenue / orders; orders with a line of unknown amount are left out and counted in the note."""
    orders = facts.orders
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
    orders = facts.orders
    multi = (orders.products >= 2).astype(float)
    return Tally(multi, np.ones(len(multi)), orders.customer, line=orders.line, window=facts.window)


def frequent_pairs(facts: Facts) -> list[tuple[str, str]]:
    """The ``MOST_PAIRS`` pairs most often ordered together in the window among the ``MOST_PRODUCTS`` most ordered products.

    In each the product of fewer orders comes first (its attach rate is the larger); ties by code.
    """
    lines, width = facts.lines, max(len(facts.lines.products), 1)
    key = np.sort(lines.order[facts.in_window].astype(np.int64) * width + lines.product[facts.in_window])
    key = key[np.append(True, key[1:] != key[:-1])[: len(key)]]
    order, product = key // width, key % width
    times = np.bincount(product, minlength=width)
    top = np.sort(np.argsort(-times, kind="stable")[:MOST_PRODUCTS])
    ours = np.isin(product, top)
    order, product = order[ours], product[ours]
    found: list[tuple[int, int, int]] = []
    for a in top.tolist():
        holds = np.zeros(len(lines.orders), dtype=bool)
        holds[order[product == a]] = True
        together = np.bincount(product[holds[order]], minlength=width)
        found += [(-int(together[b]), a, b) for b in top.tolist() if b > a and together[b]]
    best = [sorted(pair, key=lambda code: (times[code], code)) for _, *pair in sorted(found)[:MOST_PAIRS]]
    return [(str(lines.products.labels[a]), str(lines.products.labels[b])) for a, b in best]


def count_attached(facts: Facts, antecedent: str, consequent: str) -> Tally:
    """Orders of the window with both products / with the antecedent. Raises UnknownLabel."""
    lines = facts.lines
    a, b = lines.products.code(antecedent), lines.products.code(consequent)
    has = np.zeros((2, len(lines.orders)), dtype=bool)
    for row, code in enumerate((a, b)):
        has[row, lines.order[lines.product == code]] = True
    line = facts.orders.line
    line = line[has[0, lines.order[line]]]
    both = has[1, lines.order[line]].astype(float)
    return Tally(both, np.ones(len(both)), lines.customer[line], line=line, window=facts.window)
