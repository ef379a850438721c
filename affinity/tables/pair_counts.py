"""Pair counts: how many baskets, and how many customers, hold both of two products.

Made by affinity.counting, read by affinity.graph. Integers only; the counts of two disjoint sets of
customers over the same vocabulary add up (`PairCounts.__add__`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

#: Lower edges of the size strata (distinct products of a basket, or owned by a customer).
SIZE_STRATA = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 30, 45, 60, 80, 110, 150, 200, 300)


@dataclass(frozen=True, eq=False)
class Margins:
    """What the expected count needs, at one grain (baskets, or customers), by size stratum k.

    n             : all sets counted
    n_item        : int64[n_products], sets that hold the product
    stratum_n     : int64[K]; stratum_size_sum, stratum_size_square_sum : int64[K], Σs and Σs²
    stratum_item  : int64[K, n_products], sets of stratum k that hold the product
    """

    n: int
    n_item: np.ndarray
    stratum_n: np.ndarray
    stratum_size_sum: np.ndarray
    stratum_size_square_sum: np.ndarray
    stratum_item: np.ndarray

    def __add__(self, other: Margins) -> Margins:
        return Margins(
            self.n + other.n,
            self.n_item + other.n_item,
            self.stratum_n + other.stratum_n,
            self.stratum_size_sum + other.stratum_size_sum,
            self.stratum_size_square_sum + other.stratum_size_square_sum,
            self.stratum_item + other.stratum_item,
        )


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
