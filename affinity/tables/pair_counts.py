"""Pair counts: how many baskets, and how many customers, hold both of two products.

Made by affinity.counting, read by affinity.graph. Integers only; the counts of two disjoint sets of
customers over the same vocabulary add up (`PairCounts.__add__`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.margins import Margins
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class PairCounts(Table):
    """One row an unordered pair seen together at least once at either grain; a < b, sorted by (a, b).

    count, customers : int64, baskets / identified customers that hold both (0 customers without customers)
    baskets          : margins at basket grain; owners : margins at customer grain, None without customers
    left_out_customers : customers with more products than the cap, out of ``customers`` and ``owners``
    """

    a: np.ndarray
    b: np.ndarray
    count: np.ndarray
    customers: np.ndarray
    baskets: Margins
    owners: Margins | None
    products: Vocabulary
    left_out_customers: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.a), "b", "count", "customers")

    def __len__(self) -> int:
        return len(self.a)

    def __add__(self, other: PairCounts) -> PairCounts:
        """Counts of both data sets (disjoint baskets and customers, one vocabulary)."""
        self.products.require_same(other.products)
        n = np.int64(len(self.products))
        key = np.concatenate([self.a.astype(np.int64) * n + self.b, other.a.astype(np.int64) * n + other.b])
        pair, which = np.unique(key, return_inverse=True)
        owners = self.owners + other.owners if self.owners and other.owners else self.owners or other.owners
        return PairCounts(
            a=(pair // n).astype(np.int32),
            b=(pair % n).astype(np.int32),
            count=_sum_by(which, np.concatenate([self.count, other.count])),
            customers=_sum_by(which, np.concatenate([self.customers, other.customers])),
            baskets=self.baskets + other.baskets,
            owners=owners,
            products=self.products,
            left_out_customers=self.left_out_customers + other.left_out_customers,
        )

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """product_a, product_b, count, customers."""
        return {
            "product_a": self.products.decode(self.a),
            "product_b": self.products.decode(self.b),
            "count": self.count,
            "customers": self.customers,
        }


def _sum_by(which: np.ndarray, values: np.ndarray) -> np.ndarray:
    total = np.zeros(int(which.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(total, which, values)
    return total
