"""Closed and maximal itemsets, mined directly: no itemset is made only to be thrown away.

Kernels: itemsets_closed and itemsets_closed_rows. Source: LCM (Uno, Asai, Uchida and Arimura, 2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from affinity.counting.miners.bitmask import MOST_ITEMS, MaskRows
from affinity.counting.miners.lcm import RankedRows
from affinity.counting.miners.search import BlockSearch, smallest_fit
from affinity.counting.mining_task import LimitReached, MiningTask, nothing_mined
from affinity.tables.itemset_rows import ItemsetRows, sort_one_size
from affinity.threads import split_by_work

#: Itemsets, and items in them, that the first run of results of a thread has room for.
_FIRST_SETS, _FIRST_ITEMS = 1 << 16, 1 << 20
_BLOCKS = 32
#: Stands for any number of items.
MAX_ITEMS = 1 << 40

#: item, size, count (int32) of itemsets one behind the other
SetPart = tuple[np.ndarray, np.ndarray, np.ndarray]


def mine_closed(task: MiningTask, maximal: bool = False, masks: bool | None = None) -> ItemsetRows:
    """All closed (or all maximal) itemsets of the task. A set is closed when no larger one is in as many baskets."""
    search = search_closed(task, maximal, masks)
    return nothing_mined() if search is None else search.run()


def search_closed(task: MiningTask, maximal: bool = False, masks: bool | None = None) -> ClosedSearch | None:
    """The search of the task, over masks or rows of ranks (None: masks if they fit); None when no item is frequent."""
    n_frequent = len(task.frequent_items)
    if n_frequent == 0:
        return None
    use_masks = n_frequent <= MOST_ITEMS if masks is None else masks
    database: SetDatabase = MaskSets.of(task) if use_masks else RankSets.of(task)
    return ClosedSearch(database, task, maximal)


class SetDatabase(Protocol):
    """Baskets made ready for one kernel; prefixes are numbers from 0, in falling count of their item."""

    @property
    def count(self) -> np.ndarray:
        """int32: baskets that hold the item of each prefix."""
        ...

    def bounds(self) -> np.ndarray:
        """int64: blocks of prefixes, rising; they depend on the data only."""
        ...

    def scratch(self, scale: int, maximal: bool) -> tuple[np.ndarray, ...]:
        """Work space of one thread."""
        ...

    def mine(
        self, task: np.ndarray, halt: np.ndarray, scratch: tuple[np.ndarray, ...], out: SetPart, state: np.ndarray
    ) -> None:
        """Run the kernel; see ``close_prefixes`` for task and state."""
        ...


@dataclass(frozen=True, eq=False)
class MaskSets:
    """All baskets as masks of at most 62 bits."""

    rows: MaskRows
    count: np.ndarray
    n_shared: int

    @classmethod
    def of(cls, task: MiningTask) -> MaskSets:
        """Of the frequent items of a task."""
        rows = MaskRows.of(task)
        return cls(rows, rows.count, int(np.count_nonzero(rows.count == len(task.indptr) - 1)))

    def bounds(self) -> np.ndarray:
        """See ``SetDatabase``."""
        return self.rows.bounds()

    def scratch(self, scale: int, maximal: bool) -> tuple[np.ndarray, ...]:
        """See ``SetDatabase``."""
        rows = 64 + 4 * scale * len(self.rows.mask)
        return _scratch(len(self.count), rows, rows, scale, max(len(self.rows.mask), 1) if maximal else 0)

    def mine(
        self, task: np.ndarray, halt: np.ndarray, scratch: tuple[np.ndarray, ...], out: SetPart, state: np.ndarray
    ) -> None:
        """See ``SetDatabase``."""
        from affinity.kernels.itemsets_closed import close_rows, make_columns

        names, words, weights, picked, slots, cands, cand_count, *others, columns, planes, inside, chosen = scratch
        first, last, shared = int(task[0]), int(task[1]), self.n_shared
        begin = max(first, shared)
        here = self.rows.mask & ((1 << max(last, begin)) - (1 << begin)) != 0
        n_rows, n_cands = int(here.sum()), max(last, begin) - shared
        words[:n_rows] = self.rows.mask[here] & -(1 << shared)
        weights[:n_rows] = self.rows.weight[here]
        names[: len(self.count)], others[-1][:shared] = self.rows.name, self.rows.name[:shared]
        cands[:n_cands] = np.arange(shared, shared + n_cands)
        cand_count[:n_cands] = self.count[shared : shared + n_cands]
        made = self._write_shared(task, out) if first < shared <= last else np.zeros(2, dtype=np.int64)
        n_column, n_planes = 0, 0
        if task[5]:
            n_column = (n_rows + 63) // 64
            n_planes = make_columns(words, weights, 1, n_rows, len(self.count), columns, planes)
            inside[:n_column] = -1
        stopped = 2 if n_planes < 0 else close_rows(
            task, halt, n_rows, 1, begin - shared, n_cands, shared, len(self.count), n_column, n_planes, names, words, weights,
            picked, slots, cands, cand_count, *others, columns, planes, inside, chosen, *out, made,
        )  # fmt: skip
        state[:] = (first, 0, 0, stopped, made[0] - stopped % 2) if stopped else (last, *made, 0, made[0])

    def _write_shared(self, task: np.ndarray, out: SetPart) -> np.ndarray:
        """The items of all baskets as the first itemset, where it is one of the target; itemsets and items written."""
        n = self.n_shared
        if not task[3] <= n <= task[4] or (task[5] and n < len(self.count)):
            return np.zeros(2, dtype=np.int64)
        out[0][:n], out[1][0], out[2][0] = self.rows.name[:n], n, self.count[0]
        return np.array([1, n], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class RankSets:
    """All baskets as rows of ranks, with every place of each rank."""

    rows: RankedRows
    count: np.ndarray
    place_of: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, task: MiningTask) -> RankSets:
        """Of the frequent items of a task."""
        from affinity.kernels.itemsets_closed_rows import list_places

        rows = RankedRows.of(task)
        start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(rows.count, dtype=np.int64)])
        place_of = np.empty(start[-1], dtype=np.int32)
        list_places(rows.flat, start[:-1].copy(), place_of)
        return cls(rows, rows.count, place_of, start)

    def bounds(self) -> np.ndarray:
        """See ``SetDatabase``."""
        return split_by_work(np.diff(self.start) + 1, _BLOCKS)

    def scratch(self, scale: int, maximal: bool) -> tuple[np.ndarray, ...]:
        """See ``SetDatabase``."""
        n, longest = len(self.count), int(np.diff(self.start).max())
        rows = 64 + 4 * scale * longest
        own = np.empty(n + 1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
        return *own, *_scratch(n, 2 * rows, rows, scale, longest if maximal else 0)

    def mine(
        self, task: np.ndarray, halt: np.ndarray, scratch: tuple[np.ndarray, ...], out: SetPart, state: np.ndarray
    ) -> None:
        """See ``SetDatabase``."""
        from affinity.kernels.itemsets_closed_rows import close_prefixes

        close_prefixes(task, halt, self.rows.flat, self.place_of, self.start, self.rows.name, *scratch, *out, state)


def _scratch(n_items: int, words: int, rows: int, scale: int, longest: int) -> tuple[np.ndarray, ...]:
    """``names`` to ``chosen`` of ``close_rows``; ``longest`` rows are turned into columns."""
    kinds = (
        (n_items + 1, np.int32), (words, np.int64), (rows, np.int32), (rows, np.int32),
        (1 << (2 * rows).bit_length(), np.int32), (scale * (4 * n_items + 2048), np.int32),
        (scale * (4 * n_items + 2048), np.int32),
    )  # fmt: skip
    total, width, column = np.zeros(n_items + 1, dtype=np.int32), n_items // 64 + 2, longest // 64 + 1
    deep = (scale * (1024 + 64 * max(column, width)) if longest else 0,) * 2
    return (
        *(np.empty(size, dtype=kind) for size, kind in kinds), np.empty((128 * scale, 6), dtype=np.int64), total,
        np.empty(width, dtype=np.int64), np.empty(width, dtype=np.int64), np.empty(n_items + 1, dtype=np.int32),
        *(np.empty(size, dtype=np.int64) for size in (scale * (64 * column + 4096), 31 * column, *deep)),
    )  # fmt: skip


class ClosedSearch(BlockSearch):
    """One mining of one database for all closed, or all maximal, itemsets."""

    def __init__(self, database: SetDatabase, task: MiningTask, maximal: bool) -> None:
        super().__init__(task)
        self.database, self.maximal = database, maximal

    def run(self) -> ItemsetRows:
        """All itemsets of the task; LimitReached when they are more than its limit."""
        return sorted_sets(self._mine_blocks(self.database.bounds(), self._mine_block), len(self.task.item_count))

    def _raised(self) -> int:
        limit, min_count, first, last = self.task.limit, self.task.min_count, 0, len(self.database.count)
        seen = np.zeros(int(self.database.count[0]) + 1, dtype=np.int64)
        room = 4 * limit + 1024
        while first < last and not self.halt[0]:
            out = _results(room, 16 * room)
            state = self._call(first, min(first + 1 + first // 8, last), min_count, out)
            whole, there = int(state[1]), int(state[4])
            seen += np.bincount(out[2][:whole], minlength=len(seen))
            raised = smallest_fit(seen + np.bincount(out[2][whole:there], minlength=len(seen)), limit, min_count)
            if state[3] == 1 and whole == 0 and raised == min_count:
                room *= 4
            first, min_count = int(state[0]), raised
            last = int(np.searchsorted(-self.database.count, -min_count, side="right"))
        return min_count

    def _mine_block(self, first: int, last: int) -> list[SetPart]:
        parts: list[SetPart] = []
        sets, items = _FIRST_SETS, _FIRST_ITEMS
        while first < last and not self.halt[0]:
            out = _results(min(sets, self.task.limit - self.found + 1), items)
            state = self._call(first, last, self.task.min_count, out)
            first, made, full = int(state[0]), int(state[1]), state[3] == 1
            parts.append((out[0][: state[2]].copy(), out[1][:made].copy(), out[2][:made].copy()))
            self.found += made
            if self.found > self.task.limit or int(state[4]) + self.found - made > self.task.limit:
                self.halt[0] = 1
                raise LimitReached
            sets, items = (4 * sets, 4 * items) if full else (sets, items)
        return parts

    def _call(self, first: int, last: int, min_count: int, out: SetPart) -> np.ndarray:
        """Mine prefixes into ``out``; the state that the kernel leaves."""
        state = np.zeros(5, dtype=np.int64)
        scratch = self._scratch(lambda scale: self.database.scratch(scale, self.maximal))
        sizes = self.task.min_size, min(self.task.max_size or MAX_ITEMS, MAX_ITEMS)
        task = np.array([first, last, min_count, *sizes, self.maximal], dtype=np.int64)
        self.database.mine(task, self.halt, scratch, out, state)
        if state[3] == 2:
            self._double_scratch()
        return state


def _results(sets: int, items: int) -> SetPart:
    return np.empty(items, dtype=np.int32), np.empty(sets, dtype=np.int32), np.empty(sets, dtype=np.int32)


def sorted_sets(parts: list[SetPart], n_items: int) -> ItemsetRows:
    """Itemsets in any order, with their items in any order, by size, then by codes."""
    from affinity.kernels.itemsets_closed_rows import deal_by_size

    item, size, count = (np.concatenate([np.empty(0, np.int32), *(part[k] for part in parts)]) for k in range(3))
    by_size = np.bincount(size)
    sizes = np.arange(len(by_size))
    row_ends, place_ends = np.cumsum(by_size), np.cumsum(by_size * sizes)
    there = np.zeros(n_items, dtype=bool)
    there[item] = True
    codes = np.flatnonzero(there).astype(np.int32)
    place_of = (np.cumsum(there) - 1).astype(np.int32)
    values, counts, all_counts = np.empty_like(item), np.empty_like(count), np.empty(len(count), dtype=np.int64)
    deal_by_size(item, size, count, place_of, place_ends - by_size * sizes, row_ends - by_size, values, counts)
    for n in np.flatnonzero(by_size).tolist():
        rows = slice(row_ends[n] - by_size[n], row_ends[n])
        places = slice(place_ends[n] - by_size[n] * n, place_ends[n])
        sort_one_size(values[places], counts[rows], n, codes, item[places], all_counts[rows])
    return ItemsetRows(np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.repeat(sizes, by_size))]), item, all_counts)
