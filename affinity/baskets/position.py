"""When a line happened on the clock of its table: the day, or the position in the customer's order sequence."""

from __future__ import annotations

import numpy as np

from affinity.tables import OrderLines


def line_positions(lines: OrderLines) -> np.ndarray:
    """int32[n]: day since the epoch (clock "day"), dense rank of the order among those of its customer, from 0
    (clock "order", 0 for guests), or zeros without a clock."""
    if lines.ordered_at is not None:
        day = lines.day
        assert day is not None
        return day
    if lines.order_seq is None:
        return np.zeros(len(lines), dtype=np.int32)
    return _ranks_by_order(lines.order, lines.customer, lines.order_seq, len(lines.orders))


def distinct_sorted(keys: np.ndarray) -> np.ndarray:
    """The distinct ``keys``, rising (faster than np.unique on large integer arrays)."""
    keys = np.sort(keys)
    return keys[_is_new(keys)]


def run_starts(keys: np.ndarray) -> np.ndarray:
    """int64: where each run of equal ``keys`` begins."""
    return np.flatnonzero(_is_new(keys))


def _is_new(keys: np.ndarray) -> np.ndarray:
    new = np.ones(len(keys), dtype=bool)
    new[1:] = keys[1:] != keys[:-1]
    return new


def _ranks_by_order(order: np.ndarray, customer: np.ndarray, seq: np.ndarray, n_orders: int) -> np.ndarray:
    """Ranks by whole orders where each has one customer and place (far fewer than lines), else by lines."""
    of_order, at = np.full(n_orders, -2, dtype=np.int32), np.zeros(n_orders, dtype=np.int64)
    of_order[order], at[order] = customer, seq
    if not (np.array_equal(of_order[order], customer) and np.array_equal(at[order], seq)):
        return _ranks(customer, seq)
    present = of_order >= -1
    rank = np.zeros(n_orders, dtype=np.int32)
    rank[present] = _ranks(of_order[present], at[present])
    return rank[order]


def _ranks(customer: np.ndarray, seq: np.ndarray) -> np.ndarray:
    """int32[n]: dense rank of ``seq`` within its ``customer``, from 0; 0 for guests."""
    by = np.lexsort((seq, customer))
    new_customer = _is_new(customer[by])
    new = new_customer | _is_new(seq[by])
    count = np.cumsum(new) - 1
    rank = np.empty(len(by), dtype=np.int32)
    rank[by] = count - np.maximum.accumulate(np.where(new_customer, count, 0))
    rank[customer < 0] = 0
    return rank
