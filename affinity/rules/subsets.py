"""Where every part of an itemset stands in the table; a part is a bit mask of the itemset's items, which rise.

See `affinity.kernels.rules_lattice`: of each itemset the rows of its parts of one item less are kept, no more.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from affinity.errors import InputError
from affinity.tables import ItemsetCounts


def first_rows(sizes: np.ndarray) -> np.ndarray:
    """int64[largest + 2]: the row at which each size begins, from ``sizes`` in rising order."""
    return np.searchsorted(sizes, np.arange(int(sizes.max(initial=1)) + 2)).astype(np.int64)


def link_itemsets(
    indptr: np.ndarray, item: np.ndarray, order: np.ndarray, n_items: int
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """(drop, same_as, missing) of `link_parts`: ``missing`` is the place in ``order`` and the item without which
    an itemset has no row, or (−1, −1).
    """
    from affinity.kernels.rules_lattice import link_parts

    slots = 1 << (2 * max(len(order), 2)).bit_length()
    table = np.full((slots, 2), -1, dtype=np.int64)
    drop = np.full(len(item), -1, dtype=np.int32)
    same_as = np.full(len(indptr) - 1, -1, dtype=np.int32)
    missing = link_parts(indptr, item, order, np.int64(max(n_items, 1)), table, drop, same_as)
    return drop, same_as, missing


class Lattice:
    """The itemsets of a table and their parts; InputError where a part has no row.

    indptr, item, count : the table's; first : int64[largest + 2], row at which each size begins
    drop   : int32 beside ``item``, row of the itemset without that item; −1 for a single item
    single : int32[n_products], row of a single item, −1 where it is not frequent
    """

    def __init__(self, itemsets: ItemsetCounts) -> None:
        self.itemsets = itemsets
        self.indptr, self.item, self.count = itemsets.indptr, itemsets.item, itemsets.count
        self.first = first_rows(itemsets.sizes)
        self.largest = len(self.first) - 2
        self.n_products = max(len(itemsets.products), 1)
        order = np.arange(self.first[1], len(itemsets))
        self.drop, _, (place, without) = link_itemsets(self.indptr, self.item, order, self.n_products)
        if place >= 0:
            self._complain(int(order[place]), without)
        self.single = np.full(self.n_products, -1, dtype=np.int32)
        singles = np.arange(self.first[1], self.first[2], dtype=np.int32)
        self.single[self.item[self.indptr[singles]]] = singles

    def items(self, rows: np.ndarray, size: int) -> np.ndarray:
        """int32[len(rows), size]: the items of itemsets of one size."""
        return self.item[self.indptr[rows][:, None] + np.arange(size)]

    def _complain(self, row: int, without: int) -> NoReturn:
        labels = self.itemsets.products.decode(self.item[self.indptr[row] : self.indptr[row + 1]]).tolist()
        part = [label for place, label in enumerate(labels) if place != without]
        raise InputError(
            f"The itemset {labels!r} is there but its part {part!r} is not.",
            why="A rule needs the counts of both of its sides.",
            do="Mine with target='frequent', and keep every itemset at least as frequent as the ones you keep.",
        )


class Subsets:
    """Rows and counts of the parts of the itemsets at rows [first, last), all of one size."""

    def __init__(self, lattice: Lattice, first: int, last: int, size: int) -> None:
        self.lattice, self.rows, self.size = lattice, np.arange(first, last), size
        self.items = lattice.items(self.rows, size)
        self.full = (1 << size) - 1
        self._found: dict[int, np.ndarray] = {self.full: self.rows}

    def row(self, mask: int) -> np.ndarray:
        """int64[n]: row of the part ``mask`` of each itemset."""
        if mask not in self._found:
            absent = (~mask & (mask + 1)).bit_length() - 1  # the lowest: all items below it are in the part
            larger = self.row(mask | (1 << absent))
            self._found[mask] = self.lattice.drop[self.lattice.indptr[larger] + absent].astype(np.int64)
        return self._found[mask]

    def count(self, mask: int) -> np.ndarray:
        """int64[n]: baskets that hold the part ``mask`` of each itemset."""
        return self.lattice.count[self.row(mask)]
