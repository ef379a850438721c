"""What each customer owns before as_of."""

from __future__ import annotations

from typing import Literal

import numpy as np

from affinity.baskets.position import distinct_sorted, line_positions, run_starts
from affinity.errors import MissingPart
from affinity.mapped import Growing, is_mapped, split_by_code
from affinity.tables import Baskets, Holdings, OrderLines
from affinity.tables.order_lines import MICROSECONDS_A_DAY
from affinity.vocabulary import Vocabulary


def collect_holdings(lines: OrderLines) -> Holdings:
    """Customer × product of the purchases in ``lines`` (net, cut at as_of); guests own nothing.

    Every customer of the vocabulary has a row, perhaps empty. ``first_at`` and ``last_at`` are days, or ranks of the
    order among the orders of the customer (from 0), or zeros without a clock; ``times`` counts distinct days, places
    of the sequence or (without a clock) orders. ``end`` is as_of (the day after the last line where the
    lines were not cut), the customer's number of orders, or 1 without a clock.
    """
    parts = _Parts(lines.clock, is_mapped(lines.customer))
    for first, last, rows in split_by_code(lines.customer, len(lines.customers)):
        part = lines if isinstance(rows, slice) else lines.take(rows)
        some = part.quantity > 0
        bought = part if some.all() else part.take(some)
        at = line_positions(bought)
        end = _ends(lines, bought, at, first, last)
        parts.add(bought.customer - first, bought.product, at if lines.clock else bought.order, end, len(lines.products))
    return parts.holdings(lines.customers, lines.products)


def own_baskets(baskets: Baskets) -> Holdings:
    """Holdings of what the ``baskets`` of identified customers hold; raises MissingPart when they name no customers.

    ``end`` is the day after the last basket, the customer's number of places of the sequence, or 1 without a clock.
    """
    if baskets.customer is None or baskets.customers is None:
        raise MissingPart("These baskets name no customers, so nobody owns anything.", do="Group them from order lines.")
    customer = np.repeat(baskets.customer, baskets.sizes)
    moment = baskets.at if baskets.at is not None and baskets.clock else np.arange(len(baskets))
    end = np.ones(len(baskets.customers), dtype=np.int32)
    if baskets.clock == "day":
        end[:] = moment.max(initial=-1) + 1
    elif baskets.clock == "order":
        known = baskets.customer >= 0
        np.maximum.at(end, baskets.customer[known], moment[known] + 1)
    parts = _Parts(baskets.clock, may_map=False)
    parts.add(customer, baskets.item, np.repeat(moment, baskets.sizes), end, len(baskets.products))
    return parts.holdings(baskets.customers, baskets.products)


class _Parts:
    """Holdings of consecutive ranges of customers, put one after the other."""

    def __init__(self, clock: Literal["day", "order"] | None, may_map: bool) -> None:
        self._clock = clock
        self._columns = {name: Growing(np.int32, may_map) for name in ("product", "first_at", "last_at", "times", "end")}
        self._sizes: list[np.ndarray] = [np.zeros(1, dtype=np.int64)]

    def add(self, customer: np.ndarray, product: np.ndarray, moment: np.ndarray, end: np.ndarray, n_products: int) -> None:
        """The distinct (customer, product) with first, last and number of distinct moments; guests left out.

        customer : codes from 0 to len(end); end : of each customer
        """
        known = customer >= 0
        width = max(n_products, 1)
        pair = customer.astype(np.int64) * width + product
        pair, moment = (pair, moment) if known.all() else (pair[known], moment[known])
        pair, moment = _distinct_pairs(pair, moment.astype(np.int64))
        start = run_starts(pair)
        stop = np.append(start[1:], len(pair))[: len(start)]
        self._sizes.append(np.bincount(pair[start] // width, minlength=len(end)))
        nothing = np.zeros(len(start), dtype=np.int32)
        first_at, last_at = (moment[start], moment[stop - 1]) if self._clock else (nothing, nothing)
        for column, values in zip(self._columns.values(), (pair[start] % width, first_at, last_at, stop - start, end)):
            column.append(values)

    def holdings(self, customers: Vocabulary, products: Vocabulary) -> Holdings:
        """All that was added."""
        columns = {name: column.whole() for name, column in self._columns.items()}
        indptr = np.cumsum(np.concatenate(self._sizes), dtype=np.int64)
        return Holdings(indptr=indptr, **columns, customers=customers, products=products, clock=self._clock)


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


def _ends(lines: OrderLines, bought: OrderLines, at: np.ndarray, first: int, last: int) -> np.ndarray:
    """int32[last − first]: ``end`` of the customers from ``first`` to ``last``, who have ``bought`` at ``at``."""
    n = last - first
    if lines.clock == "day":
        assert lines.ordered_at is not None
        after_last = int(lines.ordered_at.max(initial=-1)) // MICROSECONDS_A_DAY + 1
        return np.full(n, after_last if lines.as_of_day is None else lines.as_of_day, dtype=np.int32)
    if lines.clock is None:
        return np.ones(n, dtype=np.int32)
    end = np.zeros(n, dtype=np.int32)
    known = bought.customer >= 0
    np.maximum.at(end, bought.customer[known] - first, at[known] + 1)
    return end
