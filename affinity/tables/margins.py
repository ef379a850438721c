"""Margins: how many sets hold each product, by the size of the set; what an expected count is made of.

Made by affinity.counting at basket and at customer grain, read by affinity.graph and affinity.rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Lower edges of the size strata (distinct products of a basket, or owned by a customer).
SIZE_STRATA = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 30, 45, 60, 80, 110, 150, 200, 300)

#: Lines whose stratum and item are combined at a time.
_LINES_PER_STEP = 4_000_000


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

    @classmethod
    def of(cls, indptr: np.ndarray, item: np.ndarray, n_items: int) -> Margins:
        """The margins of sets of items (CSR, items distinct within a set); an empty set counts in ``n`` only."""
        strata, size = len(SIZE_STRATA), np.diff(indptr)
        stratum = np.searchsorted(np.array(SIZE_STRATA), size, side="right") - 1  # −1: an empty set, in no stratum
        held, held_size = stratum[stratum >= 0], size[stratum >= 0]
        stratum_item = np.zeros(strata * n_items, dtype=np.int64)
        for first in range(0, len(item), _LINES_PER_STEP):
            lines = np.arange(first, min(first + _LINES_PER_STEP, len(item)))
            row = np.searchsorted(indptr, lines, side="right") - 1
            stratum_item += np.bincount(stratum[row] * n_items + item[lines], minlength=strata * n_items)
        by_stratum = stratum_item.reshape(strata, n_items)
        return cls(
            n=len(size),
            n_item=by_stratum.sum(axis=0),
            stratum_n=np.bincount(held, minlength=strata).astype(np.int64),
            stratum_size_sum=_sum_by_stratum(held, held_size),
            stratum_size_square_sum=_sum_by_stratum(held, held_size * held_size),
            stratum_item=by_stratum,
        )

    def __add__(self, other: Margins) -> Margins:
        return Margins(
            self.n + other.n,
            self.n_item + other.n_item,
            self.stratum_n + other.stratum_n,
            self.stratum_size_sum + other.stratum_size_sum,
            self.stratum_size_square_sum + other.stratum_size_square_sum,
            self.stratum_item + other.stratum_item,
        )


def _sum_by_stratum(stratum: np.ndarray, values: np.ndarray) -> np.ndarray:
    total = np.zeros(len(SIZE_STRATA), dtype=np.int64)
    np.add.at(total, stratum, values)
    return total
