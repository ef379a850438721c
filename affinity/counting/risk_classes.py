"""Which products share a risk set: launched and discontinued on the same days, barred to the same customers.

A class of products has the same answer, for every customer and day, to "could this customer have bought it?".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.tables.customers import Customers
from affinity.tables.holdings import Holdings
from affinity.tables.products import Products

#: At most so many pairs of launch and discontinuation are told apart; the counting takes one pass for each.
MOST_SALE_DATES = 40

#: Steps in days to which sale dates are moved inwards where there are more.
SALE_DATE_STEPS = (1, 7, 28, 91, 182, 364)

NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class RiskClass:
    """products : bool[n_products]; opens, closes : first day on sale, first day no longer (days since the epoch);
    ready : int32[n_customers] first day on which nothing bars the customer, or None where nothing bars anybody."""

    products: np.ndarray
    opens: int
    closes: int
    ready: np.ndarray | None = None

    def admits(self, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
        """bool: a life that begins on ``day`` is at risk of these products."""
        open_ = (day >= self.opens) & (day < self.closes)
        return open_ if self.ready is None else open_ & (self.ready[customer] <= day)


def divide_products(
    holdings: Holdings, products: Products | None, customers: Customers | None, *, first_day: int, end_day: int
) -> tuple[list[RiskClass], int]:
    """The classes of the products of ``holdings``, the one that nothing limits first (also when empty), and the step
    in days to which sale dates were moved inwards.

    first_day : no life begins before it; end_day : first day not looked at. Launched on or before ``first_day`` or not
    discontinued before ``end_day`` is no limit. Moving a launch later or a discontinuation earlier leaves customers out
    and biases nothing. A plan, known only as it is now, is taken to have held always.
    """
    n = len(holdings.products)
    opens, closes, step = _sale_days(products, n, first_day, end_day)
    barrier, ready = _barriers(holdings, products, customers)
    keys = np.stack([barrier, opens, closes], axis=1)
    free = (-1, first_day, end_day)
    classes = [RiskClass((keys == free).all(axis=1), first_day, end_day)]
    for kind, opened, closed in np.unique(keys, axis=0).tolist():
        if (kind, opened, closed) != free:
            mine = (keys == (kind, opened, closed)).all(axis=1)
            classes.append(RiskClass(mine, opened, closed, None if kind < 0 else ready[kind]))
    return classes, step


def _sale_days(products: Products | None, n: int, first_day: int, end_day: int) -> tuple[np.ndarray, np.ndarray, int]:
    """int64[n] ×2: launch and discontinuation within [first_day, end_day], and the step they were moved to."""
    opens, closes = np.full(n, first_day, dtype=np.int64), np.full(n, end_day, dtype=np.int64)
    if products is None:
        return opens, closes, 1
    launched, ended = products.on_sale_from.astype(np.int64), products.on_sale_to.astype(np.int64)
    for step in SALE_DATE_STEPS:
        opens = np.clip(-(-launched // step) * step, first_day, end_day)
        closes = np.where(ended < 0, end_day, np.clip(ended // step * step, first_day, end_day))
        if len(np.unique(opens * (end_day + 1) + closes)) <= MOST_SALE_DATES:
            break
    return opens, closes, step


def _barriers(
    holdings: Holdings, products: Products | None, customers: Customers | None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """int64[n_products] barrier of each product, −1 none, and int32[n_customers] of each: the first day without it."""
    n_products, n_customers = len(holdings.products), len(holdings.customers)
    needs = [frozenset()] * n_products if products is None else _prerequisites(products)
    barred: list[frozenset[int]] = [frozenset()] * n_products
    plan = np.full(n_customers, -1)
    if customers is not None and customers.plan_excludes:
        plan, indptr, excluded, _ = customers.plan_exclusions(holdings.products)
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        for product in np.unique(excluded).tolist():
            barred[product] = frozenset(rows[excluded == product].tolist())
    number: dict[tuple[frozenset[int], frozenset[int]], int] = {}
    barrier = np.full(n_products, -1, dtype=np.int64)
    for product in range(n_products):
        if needs[product] or barred[product]:
            barrier[product] = number.setdefault((needs[product], barred[product]), len(number))
    ready = []
    for required, plans in number:
        since = np.zeros(n_customers, dtype=np.int32)
        for product in sorted(required):
            np.maximum(since, _first_days(holdings, product), out=since)
        since[np.isin(plan, sorted(plans))] = NEVER
        ready.append(since)
    return barrier, ready


def _prerequisites(products: Products) -> list[frozenset[int]]:
    indptr = products.requires_indptr
    return [frozenset(products.requires[indptr[p] : indptr[p + 1]].tolist()) for p in range(len(products))]


def _first_days(holdings: Holdings, product: int) -> np.ndarray:
    """int32[n_customers]: first purchase of ``product`` (−1: of a product that nobody knows), NEVER without one."""
    days = np.full(len(holdings.customers), NEVER, dtype=np.int32)
    rows = np.flatnonzero(holdings.product == product) if product >= 0 else np.empty(0, dtype=np.int64)
    days[holdings.customer[rows]] = holdings.first_at[rows]
    return days
