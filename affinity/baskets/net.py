"""Returns netted against the purchases that they undo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affinity.baskets.aside import format_number, quarantine_of
from affinity.baskets.position import distinct_sorted
from affinity.tables import OrderLines, Quarantine

#: What is left of a quantity below this share of it is rounding (0.3 − 0.1 − 0.2), and counts as nothing.
ROUNDING = 1e-9


def net_returns(lines: OrderLines) -> OrderLines:
    """``lines`` without returns: each is taken off the purchases that it undoes.

    A return (negative quantity) uses up purchases of the same customer and product: those of its own order
    first (latest row first), then those of orders that were not later, the latest first (ties: the later row). An
    order's time is its earliest line's. A guest's return, or any return without time, is matched within its order only.

    A purchase keeps what is left of its quantity and, in proportion, of its net_amount, and its date; used up, it is set
    aside as ``returned``. A matched return is set aside as ``return``, one without (enough) purchases as
    ``return_unmatched`` with the quantity that found none. Per customer and product the quantities kept and unmatched
    add up to those of ``lines``. Lines without any return come back unchanged. Net after the cut at as_of: a later return
    is the future.
    """
    returns = lines.quantity < 0
    if not returns.any():
        return lines
    left = _leftovers(lines, returns)
    small = np.abs(left) <= ROUNDING * np.abs(lines.quantity)
    left[small & (lines.quantity != 0)] = 0.0
    touched = left != lines.quantity
    aside = returns | (touched & (left == 0))
    report = lines.report.set_aside(_set_aside(lines.take(aside), left[aside]))

    quantity, net_amount = lines.quantity.copy(), lines.net_amount.copy()
    partly = touched & ~aside
    net_amount[partly] *= left[partly] / quantity[partly]
    quantity[partly] = left[partly]
    return replace(replace(lines, quantity=quantity, net_amount=net_amount).take(~aside), report=report)


def returned_pairs(before: OrderLines, after: OrderLines) -> tuple[np.ndarray, np.ndarray]:
    """Customers and products (int32 codes, sorted) bought in ``before`` and, net of returns, not in ``after``."""
    before.customers.require_same(after.customers)
    before.products.require_same(after.products)
    n_products = max(len(before.products), 1)

    def bought(lines: OrderLines) -> np.ndarray:
        rows = (lines.quantity > 0) & (lines.customer >= 0)
        return distinct_sorted(lines.customer[rows].astype(np.int64) * n_products + lines.product[rows])

    gone = np.setdiff1d(bought(before), bought(after), assume_unique=True)
    return (gone // n_products).astype(np.int32), (gone % n_products).astype(np.int32)


def _leftovers(lines: OrderLines, returns: np.ndarray) -> np.ndarray:
    """float64[n]: what is left of each line's quantity after matching, in its own order, then in earlier ones."""
    pair = _pair_keys(lines)
    rows = np.flatnonzero(_among(pair, pair[returns]) & (lines.quantity != 0))
    left = lines.quantity.copy()
    _match(left, rows, pair[rows], lines.order[rows].astype(np.int64), lines.row[rows], same_moment_only=True)
    moment = _moments(lines)
    if moment is not None:
        rows = rows[left[rows] != 0]  # guests' pairs never reach beyond their order
        _match(left, rows, pair[rows], moment[rows], lines.row[rows], same_moment_only=False)
    return left


def _match(
    left: np.ndarray, rows: np.ndarray, pair: np.ndarray, moment: np.ndarray, row: np.ndarray, *, same_moment_only: bool
) -> None:
    """Match the lines ``rows`` in groups of ``pair`` (and ``moment``), in the order of moment, purchases first, row."""
    from affinity.kernels.returns import match_returns

    order = np.lexsort((row, left[rows] < 0, moment, pair))
    sorted_pair, sorted_moment = pair[order], moment[order]
    new = sorted_pair[1:] != sorted_pair[:-1]
    if same_moment_only:
        new |= sorted_moment[1:] != sorted_moment[:-1]
    start = np.concatenate([[0], np.flatnonzero(new) + 1, [len(rows)]]).astype(np.int64)
    work = left[rows[order]]
    match_returns(start, work, np.empty(int(np.diff(start).max(initial=0)), dtype=np.int64))
    left[rows[order]] = work


def _pair_keys(lines: OrderLines) -> np.ndarray:
    """int64[n]: the customer (a guest: the order) and product of each line as one number."""
    who = np.where(lines.customer >= 0, lines.customer.astype(np.int64), len(lines.customers) + lines.order.astype(np.int64))
    return who * max(len(lines.products), 1) + lines.product


def _among(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    wanted = distinct_sorted(wanted)
    found = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    return wanted[found] == keys


def _moments(lines: OrderLines) -> np.ndarray | None:
    """int64[n]: when the order of each line was placed, or None without time."""
    when = lines.ordered_at if lines.ordered_at is not None else lines.order_seq
    if when is None:
        return None
    first = np.full(len(lines.orders), np.iinfo(np.int64).max)
    np.minimum.at(first, lines.order, when)
    return first[lines.order]


def _set_aside(lines: OrderLines, left: np.ndarray) -> Quarantine:
    reason = np.where(lines.quantity > 0, "returned", np.where(left == 0, "return", "return_unmatched")).astype(object)
    detail = [
        f"{format_number(-rest)} of {format_number(-quantity)} found no purchase" if rest < 0 else None
        for rest, quantity in zip(left.tolist(), lines.quantity.tolist())
    ]
    return quarantine_of(lines, reason, detail)
