"""What each customer owns before as_of."""

from __future__ import annotations

from typing import Literal

import numpy as np

from affinity.baskets.position import distinct_sorted, line_positions, run_starts
from affinity.errors import MissingPart
from affinity.tables import Baskets, Holdings, OrderLines
from affinity.vocabulary import Vocabulary


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
    return _assemble(bought.customer, bought.product, moment, end, lines.clock, lines.customers, lines.products)


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
    return _assemble(
        customer, baskets.item, np.repeat(moment, baskets.sizes), end, baskets.clock, baskets.customers, baskets.products
    )


def _assemble(
    customer: np.ndarray,
    product: np.ndarray,
    moment: np.ndarray,
    end: np.ndarray,
    clock: Literal["day", "order"] | None,
    customers: Vocabulary,
    products: Vocabulary,
) -> Holdings:
    """CSR of the distinct (customer, product) with first, last and number of distinct moments; guests left out."""
    known = customer >= 0
    n_products = max(len(products), 1)
    pair = customer.astype(np.int64) * n_products + product
    pair, moment = (pair, moment) if known.all() else (pair[known], moment[known])
    pair, moment = _distinct_pairs(pair, moment.astype(np.int64))
    start = run_starts(pair)
    stop = np.append(start[1:], len(pair))[: len(start)]
    owner = pair[start] // n_products
    counts = np.bincount(owner, minlength=len(customers))
    nothing = np.zeros(len(start), dtype=np.int32)
    return Holdings(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        product=(pair[start] % n_products).astype(np.int32),
        first_at=moment[start].astype(np.int32) if clock else nothing,
        last_at=moment[stop - 1].astype(np.int32) if clock else nothing,
        times=(stop - start).astype(np.int32),
        end=end,
        customers=customers,
        products=products,
        clock=clock,
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
