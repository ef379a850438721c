"""Pair counts: how many baskets, and how many customers, hold both of two products.

Made by affinity.counting, read by affinity.graph. Integers only; the counts of two disjoint sets of
customers over the same vocabulary add up (`PairCounts.__add__`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from affinity.errors import SettingsError
from affinity.frames import ListColumn
from affinity.tables.margins import Margins
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class PairCounts(Table):
    """One row an unordered pair seen together at least ``min_count`` times at either grain; a < b, sorted by (a, b).

    count, customers : int64, baskets / identified customers that hold both (0 customers without customers); int32 where
                       the columns stand in files (`affinity.mapped`)
    baskets          : margins at basket grain; owners : margins at customer grain, None without customers
    left_out_customers : customers with more products than the cap, out of ``customers`` and ``owners``
    min_count        : 1 when every pair seen has a row; the margins are complete whatever it is
    max_products_per_customer : the cap; None without customers, or where it is not known
    info             : which method counted and why; empty in a sum
    """

    a: np.ndarray
    b: np.ndarray
    count: np.ndarray
    customers: np.ndarray
    baskets: Margins
    owners: Margins | None
    products: Vocabulary
    left_out_customers: int = 0
    min_count: int = 1
    max_products_per_customer: int | None = None
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.a), "b", "count", "customers")

    def __len__(self) -> int:
        return len(self.a)

    def __add__(self, other: PairCounts) -> PairCounts:
        """Counts of both data sets together: exactly those that counting them as one gives, margins included.

        What the two were counted from must be disjoint: no basket in both and, at customer grain, no customer in
        both (split the data by customer; one who is in both would be counted twice, which a table of counts cannot
        see). A table without ``owners`` adds no customers. VocabularyMismatch unless both have one vocabulary;
        SettingsError when a table left out pairs below its min_count, or their customer caps differ.
        """
        self.products.require_same(other.products)
        if max(self.min_count, other.min_count) > 1:
            raise SettingsError(
                f"Counts with min_count={self.min_count} and min_count={other.min_count} do not add up.",
                why="A pair below it in one part may reach it in both together.",
                do="Count the parts with min_count=1, add them, and keep the frequent pairs with .at_least(min_count).",
            )
        caps = self.max_products_per_customer, other.max_products_per_customer
        if self.owners and other.owners and None not in caps and caps[0] != caps[1]:
            raise SettingsError(
                f"Counts with max_products_per_customer={caps[0]} and {caps[1]} do not add up.",
                why="Different customers were left out of them.",
                do="Count both parts with the same cap.",
            )
        a, b, count, customers = _merge(self, other)
        return PairCounts(
            a=a,
            b=b,
            count=count,
            customers=customers,
            baskets=self.baskets + other.baskets,
            owners=self.owners + other.owners if self.owners and other.owners else self.owners or other.owners,
            products=self.products,
            left_out_customers=self.left_out_customers + other.left_out_customers,
            max_products_per_customer=caps[0] if self.owners else caps[1],
        )

    def at_least(self, min_count: int) -> PairCounts:
        """Only the pairs whose ``count`` or ``customers`` is at least ``min_count``: as if counted with it."""
        if min_count <= self.min_count:
            return self
        kept = np.maximum(self.count, self.customers) >= min_count
        columns = {name: getattr(self, name)[kept] for name in ("a", "b", "count", "customers")}
        return replace(self, **columns, min_count=min_count)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """product_a, product_b, count, customers."""
        return {
            "product_a": self.products.decode(self.a),
            "product_b": self.products.decode(self.b),
            "count": self.count,
            "customers": self.customers,
        }


def _merge(one: PairCounts, other: PairCounts) -> list[np.ndarray]:
    """a, b, count, customers of all pairs of either, counts of a pair in both added."""
    from affinity.kernels.pairs_merge import merge_pairs

    most = len(one) + len(other)
    merged = [np.empty(most, dtype=kind) for kind in (np.int32, np.int32, np.int64, np.int64)]
    pairs = merge_pairs(
        one.a, one.b, one.count, one.customers, other.a, other.b, other.count, other.customers, *merged
    )  # fmt: skip
    for column in merged:
        column.resize(pairs, refcheck=False)
    return merged
