"""Where every subset of an itemset stands in the table: sorted keys, one search a subset.

An itemset of size s is found by (row of its first s − 1 items, its last item); as the table is sorted by size,
then codes, these keys rise within a size.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from affinity.errors import InputError
from affinity.tables import ItemsetCounts

#: Subset rows held at a time, so that memory does not follow the number of itemsets.
BLOCK_CELLS = 4_000_000


class SubsetIndex:
    """The table's rows by size and key.

    first : int64[max_size + 2], row at which each size begins; of_item : int64[n_products], row of a single item
    """

    def __init__(self, itemsets: ItemsetCounts) -> None:
        self.itemsets = itemsets
        self.n_products = max(len(itemsets.products), 1)
        sizes = itemsets.sizes
        self.largest = int(sizes.max(initial=0))
        self.first = np.searchsorted(sizes, np.arange(self.largest + 2)).astype(np.int64)
        self.of_item = np.full(self.n_products, -1, dtype=np.int64)
        singles = slice(int(self.first[min(1, self.largest)]), int(self.first[min(2, self.largest + 1)]))
        self.of_item[itemsets.item[itemsets.indptr[:-1][singles]]] = np.arange(singles.start, singles.stop)
        self.keys: list[np.ndarray] = [np.empty(0, dtype=np.int64)] * (self.largest + 1)
        for size in range(2, self.largest + 1):
            items = self.items(np.arange(self.first[size], self.first[size + 1]), size)
            rows = self.of_item[items[:, 0]]
            for place in range(1, size - 1):
                rows = self.find(place + 1, rows, items[:, place])
            self.keys[size] = rows * self.n_products + items[:, -1]

    @property
    def n_single(self) -> int:
        """Itemsets of one item."""
        return int((self.of_item >= 0).sum())

    def items(self, rows: np.ndarray, size: int) -> np.ndarray:
        """int32[len(rows), size]: the items of itemsets of one size."""
        return self.itemsets.item[self.itemsets.indptr[rows][:, None] + np.arange(size)]

    def find(self, size: int, prefix: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Rows of the itemsets of ``size`` made of the itemset at row ``prefix`` and the item ``last``; −1 unknown."""
        keys = self.keys[size]
        wanted = prefix * self.n_products + last
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        found = (prefix >= 0) & (keys[place] == wanted) if len(keys) else np.zeros(len(wanted), dtype=bool)
        return np.where(found, self.first[size] + place, -1)

    def blocks(self) -> Iterator[Subsets]:
        """The itemsets of two items and more, in blocks of one size."""
        for size in range(2, self.largest + 1):
            step = max(BLOCK_CELLS >> min(size, 20), 1)
            for start in range(int(self.first[size]), int(self.first[size + 1]), step):
                yield Subsets(self, np.arange(start, min(start + step, int(self.first[size + 1]))), size)


class Subsets:
    """Rows of the subsets of a block of itemsets of one size; a subset is a bit mask of positions."""

    def __init__(self, index: SubsetIndex, rows: np.ndarray, size: int) -> None:
        self.index, self.rows, self.size = index, rows, size
        self.items = index.items(rows, size)
        self.full = (1 << size) - 1
        self.p_of: dict[int, np.ndarray] = {}
        self._found: dict[int, np.ndarray] = {self.full: rows}

    def row(self, mask: int) -> np.ndarray:
        """int64[n]: row of the subset ``mask`` of each itemset; InputError where the table lacks one."""
        if mask not in self._found:
            last = mask.bit_length() - 1
            rest = mask ^ (1 << last)
            if rest == 0:
                rows = self.index.of_item[self.items[:, last]]
            else:
                rows = self.index.find(mask.bit_count(), self.row(rest), self.items[:, last])
            if (rows < 0).any():
                self._complain(mask, int(np.flatnonzero(rows < 0)[0]))
            self._found[mask] = rows
        return self._found[mask]

    def count(self, mask: int) -> np.ndarray:
        """int64[n]: baskets that hold the subset ``mask`` of each itemset."""
        return self.index.itemsets.count[self.row(mask)]

    def _complain(self, mask: int, at: int) -> None:
        labels = self.index.itemsets.products.decode(self.items[at]).tolist()
        part = [label for place, label in enumerate(labels) if mask >> place & 1]
        raise InputError(
            f"The itemset {labels!r} is there but its part {part!r} is not.",
            why="A rule needs the counts of both of its sides.",
            do="Mine with target='frequent', and keep every itemset at least as frequent as the ones you keep.",
        )
