"""Products: names, families, prices and what limits their sale.

Made by affinity.ingest from a product file, or by affinity.baskets from the order lines (names, prices seen).
One row a product of the run's vocabulary, in its order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table, check_lengths, optional_dates
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Products(Table):
    """One row a product; labels are object (str or None), unknown numbers NaN, unknown days −1.

    family, tier, category : labels; without a family a product is its own
    price, margin          : float64, money a unit
    available              : bool, on sale now
    on_sale_from, on_sale_to : int32 days since the epoch, −1 unknown (to: first day no longer on sale)
    requires               : CSR of prerequisite product codes (indptr int64[n + 1], requires int32)
    lasting_days           : float64, ownership ends after so many days; NaN for ever
    """

    products: Vocabulary
    name: np.ndarray
    family: np.ndarray
    tier: np.ndarray
    category: np.ndarray
    price: np.ndarray
    margin: np.ndarray
    available: np.ndarray
    on_sale_from: np.ndarray
    on_sale_to: np.ndarray
    lasting_days: np.ndarray
    requires_indptr: np.ndarray
    requires: np.ndarray
    report: IngestReport = IngestReport()

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("name", "family", "tier", "category", "price", "margin", "available", "on_sale_from", "on_sale_to")
        check_lengths(self, len(self.products), *names)

    @classmethod
    def bare(cls, products: Vocabulary) -> Products:
        """Products of which only the ids are known: always on sale, no prerequisites."""
        n = len(products)
        nothing = np.full(n, None, dtype=object)
        nan, unknown = np.full(n, np.nan), np.full(n, -1, dtype=np.int32)
        return cls(
            products, nothing, nothing, nothing, nothing, nan, nan, np.ones(n, dtype=bool), unknown, unknown, nan,
            np.zeros(n + 1, dtype=np.int64), np.empty(0, dtype=np.int32),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.products)

    def recoded(self, products: Vocabulary) -> Products:
        """The same facts for ``products``, in its order; products not described here are bare."""
        source = self.products.recode_from(products)  # the row here of each product there
        known = source >= 0
        bare = Products.bare(products)
        changed = {}
        for name in ("name", "family", "tier", "category", "price", "margin", "available", "on_sale_from", "on_sale_to",
                     "lasting_days"):  # fmt: skip
            column = getattr(bare, name).copy()
            column[known] = getattr(self, name)[source[known]]
            changed[name] = column
        indptr, requires = np.zeros(len(products) + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
        if len(self.requires):
            to_there = products.recode_from(self.products)
            rows = [
                to_there[self.requires[self.requires_indptr[s] : self.requires_indptr[s + 1]]]
                if s >= 0
                else np.empty(0, dtype=np.int32)
                for s in source
            ]
            indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
            requires = np.concatenate([requires, *rows]).astype(np.int32)
        return Products(products, **changed, requires_indptr=indptr, requires=requires, report=self.report)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """product_id, name, family, tier, category, price, margin, available, on_sale_from, on_sale_to, requires."""
        return {
            "product_id": self.products.labels,
            "name": self.name,
            "family": self.family,
            "tier": self.tier,
            "category": self.category,
            "price": self.price,
            "margin": self.margin,
            "available": self.available,
            "on_sale_from": optional_dates(self.on_sale_from),
            "on_sale_to": optional_dates(self.on_sale_to),
            "lasting_days": self.lasting_days,
            "requires": ListColumn(self.requires_indptr, self.products.decode(self.requires)),
        }
