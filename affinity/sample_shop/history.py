"""Who the customers of the sample shop are, and what they buy when: integers only, no text yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.sample_shop import plants
from affinity.sample_shop.catalogue import Catalogue

#: Days before the first day of the file in which the shop already had customers (they are cut off: left truncation).
DAYS_BEFORE = 400
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class People:
    """One row a customer; days count from the first day of the file (negative: before it).

    start : first order; end : first day on which the customer no longer buys; rate : orders a day.
    """

    segment: np.ndarray
    start: np.ndarray
    end: np.ndarray
    rate: np.ndarray

    def __len__(self) -> int:
        return len(self.segment)


@dataclass(frozen=True)
class History:
    """Orders (customer, −1 a guest; day) and their lines (order, product), each product once an order."""

    customer: np.ndarray
    day: np.ndarray
    order: np.ndarray
    product: np.ndarray

    def having(self, keep: np.ndarray) -> History:
        """Only the lines that the mask ``keep`` picks."""
        return replace(self, order=self.order[keep], product=self.product[keep])

    def adding(self, order: np.ndarray, product: np.ndarray) -> History:
        """With further lines of existing orders."""
        return replace(self, order=np.concatenate([self.order, order]), product=np.concatenate([self.product, product]))

    def ordering(self, customer: np.ndarray, day: np.ndarray, product: int) -> History:
        """With a further order of one line for each customer given."""
        new = len(self.customer) + np.arange(len(customer), dtype=np.int64)
        grown = self.adding(new, np.full(len(new), product, dtype=np.int64))
        return replace(grown, customer=np.concatenate([self.customer, customer]), day=np.concatenate([self.day, day]))

    def first_day(self, product: int, customers: int) -> np.ndarray:
        """int64[customers]: day of the first purchase of ``product``, NEVER without one."""
        first = np.full(customers, NEVER, dtype=np.int64)
        lines = self.product == product
        buyer, day = self.customer[self.order[lines]], self.day[self.order[lines]]
        known = buyer >= 0
        np.minimum.at(first, buyer[known], day[known])
        return first


def draw_people(rng: np.random.Generator, customers: int, days: int) -> People:
    """Customers: a third were there before the file begins, the rest arrive during it; all may leave unseen."""
    shares = np.array([segment.share for segment in plants.SEGMENTS])
    segment = np.searchsorted(np.cumsum(shares / shares.sum()), rng.random(customers), side="right")
    segment = np.minimum(segment, len(shares) - 1)
    before = rng.random(customers) < 0.35
    when = rng.random(customers)
    start = np.where(before, -1 - np.floor(when * DAYS_BEFORE), np.floor(when * 0.95 * days)).astype(np.int64)
    end = start + 1 + np.floor(rng.exponential(700.0, customers)).astype(np.int64)
    rate = rng.gamma(1.5, 1.0 / 50.0 / 1.5, customers)
    return People(segment, start, end, rate)


def season(day: np.ndarray) -> np.ndarray:
    """How busy the shop is on days of the file (day 0 is 1 January), at most 1: mild, with a fortnight before Christmas."""
    of_year = day % 365
    weight = 1.0 + 0.12 * np.cos(2 * np.pi * (of_year - 350) / 365) + 0.45 * ((of_year >= 340) & (of_year < 358))
    return weight / 1.57


def draw_history(rng: np.random.Generator, catalogue: Catalogue, people: People, days: int) -> History:
    """Orders before any planted structure but taste, seasons and a first order on the start day."""
    length = np.minimum(people.end, days) - people.start
    times = rng.poisson(people.rate * length / season(np.arange(365)).mean())
    customer = np.repeat(np.arange(len(people)), times)
    day = people.start[customer] + np.floor(rng.random(len(customer)) * length[customer]).astype(np.int64)
    kept = rng.random(len(customer)) < season(day)
    everyone = np.arange(len(people))
    customer = np.concatenate([everyone, customer[kept]])
    day = np.concatenate([people.start, day[kept]])
    size = np.minimum(rng.geometric(0.42, len(customer)), 15)
    order = np.repeat(np.arange(len(customer)), size)
    product = _draw_products(rng, catalogue, people.segment[customer[order]])
    return unique_lines(History(customer, day, order, product), len(catalogue.ids))


def draw_guests(rng: np.random.Generator, catalogue: Catalogue, orders: int, days: int) -> History:
    """Orders without a customer, of everybody's taste."""
    size = np.minimum(rng.geometric(0.45, orders), 15)
    order = np.repeat(np.arange(orders), size)
    segment = rng.integers(0, len(plants.SEGMENTS), orders)[order]
    history = History(
        np.full(orders, -1, dtype=np.int64), rng.integers(0, days, orders), order, _draw_products(rng, catalogue, segment)
    )
    return unique_lines(history, len(catalogue.ids))


def _draw_products(rng: np.random.Generator, catalogue: Catalogue, segment: np.ndarray) -> np.ndarray:
    product = np.empty(len(segment), dtype=np.int64)
    at = rng.random(len(segment))
    for code, kind in enumerate(plants.SEGMENTS):
        weight = catalogue.weight * np.array(kind.taste)[catalogue.category_code]
        cumulative = np.cumsum(weight / weight.sum())
        lines = segment == code
        product[lines] = np.minimum(np.searchsorted(cumulative, at[lines], side="right"), len(weight) - 1)
    return product


def unique_lines(history: History, products: int) -> History:
    """Each product once an order, lines sorted by order and product."""
    key = np.unique(history.order * products + history.product)
    return replace(history, order=key // products, product=key % products)


def buy_durables_once(history: History, catalogue: Catalogue) -> History:
    """A customer buys a durable product once: later lines of it are dropped."""
    lines = np.flatnonzero(catalogue.durable[history.product] & (history.customer[history.order] >= 0))
    buyer, day = history.customer[history.order[lines]], history.day[history.order[lines]]
    order = np.lexsort((history.order[lines], day, history.product[lines], buyer))
    buyer, product = buyer[order], history.product[lines][order]
    again = np.r_[False, (buyer[1:] == buyer[:-1]) & (product[1:] == product[:-1])] if len(order) else np.empty(0, bool)
    keep = np.ones(len(history.order), dtype=bool)
    keep[lines[order[again]]] = False
    return history.having(keep)
