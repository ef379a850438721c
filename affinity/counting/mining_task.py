"""What a miner is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.tables.itemset_rows import ItemsetRows, ItemsetTrie

#: What a miner returns.
Mined = ItemsetRows | ItemsetTrie


@dataclass(frozen=True, eq=False)
class MiningTask:
    """All itemsets of min_size to max_size items that at least ``min_count`` baskets hold.

    indptr, item : baskets as CSR (int64, int32 strictly rising); item_count : int64[n_items], baskets an item
    limit        : more itemsets than this raise `LimitReached`; threads : the answer does not depend on it
    """

    indptr: np.ndarray
    item: np.ndarray
    item_count: np.ndarray
    min_count: int
    min_size: int
    max_size: int | None
    limit: int
    threads: int

    @property
    def frequent_items(self) -> np.ndarray:
        """int64 codes of the items in at least ``min_count`` baskets, rising."""
        return np.flatnonzero(self.item_count >= self.min_count)

    def changed(self, **values: int | None) -> MiningTask:
        """The same task with other numbers."""
        return replace(self, **values)  # type: ignore[arg-type]


class LimitReached(Exception):
    """There are more itemsets than the limit of the task."""


def nothing_mined() -> ItemsetRows:
    """No itemsets."""
    return ItemsetRows(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))


def mined_from_levels(levels: list[tuple[np.ndarray, np.ndarray]], min_size: int) -> ItemsetRows:
    """Itemsets of each size from 1 on (int32[n, size] rising rows, int64[n] counts), put in order."""
    kept = [(rows, count) for rows, count in levels if rows.shape[1] >= min_size and len(rows)]
    if not kept:
        return nothing_mined()
    orders = [np.lexsort(rows.T[::-1]) for rows, _ in kept]
    sizes = np.concatenate([np.full(len(rows), rows.shape[1], dtype=np.int64) for rows, _ in kept])
    return ItemsetRows(
        np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)]),
        np.concatenate([rows[order].ravel() for (rows, _), order in zip(kept, orders)]).astype(np.int32),
        np.concatenate([count[order] for (_, count), order in zip(kept, orders)]).astype(np.int64),
    )
