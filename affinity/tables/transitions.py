"""Transitions: weighted counts of products owned together, and of products newly bought by owners of others.

Made by affinity.counting, read by affinity.fit. int64 sums of integer weights (units of 2**-20), so they
add up exactly over customers in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.owned_lists import OwnedLists
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary

#: Entries added up at a time: bounds what is needed beside the two matrices and their sum.
ADDED_AT_ONCE = 1 << 22

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
        before = self.indptr + other.indptr  # entries of both before each row
        bounds = np.unique(np.append(np.searchsorted(before, np.arange(0, before[-1], ADDED_AT_ONCE)), n))
        column, total = np.empty(int(before[-1]), dtype=np.int32), np.empty(int(before[-1]), dtype=np.int64)
        sizes, used = np.zeros(n, dtype=np.int64), 0
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist()):
            key = np.concatenate([self._key(first, last), other._key(first, last)])
            order = np.argsort(key, kind="stable")
            key = key[order]
            starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])[: len(key)])
            cell, end = key[starts], used + len(starts)
            column[used:end] = cell % n
            if len(starts):
                total[used:end] = np.add.reduceat(
                    np.concatenate([self._of(first, last), other._of(first, last)])[order], starts
                )
            sizes += np.bincount(cell // n, minlength=n)
            used = end
        column.resize(used, refcheck=False)
        total.resize(used, refcheck=False)
        return SquareCounts(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), column, total)

    def _of(self, first: int, last: int) -> np.ndarray:
        """The totals of the rows ``first`` to ``last``."""
        return self.total[self.indptr[first] : self.indptr[last]]

    def _key(self, first: int, last: int) -> np.ndarray:
        """int64 row × n + column of each entry of the rows ``first`` to ``last``."""
        n = len(self.indptr) - 1
        begin = np.arange(first, last, dtype=np.int64) * n
        rows = self.indptr[first : last + 1]
        return np.repeat(begin, np.diff(rows)) + self.column[rows[0] : rows[-1]]


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
    lists          : None where the matrices are stored; else they are empty, and this gives what they are counted from
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
    lists: Callable[[], OwnedLists] | None = None

    def __add__(self, other: Transitions) -> Transitions:
        """Counts of both sets of customers (disjoint, one vocabulary, the same half-lives)."""
        self.products.require_same(other.products)
        assert self.lists is other.lists is None, "matrices that are not stored do not add up"
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

    @property
    def entries(self) -> int:
        """Entries of all matrices, twelve bytes each."""
        lasting = 0 if self.lasting_co_owned is None else len(self.lasting_co_owned.column)
        return sum(len(counts.column) for counts in (self.co_owned, self.owned_at_order, self.new_at_order)) + lasting

    def without_pairs(self) -> Transitions:
        """What scoring needs: the counts by product; the matrices, from which edges are solved, are empty."""
        empty = SquareCounts(np.zeros(len(self.products) + 1, dtype=np.int64), np.empty(0, np.int32), np.empty(0, np.int64))
        return replace(self, co_owned=empty, owned_at_order=empty, new_at_order=empty, lasting_co_owned=None, lists=None)

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
