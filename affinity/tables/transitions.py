"""Transitions: weighted counts of products owned together, and of products newly bought by owners of others.

Made by affinity.counting, read by affinity.fit. int64 sums of integer weights (units of 2**-20), so they
add up exactly over customers in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary

#: One whole weight: decay weights are integers in units of 2**-20, products of two are shifted back by 20 bits.
WEIGHT_UNIT = 1 << 20


@dataclass(frozen=True, eq=False)
class SquareCounts:
    """A sparse products × products matrix of int64 sums, CSR, columns rising (units of 2**-20)."""

    indptr: np.ndarray
    column: np.ndarray
    total: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Transitions(Table):
    """The three count matrices of the fit model, and the decayed popularities, all by product code.

    co_owned       : AᵀA, owned × owned now, both triangles and diagonal
    owned_at_order : HᵀRH, owned × owned strictly before an order that held something new, both triangles
    new_at_order   : HᵀRY, owned before × new in that order
    first_purchases, recent_lines : int64[n_products], decayed first purchases and decayed purchases (2**-20)
    buyers         : int64[n_products], distinct customers ever
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
