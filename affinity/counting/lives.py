"""Lives laid out for the kernels: who entered, with which order number, by customer and by product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from affinity import mapped
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import ORDER_NUMBER_STRATA

if TYPE_CHECKING:
    from affinity.counting.risk_classes import RiskClass
    from affinity.kernels.life_tables import Owned

#: Holdings that are put in order at a time, and rows that are looked at together.
ROWS_AT_ONCE = 1 << 22
#: What is laid out: of each row, then of each slot; those of the rows may stand in files.
_OF_ROWS, _OF_SLOTS = ("product", "slot"), ("size", "customer", "day", "number")


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

    product, slot : int32 a row; enters : bool a slot, by the entry rule alone
    slot_indptr, slot_begin, slot_day, slot_customer, slot_stratum : customers' slots (a customer's first purchases of one
                    day): int64[n_customers + 1], int64[n_slots + 1] where the rows of a slot begin, int32 each
    owner_indptr, owner_slot : int64, int32: the slots of each product's owners, by falling day, then by customer
    """

    product: np.ndarray
    slot: np.ndarray
    slot_indptr: np.ndarray
    slot_begin: np.ndarray
    slot_day: np.ndarray
    slot_customer: np.ndarray
    slot_stratum: np.ndarray
    enters: np.ndarray
    owner_indptr: np.ndarray
    owner_slot: np.ndarray
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
        order_days, may_map = _OrderDays.of(steps), mapped.is_mapped(holdings.product)
        columns = [mapped.Growing(np.int32, may_map and name in _OF_ROWS) for name in (*_OF_ROWS, *_OF_SLOTS)]
        for first, last in mapped.split_indptr(holdings.indptr, ROWS_AT_ONCE):
            part = _put_in_order(holdings, first, last, order_days, end_day=end_day, max_products=max_products)
            slot = np.repeat(np.arange(len(part[1]), dtype=np.int32) + len(columns[2]), part[1])
            for column, values in zip(columns, (part[0], slot, *part[1:]), strict=True):
                column.append(values)
        product, slot, size, customer, day, number = (column.whole() for column in columns)
        stratum = np.searchsorted(ORDER_NUMBER_STRATA, number, side="right").astype(np.int32) - 1
        if strata is not None:
            stratum = stratum + len(ORDER_NUMBER_STRATA) * np.asarray(strata, dtype=np.int32)[customer]
        segments = 1 if strata is None else int(np.max(strata, initial=0)) + 1
        begin = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
        owner_indptr = _indptr(product, n_products)
        return cls(
            product,
            slot,
            _indptr(customer, n_customers),
            begin,
            day,
            customer,
            stratum,
            entry.enters(day, customer),
            owner_indptr,
            _deal_owners(int(day.max(initial=0)) - day, begin, product, owner_indptr),
            segments * len(ORDER_NUMBER_STRATA),
            int((np.diff(holdings.indptr) > max_products).sum()),
        )

    @property
    def n_products(self) -> int:
        """Products of the vocabulary."""
        return len(self.owner_indptr) - 1

    @property
    def most_owned(self) -> int:
        """The most products that a customer owns."""
        return int(np.diff(self.slot_begin[self.slot_indptr]).max(initial=0))

    @property
    def first_day(self) -> int:
        """The day on which the first life begins, 0 without any."""
        return int(self.slot_day[self.enters].min()) if self.enters.any() else 0

    def longest_followed(self, last_day: int) -> int:
        """Days from the earliest entry to the last observed day; 0 when nobody entered."""
        return max(last_day - self.first_day, 0) if self.enters.any() else 0

    def owners(self, first_day: int) -> np.ndarray:
        """int64[n_products]: owners who entered on ``first_day`` or later."""
        return self.count_owners(self.enters & (self.slot_day >= first_day))

    def count_owners(self, counts: np.ndarray) -> np.ndarray:
        """int64[n_products]: owners who bought in one of the slots of the mask ``counts``."""
        found = np.zeros(self.n_products, dtype=np.int64)
        for rows in mapped.split_rows(len(self.product), ROWS_AT_ONCE):
            found += np.bincount(self.product[rows][counts[self.slot[rows]]], minlength=self.n_products)
        return found


@dataclass(frozen=True)
class Exposed:
    """What the kernels read: the lives at risk of the products of one class, and those products' records.

    entries : int32[n_slots], products whose life starts in the slot; work : float64[n_products], the cost of a row
    """

    owned: Owned
    entries: np.ndarray
    work: np.ndarray

    @classmethod
    def of(cls, lives: Lives, risk: RiskClass, window: Window, *, gap: int, n_bins: int, may_map: bool = False) -> Exposed:
        """``lives`` at risk of the products of ``risk``, observed within ``window``; ``may_map`` : large ones in files."""
        from affinity.kernels import life_table_clocks as k
        from affinity.kernels.life_tables import Owned

        records, indptr = _list_records(lives, risk, may_map=may_map)
        n_slots = len(lives.slot_day)
        slots = mapped.full(n_slots * k.SLOT_COLUMNS, 0, np.int32, may_map).reshape(n_slots, k.SLOT_COLUMNS)
        entries = np.empty(n_slots, dtype=np.int32)
        left_after = np.empty(n_slots if window.left_at is not None else 0, dtype=np.int32)
        for some in mapped.split_rows(n_slots, ROWS_AT_ONCE):
            customer, day, stratum = lives.slot_customer[some], lives.slot_day[some], lives.slot_stratum[some]
            last = np.full(len(day), min(window.end_day, risk.closes) - 1, dtype=np.int64)
            if window.left_at is not None:
                left_at = window.left_at[customer].astype(np.int64)
                last = np.where(left_at < 0, last, np.minimum(last, left_at - 1))
            until = last - day
            if window.left_at is not None:
                left_after[some] = np.maximum(until, 0)
            enters = lives.enters[some] & risk.admits(customer, day) & (until >= 0)
            slots[some, k.DAY] = day
            slots[some, k.BEGIN], slots[some, k.END] = indptr[customer], indptr[customer + 1]
            slots[some, k.STRATUM_CELL] = stratum * n_bins
            slots[some, k.UNSEEN] = np.maximum(gap, window.first_day - 1 - day)
            slots[some, k.UNTIL] = np.where(enters, until, -1)
            slots[some, k.FIRST_CELL] = lives.slot_stratum[lives.slot_indptr[customer]] * n_bins
            slots[some, k.LAST_CELL] = (lives.slot_stratum[lives.slot_indptr[customer + 1] - 1] + 1) * n_bins
            entries[some] = np.where(enters, lives.slot_begin[1:][some] - lives.slot_begin[:-1][some], 0)
        owner_slot = lives.owner_slot
        if window.left_at is not None:
            owner_slot = _deal_owners(left_after, lives.slot_begin, lives.product, lives.owner_indptr)
        owned = Owned(slots.ravel(), records.ravel(), lives.owner_indptr, owner_slot)
        return cls(owned, entries, _count_work(lives, indptr))


def _put_in_order(
    holdings: Holdings, first: int, last: int, order_days: _OrderDays | None, *, end_day: int, max_products: int
) -> tuple[np.ndarray, ...]:
    """Of the customers ``first`` to ``last`` (exclusive): product a row; rows, customer, day and order number a slot."""
    sizes = np.diff(holdings.indptr[first : last + 1])
    rows = slice(int(holdings.indptr[first]), int(holdings.indptr[last]))
    owner = np.repeat(np.arange(first, last, dtype=np.int32), sizes)
    kept = np.repeat(sizes <= max_products, sizes) & (holdings.first_at[rows] < end_day)
    found = owner[kept], holdings.product[rows][kept], holdings.first_at[rows][kept]
    customer, product, day = _sort_rows(*found, len(holdings.products))
    opens = np.ones(len(day), dtype=bool)
    opens[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    begin = np.flatnonzero(opens)
    size = np.diff(np.append(begin, len(day))).astype(np.int32)
    customer, day = customer[begin].astype(np.int32), day[begin].astype(np.int32)
    bought = (customer, day) if order_days is None else order_days.between(first, last)
    return product.astype(np.int32), size, customer, day, _order_number(*bought, customer, day)


def _list_records(lives: Lives, risk: RiskClass, *, may_map: bool) -> tuple[np.ndarray, np.ndarray]:
    """int32[n, 3]: product, day and slot of the rows of the products of ``risk``; int64: where each customer's begin."""
    n_customers = len(lives.slot_indptr) - 1
    if risk.products.all():
        n, indptr = len(lives.product), lives.slot_begin[lives.slot_indptr]
    else:
        size = np.zeros(n_customers, dtype=np.int64)
        for rows in mapped.split_rows(len(lives.product), ROWS_AT_ONCE):
            chosen = lives.slot[rows][risk.products[lives.product[rows]]]
            size += np.bincount(lives.slot_customer[chosen], minlength=n_customers)
        indptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        n = int(indptr[-1])
    records, used = mapped.full(3 * n, 0, np.int32, may_map).reshape(n, 3), 0
    for rows in mapped.split_rows(len(lives.product), ROWS_AT_ONCE):
        product, slot = lives.product[rows], lives.slot[rows]
        if n < len(lives.product):
            chosen = risk.products[product]
            product, slot = product[chosen], slot[chosen]
        here = records[used : used + len(slot)]
        here[:, 0], here[:, 1], here[:, 2] = product, lives.slot_day[slot], slot
        used += len(slot)
    return records, indptr


def _count_work(lives: Lives, indptr: np.ndarray) -> np.ndarray:
    """float64[n_products]: records of all owners of each."""
    work = np.zeros(lives.n_products)
    for rows in mapped.split_rows(len(lives.product), ROWS_AT_ONCE):
        customer = lives.slot_customer[lives.slot[rows]]
        work += np.bincount(lives.product[rows], (indptr[customer + 1] - indptr[customer]), minlength=lives.n_products)
    return work


def _deal_owners(key: np.ndarray, begin: np.ndarray, product: np.ndarray, owner_indptr: np.ndarray) -> np.ndarray:
    """int32: the slots of the owners of each product, by rising ``key`` (int32 ≥ 0 a slot), then by slot."""
    from affinity.kernels.life_table_clocks import deal_owners

    order = np.argsort(key.astype(np.min_scalar_type(int(key.max(initial=0)))), kind="stable")  # 16 bits: a radix sort
    owner_slot = np.empty(len(product), dtype=np.int32)
    deal_owners(order, begin, product, owner_indptr[:-1].copy(), owner_slot)
    return owner_slot


@dataclass(frozen=True)
class _OrderDays:
    """The days on which customers bought, by customer: int32 each."""

    customer: np.ndarray
    day: np.ndarray

    @classmethod
    def of(cls, steps: Baskets | None) -> _OrderDays | None:
        """Those of ``steps``, None where it does not say."""
        if steps is None or steps.customer is None or steps.at is None:
            return None
        if (steps.customer[1:] >= steps.customer[:-1]).all():
            return cls(steps.customer, steps.at)
        order = np.argsort(steps.customer, kind="stable")
        return cls(steps.customer[order], steps.at[order])

    def between(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """(customer, day) of the customers ``first`` to ``last`` (exclusive)."""
        rows = slice(*np.searchsorted(self.customer, (first, last)).tolist())
        return self.customer[rows], self.day[rows]


def _order_number(source_customer: np.ndarray, source_day: np.ndarray, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
    """int32: distinct order days of the customer up to and with ``day``, at least 1; rows sorted by customer, day."""
    low = int(min(source_day.min(initial=0), day.min(initial=0)))
    span = int(max(source_day.max(initial=0), day.max(initial=0))) - low + 1
    keys = np.sort(source_customer.astype(np.int64) * span + (source_day - low))
    keys = keys[np.diff(keys, prepend=-1) > 0]
    through = np.searchsorted(keys, customer.astype(np.int64) * span + (day - low), side="right")
    before = np.searchsorted(keys, customer.astype(np.int64) * span)
    return np.maximum(through - before, 1).astype(np.int32)


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


def _indptr(code: np.ndarray, size: int) -> np.ndarray:
    number = np.zeros(size, dtype=np.int64)
    for rows in mapped.split_rows(len(code), ROWS_AT_ONCE):
        number += np.bincount(code[rows], minlength=size)
    return np.concatenate([[0], np.cumsum(number)]).astype(np.int64)
