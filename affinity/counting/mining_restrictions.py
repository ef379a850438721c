"""Products that every itemset must hold or must not hold: the baskets are cut to these before they are mined.

With I = ``including``, the itemsets X ⊇ I of all baskets are I ∪ Y for the itemsets Y of the baskets that hold I, without
the items of I; counts, closedness and maximality carry over, since X and Y are in the same baskets.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity.counting.mining_task import Mined, MiningTask, mined_from_levels, nothing_mined
from affinity.errors import SettingsError
from affinity.tables.itemset_rows import ItemsetRows
from affinity.vocabulary import Vocabulary

Labels = Hashable | Iterable[Hashable]


@dataclass(frozen=True, eq=False)
class Restriction:
    """Rising int32 codes of the items that are in every itemset, and of those that are in none."""

    including: np.ndarray
    excluding: np.ndarray

    @classmethod
    def of(cls, products: Vocabulary, including: Labels | None, excluding: Labels | None) -> Restriction:
        """From labels; UnknownLabel for one that is not a product."""
        within, without = encode_labels(products, including), encode_labels(products, excluding)
        both = np.intersect1d(within, without)
        if len(both):
            raise SettingsError(f"{products.labels[both[0]]!r} is in including and in excluding.", do="Name it in one of them.")
        return cls(within, without)

    def info(self, products: Vocabulary) -> dict[str, list[Any]] | None:
        """The labels, for ``ItemsetCounts.info``; None without any."""
        named = {"including": products.decode(self.including).tolist(), "excluding": products.decode(self.excluding).tolist()}
        return {name: labels for name, labels in named.items() if labels} or None

    def cut(self, task: MiningTask) -> tuple[MiningTask, int]:
        """The task of the baskets with all of ``including``, without its items and those of ``excluding``; how many there are.

        Sizes are those of the other items, max_size 0 stands for none of them.
        """
        n_items, n = len(task.item_count), len(task.indptr) - 1
        if len(self.including) == 0 and len(self.excluding) == 0:
            return task, n
        wanted, dropped = np.zeros(n_items, dtype=bool), np.zeros(n_items, dtype=bool)
        wanted[self.including] = True
        dropped[self.including], dropped[self.excluding] = True, True
        basket = np.repeat(np.arange(n), np.diff(task.indptr))
        whole = np.bincount(basket[wanted[task.item]], minlength=n) == len(self.including)
        line = whole[basket] & ~dropped[task.item]
        sizes = np.bincount(basket[line], minlength=n)[whole]
        item = task.item[line]
        indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
        fixed = len(self.including)
        least, most = max(task.min_size - fixed, 1), None if task.max_size is None else max(task.max_size - fixed, 0)
        item_count = np.bincount(item, minlength=n_items)
        cut = replace(task, indptr=indptr, item=item, item_count=item_count, min_size=least, max_size=most)
        return cut, int(whole.sum())

    def put_back(self, mined: Mined, task: MiningTask, cut: MiningTask, n_within: int, target: str) -> Mined:
        """The itemsets with ``including`` in each, and ``including`` itself where it is one of the target."""
        fixed = len(self.including)
        if fixed == 0:
            return mined
        rows = mined.rows
        itself = n_within >= task.min_count and task.min_size <= fixed <= (task.max_size or fixed)
        if target == "closed":
            itself &= not (cut.item_count == n_within).any()
        elif target == "maximal":
            itself &= not (cut.item_count >= task.min_count).any()
        levels = [(self.including[None, :], np.array([n_within]))] if itself else []
        for size in np.unique(rows.sizes).tolist():
            there = rows.take(rows.sizes == size)
            others = there.item.reshape(-1, size)
            whole = np.sort(np.hstack([others, np.tile(self.including, (len(others), 1))]), axis=1)
            levels.append((whole, there.count))
        return mined_from_levels(levels, 1) if levels else nothing_mined()


def encode_labels(products: Vocabulary, labels: Labels | None) -> np.ndarray:
    """Rising distinct int32 codes of one label or several; UnknownLabel with the nearest one."""
    if labels is None:
        return np.empty(0, dtype=np.int32)
    several = labels if isinstance(labels, Iterable) and not isinstance(labels, (str, bytes)) else [labels]
    return np.unique(np.array([products.code(label) for label in several], dtype=np.int32))


def union_of(tables: list[ItemsetRows]) -> ItemsetRows:
    """The itemsets of several tables, each once, by size, then codes; equal itemsets have equal counts."""
    levels = []
    for size in range(1, 1 + max((int(table.sizes.max(initial=0)) for table in tables), default=0)):
        parts = [table.take(table.sizes == size) for table in tables]
        rows = np.concatenate([part.item for part in parts]).reshape(-1, size)
        if len(rows):
            rows, first = np.unique(rows, axis=0, return_index=True)
            levels.append((rows, np.concatenate([part.count for part in parts])[first]))
    return mined_from_levels(levels, 1) if levels else nothing_mined()
