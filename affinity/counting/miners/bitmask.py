"""Few frequent items: a basket is a mask of at most 62 bits, equal baskets are one with a weight.

Kernels: itemsets_rows.mask_rows and itemsets_masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.counting.miners.ranks import mask_names, mask_scratch, ranked_items
from affinity.counting.miners.search import Arrays, Search
from affinity.counting.mining_task import MiningTask, nothing_mined
from affinity.errors import SettingsError
from affinity.tables.itemset_rows import ItemsetRows, ItemsetTrie, TriePart
from affinity.threads import map_blocks, split_by_work

#: The most frequent items that a mask can hold.
MOST_ITEMS = 62
_LINES_A_BLOCK = 100_000
#: Fewer distinct masks than this are mined in one block.
_MASKS_A_BLOCK = 500


def mine(task: MiningTask) -> ItemsetTrie | ItemsetRows:
    """All frequent itemsets of the task."""
    return Search(MaskRows.of(task), task).run() if len(task.frequent_items) else nothing_mined()


@dataclass(frozen=True, eq=False)
class MaskRows:
    """mask int64, weight int32 : distinct baskets; count int32, name int32 : baskets and code of each bit."""

    mask: np.ndarray
    weight: np.ndarray
    count: np.ndarray
    name: np.ndarray

    @classmethod
    def of(cls, task: MiningTask) -> MaskRows:
        """Of the baskets and the frequent items of a task, at least one; SettingsError where they are more than 62."""
        from affinity.kernels.itemsets_masks import merge_equal
        from affinity.kernels.itemsets_rows import mask_rows

        name = ranked_items(task)
        if len(name) > MOST_ITEMS:
            raise SettingsError(
                f"method='bitmask' holds at most {MOST_ITEMS} frequent items; {len(name):,} are in at least "
                f"min_count={task.min_count:,} baskets.",
                do="Use method='auto' or 'lcm', or a larger min_count.",
            )
        bit_of = np.zeros(len(task.item_count), dtype=np.int64)
        bit_of[name] = np.int64(1) << np.arange(len(name))
        n_baskets = len(task.indptr) - 1
        masks, weights = np.empty(n_baskets, dtype=np.int64), np.ones(n_baskets, dtype=np.int32)
        slots = np.empty(1 << max(4, (2 * n_baskets).bit_length()), dtype=np.int32)
        bounds = split_by_work(np.diff(task.indptr), max(min(task.threads, len(task.item) // _LINES_A_BLOCK), 1))
        ends = map_blocks(lambda a, b: mask_rows(task.indptr, task.item, a, b, bit_of, a, masks), bounds, task.threads)
        made = 0
        for begin, end in zip(bounds[:-1].tolist(), ends):
            masks[made : made + end - begin] = masks[begin:end]
            made += end - begin
        made = merge_equal(masks, weights, 0, made, slots)
        return cls(masks[:made], weights[:made], task.item_count[name].astype(np.int32), name)

    def bounds(self) -> np.ndarray:
        """See ``Database``."""
        n = len(self.name)
        if len(self.mask) < _MASKS_A_BLOCK or n < 16:
            return np.array([0, n])
        return np.unique(np.concatenate([[0], np.arange(n // 2, n, 2), [n]]))

    def scratch(self, scale: int) -> Arrays:
        """See ``Database``."""
        names = mask_names()
        names[0, : len(self.name)] = self.name
        return (np.empty(128, dtype=np.int32), names, *mask_scratch(1024 + 2 * scale * len(self.mask)))

    def mine(self, task: np.ndarray, halt: np.ndarray, scratch: Arrays, out: TriePart, state: np.ndarray) -> None:
        """See ``Database``."""
        from affinity.kernels.itemsets_masks import mine_bits

        mine_bits(task, halt, self.mask, self.weight, self.count, *scratch, *out, state)
