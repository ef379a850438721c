"""Transitions: weighted counts of products owned together, and of products newly bought by owners of others.

Made by affinity.counting, read by affinity.fit. int64 sums of integer weights (units of 2**-20), so they
add up exactly over customers in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary

#: One whole weight: decay weights are integers in units of 2**-20, products of two are shifted back by 20 bits.
WEIGHT_UNIT = 1 << 20


@dataclass(frozen=True, eq=False)
class SquareCounts:
    """A sparse products × products matrix of int64 sums, CSR, columns rising, zeros left out (units of 2**-20)."""

    indptr: np.ndarray
    column: np.ndarray
    total: np.ndarray

    def __add__(self, other: SquareCounts) -> SquareCounts:
        """Entry by entry; the counts of two disjoint sets of customers over one vocabulary."""
        if not len(other.column) or not len(self.column):
            return self if len(self.column) else other
        n = len(self.indptr) - 1
        key = np.concatenate([self._key(), other._key()])
        order = np.argsort(key, kind="stable")
        key, total = key[order], np.concatenate([self.total, other.total])[order]
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        cell = key[starts]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(cell // n, minlength=n))]).astype(np.int64)
        return SquareCounts(indptr, (cell % n).astype(np.int32), np.add.reduceat(total, starts))

    def _key(self) -> np.ndarray:
        """int64 row × n + column of each entry."""
        n = len(self.indptr) - 1
        return np.repeat(np.arange(n, dtype=np.int64) * n, np.diff(self.indptr)) + self.column


@dataclass(frozen=True, eq=False, repr=False)
class Transitions(Table):
    """The three count matrices of the fit model, and the decayed popularities, all by product code.

    co_owned       : AᵀA, owned × owned now; symmetric, so only entries with row ≤ column are stored
    lasting_co_owned : the same with a longer half-life, what goes together whatever the season; None: not counted apart
    owned_at_order : HᵀRH, owned × owned strictly before an order that held something new; symmetric, stored likewise
    new_at_order   : HᵀRY, owned before × new in that order
    first_purchases, recent_lines : int64[n_products], decayed first purchases and decayed purchases (2**-20)
    buyers         : int64[n_products], distinct customers ever
    left_out_customers : customers over the cap on products, out of the three matrices
    """

    co_owned: SquareCounts
    owned_at_order: SquareCounts
    new_at_order: SquareCounts
    first_purchases: np.ndarray
    recent_lines: np.ndarray
    buyers: np.ndarray
    products: Vocabulary
    clock: Literal["day", "order"] | None
    half_life: float
    co_owned_half_life: float
    row_half_life: float
    left_out_customers: int = 0
    lasting_co_owned: SquareCounts | None = None
    lasting_half_life: float | None = None

    def __add__(self, other: Transitions) -> Transitions:
        """Counts of both sets of customers (disjoint, one vocabulary, the same half-lives)."""
        self.products.require_same(other.products)
        mine, theirs = self.lasting_co_owned, other.lasting_co_owned
        return replace(
            self,
            co_owned=self.co_owned + other.co_owned,
            owned_at_order=self.owned_at_order + other.owned_at_order,
            new_at_order=self.new_at_order + other.new_at_order,
            first_purchases=self.first_purchases + other.first_purchases,
            recent_lines=self.recent_lines + other.recent_lines,
            buyers=self.buyers + other.buyers,
            left_out_customers=self.left_out_customers + other.left_out_customers,
            lasting_co_owned=None if mine is None or theirs is None else mine + theirs,
        )

    def __len__(self) -> int:
        return len(self.new_at_order.column)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """owned, bought, weight: the new_at_order entries in whole customers."""
        rows = np.repeat(np.arange(len(self.products), dtype=np.int32), np.diff(self.new_at_order.indptr))
        return {
            "owned": self.products.decode(rows),
            "bought": self.products.decode(self.new_at_order.column),
            "weight": self.new_at_order.total / WEIGHT_UNIT,
        }
