"""Occurrence deliver: rows of ranks, a list of places for each rank, one scan of the rows of a prefix.

Source: LCM (Uno, Kiyomi and Arimura, 2004). Kernels: itemsets_rows, itemsets_mine, and itemsets_masks below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.counting.miners.ranks import mask_names, mask_scratch, ranked_items
from affinity.counting.miners.search import Arrays, Search
from affinity.counting.mining_task import MiningTask, nothing_mined
from affinity.tables.itemset_rows import ItemsetRows, ItemsetTrie, TriePart
from affinity.threads import map_blocks, split_by_work

#: Making rows of less than this many lines is not worth a second thread.
_LINES_A_BLOCK = 400_000
#: Prefixes are mined in blocks of about so many places, at most so many blocks.
_PLACES_A_BLOCK, _MOST_BLOCKS = 25_000, 32
#: Pairs of columns counted row by row; of more columns, two are intersected for each.
_PAIRS = 1 << 20


def mine(task: MiningTask) -> ItemsetTrie | ItemsetRows:
    """All frequent itemsets of the task."""
    return Search(RankedRows.of(task), task).run() if task.item_count.max(initial=0) >= task.min_count else nothing_mined()


@dataclass(frozen=True, eq=False)
class RankedRows:
    """Baskets as rows of ranks, and where each rank stands behind another one.

    flat int32 : rows, −1 before each; place_of int32, start int64[ranks + 1] : places by rank
    count int32 : baskets by rank; name int32 : codes by rank
    """

    flat: np.ndarray
    place_of: np.ndarray
    start: np.ndarray
    count: np.ndarray
    name: np.ndarray

    @classmethod
    def of(cls, task: MiningTask) -> RankedRows:
        """Of the baskets and the frequent items of a task; at least one is frequent."""
        from affinity.kernels.itemsets_rows import count_items, deal_baskets, rank_rows

        name = ranked_items(task)
        n_ranks, n_baskets = len(name), len(task.indptr) - 1
        rank_of = np.full(len(task.item_count), -1, dtype=np.int32)
        rank_of[name] = np.arange(n_ranks, dtype=np.int32)
        blocks = min(task.threads, max(len(task.item) // _LINES_A_BLOCK, 1))
        goals = -(-int(task.indptr[-1]) * np.arange(1, blocks) // blocks)
        bounds = np.unique(np.concatenate([[0], np.searchsorted(task.indptr, goals), [n_baskets]])).astype(np.int64)
        pieces = list(zip(bounds[:-1].tolist(), bounds[1:].tolist()))
        each = np.arange(len(pieces) + 1)
        held = np.zeros((len(pieces), len(task.item_count)), dtype=np.int64)  # baskets of each block that hold each item
        if len(pieces) == 1:
            held[0] = task.item_count
        else:
            map_blocks(lambda k, _: count_items(task.indptr, task.item, *pieces[k], held[k]), each, blocks)
        n_held = held[:, name]
        begin, n_lines = _stacked(n_held)
        dealt = np.stack([begin, begin], axis=1)
        basket_of, size = np.empty(n_lines, dtype=np.int32), np.empty(n_baskets, dtype=np.int32)
        firsts = np.zeros_like(n_held)
        map_blocks(
            lambda k, _: deal_baskets(task.indptr, task.item, *pieces[k], rank_of, dealt[k, 1], basket_of, size, firsts[k]),
            each, blocks,
        )  # fmt: skip
        place, n_places = _stacked(n_held - firsts)
        start = np.append(place[0], n_places)
        flat, place_of = np.empty(n_lines + n_baskets, dtype=np.int32), np.empty(n_places, dtype=np.int32)
        offset = np.cumsum(n_held.sum(axis=1)) - n_held.sum(axis=1) + bounds[:-1]
        map_blocks(
            lambda k, _: rank_rows(*pieces[k], size, offset[k], dealt[k], basket_of, place[k], flat, place_of),
            each, blocks,
        )  # fmt: skip
        return cls(flat, place_of, start, task.item_count[name].astype(np.int32), name)

    def bounds(self) -> np.ndarray:
        """See ``Database``."""
        listed = np.diff(self.start)
        return split_by_work(listed + 1, int(min(_MOST_BLOCKS, 1 + len(self.place_of) // _PLACES_A_BLOCK)))

    def scratch(self, scale: int) -> Arrays:
        """See ``Database``."""
        ranks, longest = len(self.name), int(np.diff(self.start).max(initial=0))
        entries, words = 3 * ranks + 1024 * scale, longest // 64 + 1
        cells = scale * (128 * words + 64 * min(ranks, 1024))
        return (
            np.zeros(ranks, dtype=np.int32), *(np.empty(entries, dtype=np.int32) for _ in range(3)),
            np.empty(ranks + 64, dtype=np.int32), np.zeros(ranks, dtype=np.int64), np.zeros(ranks, dtype=np.int32),
            np.empty(cells, dtype=np.int64), *np.empty((2, words + 2 * ranks + 1), dtype=np.int64),
            np.empty(min(_PAIRS, ranks * ranks), dtype=np.int32), np.empty((128 * scale, 6), dtype=np.int64),
            mask_names(), *mask_scratch(1024 + 2 * scale * longest),
        )  # fmt: skip

    def mine(self, task: np.ndarray, halt: np.ndarray, scratch: Arrays, out: TriePart, state: np.ndarray) -> None:
        """See ``Database``."""
        from affinity.kernels.itemsets_mine import mine_prefixes

        mine_prefixes(task, halt, self.flat, self.place_of, self.start, self.count, self.name, *scratch, *out, state)


def _stacked(number: np.ndarray) -> tuple[np.ndarray, int]:
    """Where lists begin that stand by rank, then by block; ``number`` int64[blocks, ranks] of entries. And the total."""
    ends = np.cumsum(number.T.ravel())
    return np.ascontiguousarray((ends - number.T.ravel()).reshape(number.T.shape).T), int(ends[-1])
