"""Mining block by block in threads: where results go, when to stop, and which min_count would fit a limit."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from affinity.counting.mining_task import LimitReached, MiningTask
from affinity.progress import track
from affinity.tables.itemset_rows import ItemsetTrie, TriePart
from affinity.threads import map_blocks

#: Itemsets in the first run of results; later ones are four times as long as those before.
_FIRST_ARENA = 1 << 18


Arrays = tuple[np.ndarray, ...]
T = TypeVar("T")


def show_blocks(blocks: Sequence[Any]) -> Iterable[Any]:
    """The blocks of a search, with a progress bar where progress is on."""
    return track(blocks, "itemsets", len(blocks))


class Database(Protocol):
    """Baskets made ready for one kernel; prefixes are numbers from 0, in falling count of their item."""

    @property
    def count(self) -> np.ndarray:
        """int32: baskets that hold the item of each prefix."""
        ...

    def bounds(self) -> np.ndarray:
        """int64: blocks of prefixes, rising. They depend on the data only, so that the order of results does."""
        ...

    def scratch(self, scale: int) -> Arrays:
        """Work space of one thread, ``scale`` times as large as what mostly suffices."""
        ...

    def mine(self, task: np.ndarray, halt: np.ndarray, scratch: Arrays, out: TriePart, state: np.ndarray) -> None:
        """Run the kernel on task = (first, last prefix, min_count, max_size); see ``mine_prefixes`` for ``state``."""
        ...


class _Results:
    """Where one thread writes itemsets: a run of arrays, a longer one when the last is full."""

    def __init__(self, capacity: int) -> None:
        self.used, self.capacity = 0, capacity
        self.arrays = tuple(np.empty(capacity, dtype=kind) for kind in (np.int32, np.uint8, np.int32))

    def free(self, room: int) -> TriePart:
        """The unused end of the arrays, at most ``room`` long."""
        item, depth, count = (array[self.used : self.used + room] for array in self.arrays)
        return item, depth, count

    def longer(self, times: int = 4) -> _Results:
        """New and empty, ``times`` as long."""
        return _Results(times * self.capacity)


class BlockSearch:
    """What searches share: blocks of prefixes in threads, the scratch of each thread, a flag that stops them all."""

    def __init__(self, task: MiningTask) -> None:
        self.task = task
        self.found = 0
        self.halt = np.zeros(1, dtype=np.int64)
        self._local = threading.local()

    def raise_min_count(self) -> int:
        """The smallest min_count, at least that of the task, with at most ``task.limit`` itemsets.

        What was found so far can only raise it, whatever is still to come.
        """
        return map_blocks(lambda _first, _last: self._raised(), np.array([0, 1]), 1, self.halt)[0]

    def _raised(self) -> int:
        raise NotImplementedError

    def _mine_blocks(self, bounds: np.ndarray, mine_block: Callable[[int, int], list[T]]) -> list[T]:
        """What ``mine_block`` finds in each block of prefixes, in their order."""
        n = int(bounds[-1])
        # the rarest items come last and hold the most work in dense data, so they are started first
        blocks = map_blocks(
            lambda first, last: mine_block(n - last, n - first), n - bounds[::-1], self.task.threads, self.halt, show_blocks
        )
        return [part for block in reversed(blocks) for part in block]

    def _scratch(self, make: Callable[[int], Arrays]) -> Arrays:
        """The work space of this thread; ``make`` makes it for a scale."""
        scale, scratch = self._local.__dict__.get("scratch", (1, None))
        if scratch is None:
            scratch = make(scale)
            self._local.scratch = scale, scratch
        return scratch

    def _double_scratch(self) -> None:
        self._local.scratch = 2 * self._local.scratch[0], None


class Search(BlockSearch):
    """One mining of one database for all frequent itemsets, each thread with its own results."""

    def __init__(self, database: Database, task: MiningTask) -> None:
        super().__init__(task)
        self.database = database

    def run(self) -> ItemsetTrie:
        """All itemsets of the task; LimitReached when they are more than its limit."""
        parts = self._mine_blocks(self.database.bounds(), self._mine_block)
        return ItemsetTrie(parts, len(self.task.item_count), self.task.min_size)

    def _raised(self) -> int:
        limit, min_count, first, last = self.task.limit, self.task.min_count, 0, len(self.database.count)
        seen = np.zeros(int(self.database.count[0]) + 1, dtype=np.int64)
        results = _Results(min(max(4 * limit, 1 << 16), 1 << 24))
        while first < last and not self.halt[0]:
            out = results.free(results.capacity)
            out[1][:] = 0  # what is not written counts for nothing
            following, written, full = self._call(first, last, min_count, out)
            seen += self._by_count(out, 0, written, len(seen))
            begun = self._by_count(out, written, len(out[0]) if full else written, len(seen))
            if full and written == 0 and self.task.max_size is None:
                self._add_unwritten(out, begun)
            raised = smallest_fit(seen + begun, limit, min_count)
            if full and written == 0 and raised == min_count:
                results = results.longer()
            first, min_count = following, raised
            last = int(np.searchsorted(-self.database.count, -min_count, side="right"))
        return min_count

    def _by_count(self, part: TriePart, first: int, last: int, length: int) -> np.ndarray:
        long_enough = part[1][first:last] >= self.task.min_size
        return np.bincount(part[2][first:last][long_enough], minlength=length)

    def _add_unwritten(self, out: TriePart, by_count: np.ndarray) -> None:
        """Where the choices of perfect extensions were too many to write, count as many as there are at least."""
        there = int(np.count_nonzero(out[1]))
        depth, count = int(out[1][there - 1]), int(out[2][there - 1])
        perfect = (len(out[1]) - there + 1).bit_length() - 1  # of so many items, all choices would just have had room
        if there < len(out[1]):
            by_count[count] += sum(math.comb(perfect, k) for k in range(max(self.task.min_size - depth, 1), perfect + 1))

    def _mine_block(self, first: int, last: int) -> list[TriePart]:
        parts: list[TriePart] = []
        while first < last and not self.halt[0]:
            results = self._local.__dict__.get("results") or _Results(_FIRST_ARENA)
            self._local.results = results
            room = results.capacity if self.task.min_size > 1 else self.task.limit - self.found + 1
            out = results.free(room)
            first, written, full = self._call(first, last, self.task.min_count, out)
            parts.append((out[0][:written], out[1][:written], out[2][:written]))
            self.found += written if self.task.min_size == 1 else int(np.count_nonzero(parts[-1][1] >= self.task.min_size))
            results.used += written
            if self.found > self.task.limit or (full and len(out[0]) == room and self.task.min_size == 1):
                self.halt[0] = 1
                raise LimitReached
            if full:
                self._local.results = results.longer()
        return parts

    def _call(self, first: int, last: int, min_count: int, out: TriePart) -> tuple[int, int, bool]:
        """Mine prefixes into ``out``: (next prefix, itemsets written, whether ``out`` was too short for it)."""
        state = np.empty(3, dtype=np.int64)
        scratch = self._scratch(self.database.scratch)
        task = np.array([first, last, min_count, min(self.task.max_size or 255, 255)], dtype=np.int64)
        self.database.mine(task, self.halt, scratch, out, state)
        if state[2] == 2:
            self._double_scratch()
        return int(state[0]), int(state[1]), bool(state[2] == 1)


def smallest_fit(by_count: np.ndarray, limit: int, min_count: int) -> int:
    """The smallest count from ``min_count`` on that at most ``limit`` of the itemsets seen reach."""
    at_least = np.cumsum(by_count[::-1])[::-1]
    return min_count + int(np.searchsorted(-at_least[min_count:], -limit))
