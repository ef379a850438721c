"""What each customer owns before as_of."""

from __future__ import annotations

import numpy as np

from affinity.baskets.position import distinct_sorted, line_positions, run_starts
from affinity.tables import Holdings, OrderLines


def collect_holdings(lines: OrderLines) -> Holdings:
    """Customer × product of the purchases in ``lines`` (net, cut at as_of); guests own nothing.

    Every customer of the vocabulary has a row, perhaps empty. ``first_at`` and ``last_at`` are days, or ranks of the
    order among the orders of the customer (from 0), or zeros without a clock; ``times`` counts distinct days, places
    of the sequence or (without a clock) orders. ``end`` is as_of (the day after the last line where the
    lines were not cut), the customer's number of orders, or 1 without a clock.
    """
    rows = lines.quantity > 0
    bought = lines if rows.all() else lines.take(rows)
    at = line_positions(bought)
    end = _ends(lines, bought, at)
    moment = at if lines.clock else bought.order
    known = bought.customer >= 0
    n_products = max(len(lines.products), 1)
    pair = bought.customer.astype(np.int64) * n_products + bought.product
    pair, moment = (pair, moment) if known.all() else (pair[known], moment[known])
    pair, moment = _distinct_pairs(pair, moment.astype(np.int64))
    start = run_starts(pair)
    stop = np.append(start[1:], len(pair))[: len(start)]
    owner = pair[start] // n_products
    counts = np.bincount(owner, minlength=len(lines.customers))
    nothing = np.zeros(len(start), dtype=np.int32)
    return Holdings(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        product=(pair[start] % n_products).astype(np.int32),
        first_at=moment[start].astype(np.int32) if lines.clock else nothing,
        last_at=moment[stop - 1].astype(np.int32) if lines.clock else nothing,
        times=(stop - start).astype(np.int32),
        end=end,
        customers=lines.customers,
        products=lines.products,
        clock=lines.clock,
    )


def _distinct_pairs(pair: np.ndarray, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct (pair, moment), sorted; as one number each wherever 63 bits hold them."""
    if len(pair) == 0:
        return pair, moment
    low = int(moment.min())
    span = int(moment.max()) - low + 1
    if int(pair.max()) < (2**63 - 1) // span - 1:
        key = distinct_sorted(pair * span + (moment - low))
        return key // span, key % span + low
    by = np.lexsort((moment, pair))
    pair, moment = pair[by], moment[by]
    new = np.concatenate([[True], (pair[1:] != pair[:-1]) | (moment[1:] != moment[:-1])])
    return pair[new], moment[new]


def _ends(lines: OrderLines, bought: OrderLines, at: np.ndarray) -> np.ndarray:
    n = len(lines.customers)
    if lines.clock == "day":
        day = lines.day
        assert day is not None
        after_last = int(day.max(initial=-1)) + 1
        return np.full(n, after_last if lines.as_of_day is None else lines.as_of_day, dtype=np.int32)
    if lines.clock is None:
        return np.ones(n, dtype=np.int32)
    end = np.zeros(n, dtype=np.int32)
    known = bought.customer >= 0
    np.maximum.at(end, bought.customer[known], at[known] + 1)
    return end
