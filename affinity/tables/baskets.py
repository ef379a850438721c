"""Baskets: the distinct products bought together, as CSR.

Made by affinity.baskets, read by affinity.counting. Baskets come in a fixed order: by order code, by
(customer, day), or as given; items rise strictly within a basket.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths, once_a_table, pick_rows
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Baskets(Table):
    """One row a basket.

    indptr    : int64[n + 1], where each basket begins in ``item``
    item      : int32 product codes, strictly increasing within a basket
    customer  : int32[n], −1 a guest; None when the data name no customers
    at        : int32[n], when: day since the epoch (clock "day") or position in the customer's sequence,
                from 0 (clock "order"); None without either
    too_large : number of baskets left out because they hold more than ``max_size`` products
    """

    indptr: np.ndarray
    item: np.ndarray
    products: Vocabulary
    customer: np.ndarray | None = None
    customers: Vocabulary | None = None
    at: np.ndarray | None = None
    clock: Literal["day", "order"] | None = None
    by: str = "order"
    too_large: int = 0
    max_size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self), "customer", "at")

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def sizes(self) -> np.ndarray:
        """int64[n]: distinct products of each basket."""
        return np.diff(self.indptr)

    @property
    def by_customer(self) -> tuple[np.ndarray, np.ndarray | None]:
        """(int64 bounds of each customer's baskets, int64 the baskets in the order of customers; None: as they are)."""
        return _by_customer(self)

    def times_of(self, who: np.ndarray) -> Baskets:
        """When the customers ``who`` (int32 codes, rising) bought, not what; their codes are then their places."""
        assert self.customer is not None
        assert self.customers is not None
        bounds, order = self.by_customer
        indptr, rows = pick_rows(bounds, who)
        rows = rows if order is None else order[rows]
        n = int(indptr[-1])
        return replace(
            self,
            indptr=np.zeros(n + 1, dtype=np.int64),
            item=self.item[:0],
            customer=np.repeat(np.arange(len(who), dtype=np.int32), np.diff(indptr)),
            customers=self.customers.take(who),
            at=None if self.at is None else self.at[rows],
        )

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """products (a list a row), customer_id and at where known."""
        shown: dict[str, np.ndarray | ListColumn] = {"products": ListColumn(self.indptr, self.products.decode(self.item))}
        if self.customer is not None and self.customers is not None:
            shown["customer_id"] = self.customers.decode(self.customer)
        if self.at is not None:
            shown["at"] = self.at.astype("datetime64[D]") if self.clock == "day" else self.at
        return shown


@once_a_table
def _by_customer(baskets: Baskets) -> tuple[np.ndarray, np.ndarray | None]:
    assert baskets.customer is not None
    assert baskets.customers is not None
    customer, wanted = baskets.customer, np.arange(len(baskets.customers) + 1)
    if (customer[1:] >= customer[:-1]).all():
        return np.searchsorted(customer, wanted).astype(np.int64), None
    order = np.argsort(customer, kind="stable")
    return np.searchsorted(customer[order], wanted).astype(np.int64), order
