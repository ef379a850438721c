"""Returns netted against the purchases that they undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from affinity.baskets.aside import format_number, quarantine_of
from affinity.baskets.position import distinct_sorted
from affinity.mapped import rows_where, split_rows, take
from affinity.tables import OrderLines, Quarantine

#: What is left of a quantity below this share of it is rounding (0.3 − 0.1 − 0.2), and counts as nothing.
ROUNDING = 1e-9

_HASH_BITS = 24


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
    rows, left = _leftovers(lines)
    if not len(rows):
        return lines
    quantity = lines.quantity[rows]
    left[np.abs(left) <= ROUNDING * np.abs(quantity)] = 0.0
    touched = left != quantity
    aside = (quantity < 0) | (touched & (left == 0))
    gone, partly = rows[aside], touched & ~aside
    report = lines.report.set_aside(_set_aside(lines.take(gone), left[aside]))

    kept = np.ones(len(lines), dtype=bool)
    kept[gone] = False
    net_quantity, net_amount = take(lines.quantity, kept), take(lines.net_amount, kept)
    place = rows[partly] - np.searchsorted(gone, rows[partly])
    net_amount[place] *= left[partly] / quantity[partly]
    net_quantity[place] = left[partly]
    return replace(lines.take(kept, quantity=net_quantity, net_amount=net_amount), report=report)


def returned_pairs(before: OrderLines, after: OrderLines) -> tuple[np.ndarray, np.ndarray]:
    """Customers and products (int32 codes, sorted) bought in ``before`` and no more in ``after``, the same net of returns."""
    before.customers.require_same(after.customers)
    before.products.require_same(after.products)
    n_products = max(len(before.products), 1)
    wanted = _Wanted(_pairs_of_returns(before, guests=False))

    def bought(lines: OrderLines) -> np.ndarray:
        rows = wanted.rows_of(lines, lambda rows: (lines.quantity[rows] > 0) & (lines.customer[rows] >= 0))
        return distinct_sorted(_pair_keys(lines, rows))

    gone = np.setdiff1d(bought(before), bought(after), assume_unique=True)
    return (gone // n_products).astype(np.int32), (gone % n_products).astype(np.int32)


class _Wanted:
    """A set of keys, to be looked for in all lines: most are let go by a table of hashes that fits the cache."""

    def __init__(self, keys: np.ndarray) -> None:
        self._keys = distinct_sorted(keys)
        self._seen = np.zeros(1 << _HASH_BITS, dtype=bool)
        self._seen[_hash(self._keys)] = True

    def rows_of(self, lines: OrderLines, test: Callable[[slice], np.ndarray]) -> np.ndarray:
        """int64: the lines whose pair is wanted and that pass ``test`` (of a block of lines)."""

        def found(rows: slice) -> np.ndarray:
            pair = _pair_keys(lines, rows)
            perhaps = np.flatnonzero(self._seen[_hash(pair)])
            here = np.zeros(len(pair), dtype=bool)
            here[perhaps] = self._holds(pair[perhaps])
            return here & test(rows)

        return rows_where(found, len(lines)) if len(self._keys) else np.empty(0, dtype=np.int64)

    def _holds(self, keys: np.ndarray) -> np.ndarray:
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._keys[place] == keys


def _hash(keys: np.ndarray) -> np.ndarray:
    """int64 in [0, 2^_HASH_BITS) (Knuth's multiplicative hashing)."""
    mixed = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(64 - _HASH_BITS)).astype(np.int64)


def _pairs_of_returns(lines: OrderLines, *, guests: bool) -> np.ndarray:
    """int64: the pair keys of the returns, with those of guests or without."""
    rows = rows_where(lambda rows: (lines.quantity[rows] < 0) & (guests | (lines.customer[rows] >= 0)), len(lines))
    return _pair_keys(lines, rows)


def _leftovers(lines: OrderLines) -> tuple[np.ndarray, np.ndarray]:
    """The lines (int64, rising) of the pairs that have returns, and what is left of their quantities after matching.

    They are matched in their own order first, then in earlier ones.
    """
    rows = _Wanted(_pairs_of_returns(lines, guests=True)).rows_of(lines, lambda rows: lines.quantity[rows] != 0)
    pair, left, row = _pair_keys(lines, rows), lines.quantity[rows], lines.row[rows]
    _match(left, pair, lines.order[rows].astype(np.int64), row, same_moment_only=True)
    moment = _moments(lines, rows)
    if moment is not None:
        some = np.flatnonzero(left != 0)  # guests' pairs never reach beyond their order
        rest = left[some]
        _match(rest, pair[some], moment[some], row[some], same_moment_only=False)
        left[some] = rest
    return rows, left


def _match(left: np.ndarray, pair: np.ndarray, moment: np.ndarray, row: np.ndarray, *, same_moment_only: bool) -> None:
    """Match lines in groups of ``pair`` (and ``moment``), in the order of moment, purchases first, row."""
    from affinity.kernels.returns import match_returns

    order = np.lexsort((row, left < 0, moment, pair))
    sorted_pair, sorted_moment = pair[order], moment[order]
    new = sorted_pair[1:] != sorted_pair[:-1]
    if same_moment_only:
        new |= sorted_moment[1:] != sorted_moment[:-1]
    start = np.concatenate([[0], np.flatnonzero(new) + 1, [len(left)]]).astype(np.int64)
    work = left[order]
    match_returns(start, work, np.empty(int(np.diff(start).max(initial=0)), dtype=np.int64))
    left[order] = work


def _pair_keys(lines: OrderLines, rows: slice | np.ndarray) -> np.ndarray:
    """int64: the customer (a guest: the order) and product of each of ``rows`` as one number."""
    customer = lines.customer[rows].astype(np.int64)
    who = np.where(customer >= 0, customer, len(lines.customers) + lines.order[rows].astype(np.int64))
    return who * max(len(lines.products), 1) + lines.product[rows]


def _moments(lines: OrderLines, some: np.ndarray) -> np.ndarray | None:
    """int64: when the orders of the lines ``some`` were placed, or None without time."""
    when = lines.ordered_at if lines.ordered_at is not None else lines.order_seq
    if when is None:
        return None
    place = np.full(len(lines.orders), -1, dtype=np.int32)
    orders = distinct_sorted(lines.order[some])
    place[orders] = np.arange(len(orders), dtype=np.int32)
    first = np.full(len(orders), np.iinfo(np.int64).max)
    for rows in split_rows(len(lines)):
        at = place[lines.order[rows]]
        here = np.flatnonzero(at >= 0)
        np.minimum.at(first, at[here], when[rows][here])
    return first[place[lines.order[some]]]


def _set_aside(lines: OrderLines, left: np.ndarray) -> Quarantine:
    reason = np.where(lines.quantity > 0, "returned", np.where(left == 0, "return", "return_unmatched")).astype(object)
    detail = [
        f"{format_number(-rest)} of {format_number(-quantity)} found no purchase" if rest < 0 else None
        for rest, quantity in zip(left.tolist(), lines.quantity.tolist())
    ]
    return quarantine_of(lines, reason, detail)
