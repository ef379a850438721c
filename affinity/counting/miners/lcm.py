"""The fast miner: occurrence deliver over merged baskets, bit masks below, tables of subsets at the ends.

Source: occurrence deliver after LCM (Uno, Kiyomi and Arimura, 2004). The kernels are
affinity.kernels.itemsets_recode, itemsets_mine, itemsets_masks and itemsets_order.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from affinity.counting.mining_task import LimitReached, Mined, MiningTask, nothing_mined
from affinity.threads import map_blocks, split_by_work

#: Itemsets in the first block of results; later ones are four times as long as those before.
_FIRST_ARENA = 1 << 20
#: Reading less than this many lines is not worth a second thread.
_LINES_WORTH_A_THREAD = 200_000
_MASK_BITS, _TABLE = 64, 1 << 14

Trie = tuple[np.ndarray, np.ndarray, np.ndarray]


def mine(task: MiningTask) -> Mined:
    """All frequent itemsets of the task."""
    rows = _make_rows(task)
    if rows is None:
        return nothing_mined()
    tries = _Search(rows, task).run()
    return _put_in_order(tries, rows, task)


def fitting_min_count(task: MiningTask) -> int:
    """The smallest min_count, at least that of the task, with at most ``task.limit`` itemsets."""
    rows = _make_rows(task)
    return task.min_count if rows is None else _Search(rows, task).raise_min_count()


@dataclass(frozen=True, eq=False)
class _RankedRows:
    """Distinct baskets of frequent items as ranks (0 the most frequent), and the rows that hold each.

    start int64, item int32 : CSR; weight int32 : baskets a row stands for; count int32 : baskets by rank
    list_start int64, row_of int32 : rows by rank; codes int64 : frequent codes, rising; name int32 : place there by rank
    """

    start: np.ndarray
    item: np.ndarray
    weight: np.ndarray
    count: np.ndarray
    list_start: np.ndarray
    row_of: np.ndarray
    codes: np.ndarray
    name: np.ndarray


def _make_rows(task: MiningTask) -> _RankedRows | None:
    from affinity.kernels.itemsets_recode import list_rows, recode_baskets

    codes = task.frequent_items
    if len(codes) == 0:
        return None
    name = np.argsort(-task.item_count[codes], kind="stable").astype(np.int32)
    rank_of = np.full(len(task.item_count), -1, dtype=np.int32)
    rank_of[codes[name]] = np.arange(len(codes), dtype=np.int32)
    n_baskets = len(task.indptr) - 1
    n_lines = int(task.item_count[codes].sum())
    start, item = np.empty(n_baskets + 1, dtype=np.int64), np.empty(n_lines, dtype=np.int32)
    weight = np.empty(n_baskets, dtype=np.int32)
    slots = np.full(1 << (2 * n_baskets).bit_length(), -1, dtype=np.int32)
    n_rows = recode_baskets(task.indptr, task.item, rank_of, slots, start, item, weight)
    item = item[: start[n_rows]]
    list_start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(item, minlength=len(codes)))])
    row_of = np.empty(len(item), dtype=np.int32)
    list_rows(start, item, n_rows, list_start[:-1].copy(), row_of)
    count = task.item_count[codes[name]].astype(np.int32)
    return _RankedRows(start[: n_rows + 1], item, weight[:n_rows], count, list_start, row_of, codes, name)


class _Scratch:
    """The work space of one thread: made once, larger when a kernel says that it is too small."""

    def __init__(self, rows: _RankedRows, scale: int) -> None:
        ranks, lines, n_rows = len(rows.name), len(rows.item), len(rows.weight)
        self.scale = scale
        entries = 2 * ranks + 1024 * scale
        per_rank = (np.arange(ranks, dtype=np.int32), rows.count, rows.list_start[:-1], rows.list_start[1:])
        self.lists = (*(_lengthened(column, entries) for column in per_rank), _lengthened(rows.row_of, lines * (1 + scale)))
        longest = int(np.diff(rows.list_start).max())
        masks = 1024 + 2 * scale * longest
        self.by_rank = (
            np.empty((ranks + 1, 2), dtype=np.int64), np.zeros(ranks, dtype=np.int32),
            np.full(ranks, -1, dtype=np.int32), np.zeros(ranks, dtype=np.int32),
        )  # fmt: skip
        self.masks = (
            np.empty((_MASK_BITS, _MASK_BITS), dtype=np.int32), np.empty((_MASK_BITS,) * 3, dtype=np.int32),
            np.empty((_MASK_BITS, _MASK_BITS), dtype=np.int32),
            np.empty(masks, dtype=np.int64), np.empty(masks, dtype=np.int32), np.empty(masks, dtype=np.int32),
            np.empty(1 << max(4, (2 * n_rows).bit_length()), dtype=np.int32), np.empty(_MASK_BITS, dtype=np.int64),
            np.empty(_TABLE, dtype=np.int32), np.empty((_MASK_BITS, 4), dtype=np.int64),
        )  # fmt: skip


def _lengthened(column: np.ndarray, length: int) -> np.ndarray:
    """A copy with room behind it."""
    longer = np.empty(length, dtype=column.dtype)
    longer[: len(column)] = column
    return longer


class _Results:
    """Where one thread writes itemsets: a run of arrays, a longer one when the last is full."""

    def __init__(self, capacity: int) -> None:
        self.used, self.capacity = 0, capacity
        self.arrays = tuple(np.empty(capacity, dtype=kind) for kind in (np.int32, np.uint8, np.int32))

    def free(self, room: int) -> Trie:
        """The unused end of the arrays, at most ``room`` long."""
        item, depth, count = (array[self.used : self.used + room] for array in self.arrays)
        return item, depth, count

    def longer(self, times: int = 4) -> _Results:
        """New and empty, ``times`` as long."""
        return _Results(times * self.capacity)


class _Search:
    """One mining of one database: blocks of prefixes, each thread with its own scratch and results."""

    def __init__(self, rows: _RankedRows, task: MiningTask) -> None:
        self.rows, self.task = rows, task
        self.found = 0
        self._local = threading.local()

    def run(self) -> list[Trie]:
        """The tries of all prefixes."""
        before = np.arange(len(self.rows.item)) - np.repeat(self.rows.start[:-1], np.diff(self.rows.start))
        read = np.bincount(self.rows.item, weights=before, minlength=len(self.rows.name))  # lines read for each prefix
        parts = 1 if read.sum() < _LINES_WORTH_A_THREAD else 8 * self.task.threads
        # the rarest items come last and hold the most work in dense data, so they are started first
        bounds, n = split_by_work(read[::-1] + 1, parts), len(read)
        blocks = map_blocks(lambda first, last: self._mine_block(n - last, n - first), bounds, self.task.threads)
        return [trie for block in blocks for trie in block]

    def raise_min_count(self) -> int:
        """See `fitting_min_count`: what was found so far can only raise it, whatever is still to come."""
        limit, min_count, first = self.task.limit, self.task.min_count, 0
        seen = np.zeros(int(self.rows.count[0]) + 1, dtype=np.int64)
        results = _Results(min(max(4 * limit, 1 << 16), 1 << 24))
        while first < len(self.rows.name):
            out = results.free(results.capacity)
            following, written, full = self._call(first, len(self.rows.name), min_count, out)
            seen += self._by_count(out, 0, written, len(seen))
            begun = self._by_count(out, written, len(out[0]) if full else written, len(seen))
            raised = _smallest_fit(seen + begun, limit, min_count)
            if full and written == 0 and raised == min_count:
                results = results.longer()
            first, min_count = following, raised
        return min_count

    def _by_count(self, trie: Trie, first: int, last: int, length: int) -> np.ndarray:
        long_enough = trie[1][first:last] >= self.task.min_size
        return np.bincount(trie[2][first:last][long_enough], minlength=length)

    def _mine_block(self, first: int, last: int) -> list[Trie]:
        tries: list[Trie] = []
        while first < last:
            results = self._local.__dict__.setdefault("results", _Results(_FIRST_ARENA))
            room = results.capacity if self.task.min_size > 1 else self.task.limit - self.found + 1
            out = results.free(room)
            first, written, full = self._call(first, last, self.task.min_count, out)
            tries.append((out[0][:written], out[1][:written], out[2][:written]))
            self.found += int(np.count_nonzero(tries[-1][1] >= self.task.min_size))
            results.used += written
            if self.found > self.task.limit or (full and len(out[0]) == room and self.task.min_size == 1):
                raise LimitReached
            if full:
                self._local.results = results.longer()
        return tries

    def _call(self, first: int, last: int, min_count: int, out: Trie) -> tuple[int, int, bool]:
        """Mine prefixes into ``out``: (next prefix, itemsets written, whether ``out`` was too short for it)."""
        from affinity.kernels.itemsets_mine import mine_prefixes

        rows, state = self.rows, np.empty(3, dtype=np.int64)
        scratch = self._local.__dict__.setdefault("scratch", _Scratch(rows, 1))
        task = np.array([first, last, min_count, min(self.task.max_size or 255, 255)], dtype=np.int64)
        mine_prefixes(
            task, rows.start, rows.item, rows.weight, rows.name, *scratch.lists, *scratch.by_rank, *scratch.masks,
            *out, state,
        )  # fmt: skip
        if state[2] == 2:
            self._local.scratch = _Scratch(rows, 2 * scratch.scale)
        return int(state[0]), int(state[1]), bool(state[2] == 1)


def _smallest_fit(by_count: np.ndarray, limit: int, min_count: int) -> int:
    """The smallest count from ``min_count`` on that at most ``limit`` of the itemsets seen reach."""
    at_least = np.cumsum(by_count[::-1])[::-1]
    return min_count + int(np.searchsorted(-at_least[min_count:], -limit))


def _put_in_order(tries: list[Trie], rows: _RankedRows, task: MiningTask) -> Mined:
    from affinity.kernels.itemsets_order import expand_trie, sort_rows

    by_size = sum((np.bincount(depth, minlength=256) for _, depth, _ in tries), start=np.zeros(256, dtype=np.int64))
    by_size[: task.min_size] = 0
    deepest = int(max((depth.max(initial=0) for _, depth, _ in tries), default=0))
    sizes = np.arange(256)
    row_bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(by_size)])
    place_bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(by_size * sizes)])
    item, count = np.empty(place_bounds[-1], dtype=np.int32), np.empty(row_bounds[-1], dtype=np.int32)
    next_place, next_row = place_bounds[:-1].copy(), row_bounds[:-1].copy()
    path = np.zeros((deepest + 1, deepest + 1), dtype=np.int32)
    while tries:
        expand_trie(*tries.pop(), task.min_size, path, next_place, next_row, item, count)
    n_items, codes = len(rows.codes), rows.codes.astype(np.int32)
    all_counts = np.empty(len(count), dtype=np.int64)
    for size in np.flatnonzero(by_size).tolist():
        first, last = row_bounds[size], row_bounds[size + 1]
        values = item[place_bounds[size] : place_bounds[size + 1]]
        digit = max((k for k in range(1, size + 1) if n_items**k <= min(1 << 16, 4 * (last - first))), default=1)
        order = np.empty((2, last - first), dtype=np.int32)
        sorted_values = np.empty_like(values)
        bucket = np.empty(n_items**digit + 1, dtype=np.int64)
        sort_rows(values, count[first:last], size, codes, digit, bucket, order, sorted_values, all_counts[first:last])
        values[:] = sorted_values
    indptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.repeat(sizes, by_size))])
    return Mined(indptr, item, all_counts)
