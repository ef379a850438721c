"""What the metrics share: the window, families, and who first bought what when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from affinity.errors import InputError
from affinity.mapped import Growing, each_block, full, is_mapped, rows_where, split_by_code, split_rows
from affinity.settings import MetricSettings
from affinity.tables import Customers, Eligibility, Offers, OrderLines, Products, Subscriptions
from affinity.tables.order_lines import MICROSECONDS_A_DAY

NEVER = np.iinfo(np.int64).max

#: No amount of money is larger; sums of squares of such amounts still are finite.
LARGEST_AMOUNT = 1e100

#: Statuses of people who are no customers (yet, or any more).
NOT_ACTIVE = ("churned", "trial", "prospect", "closed", "deceased")


@dataclass(frozen=True)
class FirstPurchases:
    """Distinct (customer, item) pairs, sorted, each with its first time; ``of_line`` is the pair of each line, −1 a guest."""

    customer: np.ndarray
    item: np.ndarray
    first_at: np.ndarray
    of_line: np.ndarray


@dataclass(frozen=True)
class WindowOrders:
    """The orders of the window, by order code: their first line, customer, revenue and distinct products."""

    line: np.ndarray
    customer: np.ndarray
    revenue: np.ndarray
    products: np.ndarray


@dataclass(frozen=True, eq=False)
class Facts:
    """Purchases (quantity > 0) before as_of, and what is known of products and customers.

    family     : int32[n_products]: the family of each product; without families each product is its own
    start_day  : first day of the window [start_day, as_of_day), None without dates
    """

    lines: OrderLines
    products: Products
    customers: Customers
    settings: MetricSettings
    family: np.ndarray
    n_families: int
    family_names: tuple[str, ...]
    has_families: bool
    start_day: int | None
    as_of_day: int | None
    offers: Offers | None = None
    eligibility: Eligibility | None = None
    subscriptions: Subscriptions | None = None

    @cached_property
    def at(self) -> np.ndarray:
        """int32 or int64[n]: day, or place in the order sequence, or 0 of each line."""
        if self.lines.day is not None:
            return self.lines.day
        if self.lines.order_seq is not None:
            return self.lines.order_seq
        return np.zeros(len(self.lines), dtype=np.int64)

    @cached_property
    def in_window(self) -> np.ndarray:
        """bool[n]: lines of the window; all without dates."""
        return np.ones(len(self.lines), dtype=bool) if self.start_day is None else self.at >= self.start_day

    @cached_property
    def orders(self) -> WindowOrders:
        """Orders whose first line lies in the window (an order over midnight belongs to the day it began)."""
        lines = self.lines
        began = np.full(len(lines.orders), NEVER)
        for block in split_rows(len(lines)):
            np.minimum.at(began, lines.order[block], self.at[block].astype(np.int64))
        here = began >= (self.start_day or np.iinfo(np.int64).min)
        rows = rows_where(lambda block: self.in_window[block] & here[lines.order[block]], len(lines))
        order, first = np.unique(lines.order[rows], return_index=True)
        place = np.searchsorted(order, lines.order[rows])
        width = max(len(lines.products), 1)
        pair = np.sort(place * width + lines.product[rows])
        new = np.append(True, pair[1:] != pair[:-1])[: len(pair)]
        return WindowOrders(
            line=rows[first],
            customer=lines.customer[rows[first]],
            revenue=np.bincount(place, lines.net_amount[rows], minlength=len(order)),
            products=np.bincount(pair[new] // width, minlength=len(order)),
        )

    @cached_property
    def first_at(self) -> np.ndarray:
        """int64[n_customers]: the first seen purchase, NEVER without one."""
        first = np.full(len(self.lines.customers), NEVER)
        for rows in split_rows(len(self.lines)):
            customer = self.lines.customer[rows]
            known = customer >= 0
            np.minimum.at(first, customer[known], self.at[rows][known].astype(np.int64))
        return first

    @cached_property
    def began_at(self) -> np.ndarray:
        """int64[n_customers]: the day a customer started as far as recorded, else of the first seen purchase; NEVER unknown."""
        started = self.customers.started_at.astype(np.int64)
        return np.where(started >= 0, np.minimum(started, self.first_at), self.first_at)

    @cached_property
    def by_family(self) -> FirstPurchases:
        """First purchases of families."""
        return self._first_purchases(self.family, self.n_families)

    @cached_property
    def by_product(self) -> FirstPurchases:
        """First purchases of products."""
        if not self.has_families:
            return self.by_family
        return self._first_purchases(np.arange(len(self.lines.products)), len(self.lines.products))

    @cached_property
    def added(self) -> np.ndarray:
        """bool, a (customer, family): first bought after the customer's first purchase, so added to what was there."""
        pairs = self.by_family
        return each_block(lambda rows: pairs.first_at[rows] > self.first_at[pairs.customer[rows]], len(pairs.item), bool)

    @cached_property
    def upsold(self) -> np.ndarray:
        """bool, a (customer, product): new to the customer in the window, of a family that was there before the product."""
        products, families = self.by_product, self.by_family
        family = full(len(products.item), 0, np.int32, is_mapped(products.item))
        for rows in split_rows(len(self.lines)):
            known = np.flatnonzero(products.of_line[rows] >= 0)
            family[products.of_line[rows][known]] = families.of_line[rows][known]  # of any line of the pair: it is the same
        start = self.start_day or 0

        def is_new(rows: slice) -> np.ndarray:
            first = products.first_at[rows]
            return (first >= start) & (first > families.first_at[family[rows]])

        return each_block(is_new, len(products.item), bool)

    @cached_property
    def present_at_start(self) -> np.ndarray:
        """bool[n_customers]: bought before the window and not ended by its start (read-only: shared by all metrics)."""
        assert self.start_day is not None
        present = (self.first_at < self.start_day) & self.present_at(self.start_day)
        present.setflags(write=False)
        return present

    @cached_property
    def held(self) -> np.ndarray:
        """int64[n_customers]: families held at as_of (lapsed products left out)."""
        pairs, lines = self.by_family, self.lines
        still = np.zeros(len(pairs.item), dtype=bool)
        for rows in split_rows(len(lines)):
            pair = pairs.of_line[rows]
            alive = pair >= 0
            if self.as_of_day is not None:
                lasting = self.products.lasting_days[lines.product[rows]]
                alive &= np.isnan(lasting) | (self.at[rows] + np.nan_to_num(lasting) > self.as_of_day)
            still[pair[alive]] = True
        held = np.zeros(len(lines.customers), dtype=np.int64)
        for rows in split_rows(len(still)):
            held += np.bincount(pairs.customer[rows][still[rows]], minlength=len(held))
        return held

    @cached_property
    def active(self) -> np.ndarray:
        """bool[n_customers]: holds a product at as_of and has not left."""
        return (self.held > 0) & self.present_at(self.as_of_day) & ~np.isin(_texts(self.customers.status), NOT_ACTIVE)

    def present_at(self, day: int | None) -> np.ndarray:
        """bool[n_customers]: not ended before ``day``."""
        ended = self.customers.ended_at
        return (ended < 0) | (False if day is None else ended >= day)

    @property
    def family_note(self) -> str | None:
        """How many products have no family where others have one."""
        missing = sum(label is None for label in self.products.family.tolist())
        return f"{missing:,} products without a family count as their own" if missing and self.has_families else None

    @property
    def window(self) -> str | None:
        """The window as an ISO interval, its end not included."""
        return interval(self.start_day, self.as_of_day)

    @property
    def until(self) -> str | None:
        """Everything before as_of, as an ISO interval."""
        return interval(None, self.as_of_day)

    def _first_purchases(self, item_of: np.ndarray, n_items: int) -> FirstPurchases:
        """Of items, into which ``item_of`` (int[n_products]) divides the products."""
        lines, width, before = self.lines, max(n_items, 1), 0
        may_map = is_mapped(lines.customer)
        customer, item, first_at = Growing(np.int32, may_map), Growing(np.int32, may_map), Growing(np.int64, may_map)
        of_line = full(len(lines), -1, np.int32, may_map)
        for _, _, rows in split_by_code(lines.customer, len(lines.customers)):
            key = lines.customer[rows].astype(np.int64) * width + item_of[lines.product[rows]]
            pair, inverse = np.unique(key, return_inverse=True)
            first = np.full(len(pair), NEVER)
            np.minimum.at(first, inverse, self.at[rows].astype(np.int64))
            of_line[rows] = inverse + before
            before += len(pair)
            for column, values in ((customer, pair // width), (item, pair % width), (first_at, first)):
                column.append(values)
        return FirstPurchases(customer.whole(), item.whole(), first_at.whole(), of_line)


def gather_facts(
    lines: OrderLines,
    *,
    products: Products | None = None,
    customers: Customers | None = None,
    offers: Offers | None = None,
    eligibility: Eligibility | None = None,
    subscriptions: Subscriptions | None = None,
    settings: MetricSettings | None = None,
) -> Facts:
    """Facts of ``lines`` (net, cut at as_of); other tables are recoded to their vocabularies."""
    settings = settings or MetricSettings()
    if eligibility is not None:
        eligibility.products.require_same(lines.products)
        eligibility.customers.require_same(lines.customers)
    _check_amounts(lines, subscriptions)
    if (lines.quantity <= 0).any():
        lines = lines.take(lines.quantity > 0)
    products = Products.bare(lines.products) if products is None else products.recoded(lines.products)
    customers = Customers.bare(lines.customers) if customers is None else customers.recoded(lines.customers)
    as_of_day = lines.as_of_day
    if as_of_day is None and lines.ordered_at is not None and len(lines):
        as_of_day = int(lines.ordered_at.max()) // MICROSECONDS_A_DAY + 1
    named = [label if label is not None else ("", code) for code, label in enumerate(products.family.tolist())]
    number = {label: i for i, label in enumerate(dict.fromkeys(named))}
    return Facts(
        lines=lines,
        products=products,
        customers=customers,
        settings=settings,
        family=np.array([number[label] for label in named], dtype=np.int32),
        n_families=len(number),
        family_names=tuple(str(label if isinstance(label, str) else lines.products.labels[label[1]]) for label in number),
        has_families=any(label is not None for label in products.family),
        start_day=None if as_of_day is None else as_of_day - settings.window_days,
        as_of_day=as_of_day,
        offers=offers,
        eligibility=eligibility,
        subscriptions=None if subscriptions is None else subscriptions.recoded(lines.customers, lines.products),
    )


def _check_amounts(lines: OrderLines, subscriptions: Subscriptions | None) -> None:
    """InputError for amounts whose sum of squares is beyond a float: intervals could not be made of them."""
    amounts = {"net amounts of the order lines": lines.net_amount}
    if subscriptions is not None:
        amounts["recurring amounts of the subscriptions"] = subscriptions.recurring
    for name, amount in amounts.items():
        largest = 0.0
        for rows in split_rows(len(amount)):
            largest = max(largest, float(np.abs(amount[rows][~np.isnan(amount[rows])]).max(initial=0.0)))
        if largest > LARGEST_AMOUNT:
            raise InputError(
                f"The {name} go up to {largest:g}.",
                why="Their sums cannot be reckoned with.",
                do="Mend the quantity or the price.",
            )


def interval(first: int | None, end: int | None) -> str | None:
    """ "2011-06-03/2011-09-01" (the end not included), "../2011-09-01" without a first day, None without an end."""
    if end is None:
        return None
    return f"{'..' if first is None else np.datetime64(first, 'D')}/{np.datetime64(end, 'D')}"


def _texts(labels: np.ndarray) -> np.ndarray:
    return np.array(["" if label is None else str(label).strip().lower() for label in labels], dtype=object).astype(str)
