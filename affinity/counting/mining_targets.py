"""Closed and maximal itemsets, picked out of the frequent ones.

Closed: no larger itemset is in as many baskets. Maximal: no larger itemset is frequent. Both follow from the
itemsets of one more item: if any superset has the count (or is frequent), one of these does too.
"""

from __future__ import annotations

import numpy as np

from affinity.tables.itemset_rows import ItemsetRows

#: Itemsets looked up at a time, so that memory does not follow their number.
_ROWS_AT_ONCE = 500_000


def is_closed(mined: ItemsetRows, n_items: int) -> np.ndarray:
    """bool a row: whether no itemset one larger has the same count. ``mined`` holds all sizes from 1 on."""
    return _without_superset(mined, n_items, same_count=True)


def is_maximal(mined: ItemsetRows, n_items: int) -> np.ndarray:
    """bool a row: whether no itemset one larger is there. ``mined`` holds all sizes from 1 on."""
    return _without_superset(mined, n_items, same_count=False)


def _without_superset(mined: ItemsetRows, n_items: int, same_count: bool) -> np.ndarray:
    alone = np.ones(len(mined), dtype=bool)
    if len(mined) == 0:
        return alone
    bounds = np.searchsorted(mined.sizes, np.arange(1, int(mined.sizes[-1]) + 2))
    index = _Index(n_items)
    for size, (first, last) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist()), start=1):
        items = mined.item[mined.indptr[first] : mined.indptr[last]].reshape(-1, size)
        prefixes = index.add(items)
        below = first - int(bounds[size - 2] if size > 1 else 0)  # itemsets of one item less stand before these
        for begin in range(0, last - first if size > 1 else 0, _ROWS_AT_ONCE):
            block = slice(begin, begin + _ROWS_AT_ONCE)
            for left_out in range(size):
                subset = index.find(items[block], prefixes[left_out][block], left_out) + first - below
                same = mined.count[subset] == mined.count[first:last][block]
                alone[subset[same] if same_count else subset] = False
    return alone


class _Index:
    """Where an itemset stands among those of its size: the rising keys (place of its first items, last item)."""

    def __init__(self, n_items: int) -> None:
        self.n_items = n_items
        self.keys: list[np.ndarray] = []

    def add(self, items: np.ndarray) -> list[np.ndarray]:
        """Take in all itemsets of the next size; the places of their first 0, 1, 2, … items."""
        places = [np.zeros(len(items), dtype=np.int64)]
        for size, keys in enumerate(self.keys):
            places.append(np.searchsorted(keys, places[-1] * self.n_items + items[:, size]))
        self.keys.append(places[-1] * self.n_items + items[:, -1])
        return places

    def find(self, items: np.ndarray, place: np.ndarray, left_out: int) -> np.ndarray:
        """Places of the itemsets without the item in column ``left_out``; ``place`` is that of the columns before it."""
        for size in range(left_out, items.shape[1] - 1):
            place = np.searchsorted(self.keys[size], place * self.n_items + items[:, size + 1])
        return place
