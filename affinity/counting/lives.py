"""Lives laid out for the kernels: who entered, with which order number, by customer and by product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import ORDER_NUMBER_STRATA

if TYPE_CHECKING:
    from affinity.kernels.life_tables import Owned, Rule


@dataclass(frozen=True)
class Entry:
    """Who enters: by the day of the first purchase of A, or as a customer who started inside the data."""

    start_day: int
    wash_in_days: int
    started_at: np.ndarray | None

    def enters(self, day: np.ndarray, customer: np.ndarray) -> np.ndarray:
        """bool: a life that begins on ``day`` counts."""
        washed = day >= self.start_day + self.wash_in_days
        return washed if self.started_at is None else washed | (self.started_at[customer] >= self.start_day)

    @property
    def rule(self) -> str:
        """The name of the rule, as the table states it."""
        if self.started_at is None or len(self.started_at) == 0:
            return "wash_in"
        known = self.started_at >= self.start_day
        return "started_at" if known.all() else "mixed" if known.any() else "wash_in"


@dataclass(frozen=True)
class Lives:
    """What the kernels read, and its sizes."""

    owned: Owned
    slot_indptr: np.ndarray
    entries: np.ndarray
    owners: np.ndarray
    n_strata: int
    left_out: int

    @classmethod
    def of(
        cls,
        holdings: Holdings,
        steps: Baskets | None,
        entry: Entry,
        *,
        end_day: int,
        max_products: int,
        strata: np.ndarray | None,
    ) -> Lives:
        """The lives of ``holdings`` before ``end_day``, without customers who own more than ``max_products``."""
        from affinity.kernels.life_tables import Owned

        n_customers, n_products = len(holdings.customers), len(holdings.products)
        sizes = np.diff(holdings.indptr)
        owner = holdings.customer
        kept = (sizes <= max_products)[owner] & (holdings.first_at < end_day)
        customer, product, day = owner[kept], holdings.product[kept], holdings.first_at[kept]
        customer, product, day = _sort_rows(customer, product, day, n_products)
        opens = np.ones(len(day), dtype=bool)
        opens[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
        slot = (np.cumsum(opens) - 1).astype(np.int32)
        slot_customer, slot_day = customer[opens], day[opens]
        enters = entry.enters(slot_day, slot_customer)
        by_product = _owners_by_falling_day(product, day)
        number = _order_number(steps, slot_customer, slot_day)
        stratum = np.searchsorted(ORDER_NUMBER_STRATA, number, side="right") - 1
        if strata is not None:
            stratum = stratum + len(ORDER_NUMBER_STRATA) * np.asarray(strata)[slot_customer]
        segments = 1 if strata is None else int(np.max(strata, initial=0)) + 1
        owned = Owned(
            _indptr(customer, n_customers),
            product.astype(np.int32),
            day.astype(np.int32),
            slot,
            _indptr(product, n_products),
            slot[by_product],
            slot_day.astype(np.int32),
            slot_customer.astype(np.int32),
            stratum.astype(np.int32),
            enters.astype(np.uint8),
        )
        return cls(
            owned,
            _indptr(slot_customer, n_customers),
            np.where(enters, np.bincount(slot, minlength=len(slot_day)), 0).astype(np.int32),
            np.bincount(product[enters[slot]], minlength=n_products).astype(np.int64),
            segments * len(ORDER_NUMBER_STRATA),
            int((sizes > max_products).sum()),
        )

    def longest_followed(self, last_day: int) -> int:
        """Days from the earliest entry to the last observed day; 0 when nobody entered."""
        days = self.owned.slot_day[self.owned.slot_enters > 0]
        return max(last_day - int(days.min()), 0) if len(days) else 0

    def work(self) -> np.ndarray:
        """float64[n_products]: products owned by each product's owners, the cost of its row."""
        owned = self.owned
        sizes = np.diff(owned.indptr)[owned.slot_customer[owned.owner_slot]]
        total = np.concatenate([[0.0], np.cumsum(sizes, dtype=np.float64)])
        return total[owned.owner_indptr[1:]] - total[owned.owner_indptr[:-1]]

    def entered_by_stratum(self, rule: Rule) -> np.ndarray:
        """int32[n_products, S]: owners who entered and were followed beyond the gap."""
        owned = self.owned
        product = np.repeat(np.arange(len(self.owners)), np.diff(owned.owner_indptr))
        counts = (owned.slot_enters > 0) & (rule.last_day - owned.slot_day > rule.gap)
        key = product * self.n_strata + owned.slot_stratum[owned.owner_slot]
        size = len(self.owners) * self.n_strata
        counted = np.bincount(key[counts[owned.owner_slot]], minlength=size)
        return counted.reshape(-1, self.n_strata).astype(np.int32)


def _order_number(steps: Baskets | None, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
    """int64: distinct order days of the customer up to and with ``day``, at least 1; rows sorted by customer, day."""
    if steps is None or steps.customer is None or steps.at is None:
        source_customer, source_day = customer, day
    else:
        known = steps.customer >= 0
        source_customer, source_day = steps.customer[known], steps.at[known]
    low = int(min(source_day.min(initial=0), day.min(initial=0)))
    span = int(max(source_day.max(initial=0), day.max(initial=0))) - low + 1
    keys = np.sort(source_customer.astype(np.int64) * span + (source_day - low))
    keys = keys[np.diff(keys, prepend=-1) > 0]
    through = np.searchsorted(keys, customer.astype(np.int64) * span + (day - low), side="right")
    before = np.searchsorted(keys, np.arange(int(customer.max(initial=-1)) + 1, dtype=np.int64) * span)
    return np.maximum(through - before[customer], 1)


def _sort_rows(
    customer: np.ndarray, product: np.ndarray, day: np.ndarray, n_products: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows by customer, day, product: one sort of whole keys, several times faster than sorting places."""
    low = int(day.min(initial=0))
    span = int(day.max(initial=0)) - low + 1
    key = np.sort((customer.astype(np.int64) * span + (day - low)) * n_products + product)
    rest, product = np.divmod(key, max(n_products, 1))
    customer, day = np.divmod(rest, span)
    return customer, product, day + low


def _owners_by_falling_day(product: np.ndarray, day: np.ndarray) -> np.ndarray:
    """int64: places of the rows by product, then falling day, then place."""
    n = max(len(product), 1)
    high = int(day.max(initial=0))
    span = high - int(day.min(initial=0)) + 1
    return np.sort((product * span + (high - day)) * n + np.arange(len(product))) % n


def _indptr(code: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([[0], np.bincount(code, minlength=size).cumsum()]).astype(np.int64)
