"""Holdings: what each customer owns, since when, and when last bought, as CSR customer × product.

Made by affinity.baskets from net order lines, read by counting, eligibility, fit and ranking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths, pick_rows
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Holdings(Table):
    """One row a (customer, product) with a net purchase before as_of; customers without any have empty rows.

    indptr            : int64[n_customers + 1]
    product           : int32, strictly increasing within a customer
    first_at, last_at : int32, day since the epoch or position in the customer's order sequence (see ``clock``);
                        zeros without a clock
    times             : int32, distinct days (or orders) on which it was bought
    end               : int32[n_customers], the first point not looked at: as_of (clock "day") or the customer's
                        number of orders (clock "order"); an age is ``end − last_at`` ≥ 1
    """

    indptr: np.ndarray
    product: np.ndarray
    first_at: np.ndarray
    last_at: np.ndarray
    times: np.ndarray
    end: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    clock: Literal["day", "order"] | None = "day"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.product), "first_at", "last_at", "times")
        check_lengths(self, len(self.customers), "end")

    def __len__(self) -> int:
        return len(self.product)

    @property
    def customer(self) -> np.ndarray:
        """int32: the customer of each row."""
        return np.repeat(np.arange(len(self.customers), dtype=np.int32), np.diff(self.indptr))

    def of(self, customer: int) -> np.ndarray:
        """int32 codes of the products that the customer with this code owns."""
        return self.product[self.indptr[customer] : self.indptr[customer + 1]]

    def for_customers(self, who: np.ndarray) -> Holdings:
        """The holdings of the customers ``who`` (int32 codes, rising), whose codes are then their places."""
        indptr, rows = pick_rows(self.indptr, who)
        kept = {name: getattr(self, name)[rows] for name in ("product", "first_at", "last_at", "times")}
        return replace(self, indptr=indptr, **kept, end=self.end[who], customers=self.customers.take(who))

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, product_id, first_at, last_at, times."""
        kind = "datetime64[D]" if self.clock == "day" else "int32"
        return {
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            "first_at": self.first_at.astype(kind),
            "last_at": self.last_at.astype(kind),
            "times": self.times,
        }
