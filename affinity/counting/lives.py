"""Lives laid out for the kernels: who entered, with which order number, by customer and by product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import ORDER_NUMBER_STRATA
from affinity.threads import run_together

if TYPE_CHECKING:
    from affinity.counting.risk_classes import RiskClass
    from affinity.kernels.life_tables import Owned


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
class Window:
    """The calendar days that are counted: from ``first_day`` to before ``end_day``; left_at : int32[n_customers], the
    day from which a customer who left is no longer at risk (−1 never), or None: who left stays at risk."""

    first_day: int
    end_day: int
    left_at: np.ndarray | None = None


@dataclass(frozen=True)
class Lives:
    """Who bought what first, by customer and day; rows are first purchases by customer, day, product.

    customer, product, day, slot : int64, int64, int64, int32 a row; enters : bool a slot, by the entry rule alone
    slot_indptr, slot_day, slot_customer, slot_stratum : customers' slots (a customer's first purchases of one day)
    owner_indptr, owner_row : int64: the rows of each product, by falling day
    """

    customer: np.ndarray
    product: np.ndarray
    day: np.ndarray
    slot: np.ndarray
    slot_indptr: np.ndarray
    slot_day: np.ndarray
    slot_customer: np.ndarray
    slot_stratum: np.ndarray
    enters: np.ndarray
    owner_indptr: np.ndarray
    owner_row: np.ndarray
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
        n_customers, n_products = len(holdings.customers), len(holdings.products)
        sizes = np.diff(holdings.indptr)
        owner = holdings.customer
        kept = (sizes <= max_products)[owner] & (holdings.first_at < end_day)
        customer, product, day = owner[kept], holdings.product[kept], holdings.first_at[kept]
        customer, product, day = _sort_rows(customer, product, day, n_products)
        opens = np.ones(len(day), dtype=bool)
        opens[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
        slot_customer, slot_day = customer[opens], day[opens]
        number, by_product = run_together(
            lambda: _order_number(steps, slot_customer, slot_day), lambda: _owners_by_falling_day(product, day)
        )
        stratum = np.searchsorted(ORDER_NUMBER_STRATA, number, side="right") - 1
        if strata is not None:
            stratum = stratum + len(ORDER_NUMBER_STRATA) * np.asarray(strata)[slot_customer]
        segments = 1 if strata is None else int(np.max(strata, initial=0)) + 1
        return cls(
            customer,
            product,
            day,
            (np.cumsum(opens) - 1).astype(np.int32),
            _indptr(slot_customer, n_customers),
            slot_day,
            slot_customer,
            stratum,
            entry.enters(slot_day, slot_customer),
            _indptr(product, n_products),
            by_product,
            segments * len(ORDER_NUMBER_STRATA),
            int((sizes > max_products).sum()),
        )

    @property
    def n_products(self) -> int:
        """Products of the vocabulary."""
        return len(self.owner_indptr) - 1

    @property
    def first_day(self) -> int:
        """The day on which the first life begins, 0 without any."""
        return int(self.slot_day[self.enters].min()) if self.enters.any() else 0

    def longest_followed(self, last_day: int) -> int:
        """Days from the earliest entry to the last observed day; 0 when nobody entered."""
        return max(last_day - self.first_day, 0) if self.enters.any() else 0

    def owners(self, first_day: int) -> np.ndarray:
        """int64[n_products]: owners who entered on ``first_day`` or later."""
        counts = self.enters & (self.slot_day >= first_day)
        return np.bincount(self.product[counts[self.slot]], minlength=self.n_products).astype(np.int64)


@dataclass(frozen=True)
class Exposed:
    """What the kernels read: the lives at risk of the products of one class, and those products' records.

    entries : int32[n_slots], products whose life starts in the slot; work : float64[n_products], the cost of a row
    """

    owned: Owned
    entries: np.ndarray
    work: np.ndarray

    @classmethod
    def of(cls, lives: Lives, risk: RiskClass, window: Window, *, gap: int, n_bins: int) -> Exposed:
        """``lives`` at risk of the products of ``risk``, observed within ``window``."""
        from affinity.kernels import life_table_clocks as k
        from affinity.kernels.life_tables import Owned

        last = np.full(len(lives.slot_day), min(window.end_day, risk.closes) - 1, dtype=np.int64)
        if window.left_at is not None:
            left_at = window.left_at[lives.slot_customer].astype(np.int64)
            last = np.where(left_at < 0, last, np.minimum(last, left_at - 1))
        until = last - lives.slot_day
        enters = lives.enters & risk.admits(lives.slot_customer, lives.slot_day) & (until >= 0)
        every = risk.products.all()
        chosen = slice(None) if every else risk.products[lives.product]
        n_customers = len(lives.slot_indptr) - 1
        records = np.stack(
            [lives.product[chosen], lives.day[chosen], lives.slot[chosen]], axis=1, dtype=np.int32, casting="unsafe"
        )
        indptr = _indptr(lives.customer[chosen], n_customers)
        first_slot, last_slot = lives.slot_indptr[:-1][lives.slot_customer], lives.slot_indptr[1:][lives.slot_customer] - 1
        slots = np.empty((len(until), k.SLOT_COLUMNS), dtype=np.int32)
        slots[:, k.DAY] = lives.slot_day
        slots[:, k.BEGIN], slots[:, k.END] = indptr[lives.slot_customer], indptr[lives.slot_customer + 1]
        slots[:, k.STRATUM_CELL] = lives.slot_stratum * n_bins
        slots[:, k.UNSEEN] = np.maximum(gap, window.first_day - 1 - lives.slot_day)
        slots[:, k.UNTIL] = np.where(enters, until, -1)
        slots[:, k.FIRST_CELL] = lives.slot_stratum[first_slot] * n_bins
        slots[:, k.LAST_CELL] = (lives.slot_stratum[last_slot] + 1) * n_bins
        rows = lives.owner_row
        if window.left_at is not None:
            rows = _owners_by_rising(lives.product, np.maximum(until, 0)[lives.slot])
        owner_slot = lives.slot[rows]
        owned = Owned(slots.ravel(), records.ravel(), lives.owner_indptr, owner_slot)
        entries = np.where(enters, np.bincount(lives.slot, minlength=len(until)), 0).astype(np.int32)
        total = np.concatenate([[0.0], np.cumsum((slots[:, k.END] - slots[:, k.BEGIN])[owner_slot], dtype=np.float64)])
        return cls(owned, entries, total[lives.owner_indptr[1:]] - total[lives.owner_indptr[:-1]])


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
    return _owners_by_rising(product, int(day.max(initial=0)) - day)


def _owners_by_rising(product: np.ndarray, days: np.ndarray) -> np.ndarray:
    """int64: places of the rows by product, then rising ``days`` (≥ 0), then place."""
    n, span = max(len(product), 1), int(days.max(initial=0)) + 1
    return np.sort((product * span + days) * n + np.arange(len(product))) % n


def _indptr(code: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([[0], np.bincount(code, minlength=size).cumsum()]).astype(np.int64)
