"""Rows of pairs, counted in blocks by threads: dense blocks of rows or one accumulator a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity.counting.pairs_index import Index
from affinity.threads import map_blocks, split_by_work

#: Pairs that a block of rows may hold at most, where one row does not hold more by itself.
PAIRS_PER_BLOCK = 1_000_000
#: Cells of a dense block of rows, both grains together: 2 MB, about a second-level cache.
DENSE_CELLS = 1 << 19
#: A dense block passes over all sets, an accumulator jumps once for each item of them that is not the last.
_PASSES_FOR_JUMPS = 6
#: Below this many pair events no threads are started.
_FEW_EVENTS = 200_000
#: Bins of the histogram of counts, the last one open.
_BINS = 1024


@dataclass(frozen=True, eq=False)
class PairTask:
    """Both grains over one set of kept items, and the count that a pair must reach at either of them."""

    bought: Index
    owned: Index
    least: int
    threads: int

    @property
    def n_items(self) -> int:
        """Kept items."""
        return len(self.bought.heads)

    @property
    def following(self) -> np.ndarray:
        """int64[n_items]: pair events of each row, at both grains: the work of the row."""
        return self.bought.following + self.owned.following

    @property
    def most_in_rows(self) -> np.ndarray:
        """int64[n_items]: no row holds more pairs. A pair takes up ``least`` events of its row at one of the grains."""
        after = np.arange(self.n_items - 1, -1, -1)
        return np.minimum(self.bought.following // self.least + self.owned.following // self.least, after)

    def choose_method(self) -> tuple[str, str]:
        """("dense" or "sparse", why)."""
        blocks = self.n_items**2 // (2 * self._dense_cells()) + 1
        n_sets = len(self.bought.begins) + len(self.owned.begins)
        jumps = int(self.bought.heads.sum() + self.owned.heads.sum())
        dense = blocks * n_sets <= _PASSES_FOR_JUMPS * jumps
        events = int(self.following.sum()) / max(self.n_items * (self.n_items - 1) // 2, 1)
        why = f"{blocks:,} dense blocks of rows for {self.n_items:,} items, each a pass over {n_sets:,} sets"
        than = "are no more work than" if dense else "are more work than"
        return (
            "dense" if dense else "sparse",
            f"{why}, {than} {jumps:,} jumps to an item's places; {events:.3g} events a cell",
        )

    def _dense_cells(self) -> int:
        """Cells at one grain."""
        return max(DENSE_CELLS // (2 if len(self.owned.begins) else 1), self.n_items)

    def count(self, method: str) -> list[tuple[np.ndarray, ...]]:
        """Blocks of (a int32, b, count, customers) of all pairs, by (a, b)."""
        counter = _DenseRows(self) if method == "dense" else _SparseRows(self)
        most = self.most_in_rows

        def count_block(first: int, last: int) -> tuple[np.ndarray, ...]:
            capacity = int(most[first:last].sum())
            row_size = np.zeros(last - first, dtype=np.int64)
            found = tuple(np.empty(capacity + 1, dtype=np.int32) for _ in range(3))
            size = counter.run(np.array([first, last], dtype=np.int64), row_size, found)
            a = np.repeat(np.arange(first, last, dtype=np.int32), row_size)
            return (a, *(column[:size].copy() for column in found))

        parts = max(4 * self.threads, int(most.sum()) // PAIRS_PER_BLOCK)
        return self._map(count_block, parts)

    def size(self) -> np.ndarray:
        """int64[bins]: how many pairs have each count from ``least`` on (the larger of the grains), the last bin open."""
        counter = _SparseRows(self)

        def size_block(first: int, last: int) -> np.ndarray:
            histogram = np.zeros(_BINS, dtype=np.int64)
            nothing = tuple(np.empty(1, dtype=np.int32) for _ in range(3))
            rows = np.array([first, last], dtype=np.int64)
            counter.run(rows, np.zeros(last - first, dtype=np.int64), nothing, histogram)
            return histogram

        total: np.ndarray = np.sum(self._map(size_block, 8 * self.threads), axis=0)
        return total

    def _map(self, function: Any, parts: int) -> list[Any]:
        work = self.following
        if work.sum() < _FEW_EVENTS:
            parts = 1
        return map_blocks(function, split_by_work(work + 1, parts), self.threads)


class _SparseRows:
    """One accumulator a row over the places of its item."""

    def __init__(self, task: PairTask) -> None:
        self.least, self.following = task.least, task.following
        self.places = task.bought.positions() + task.owned.positions()

    def run(
        self, rows: np.ndarray, row_size: np.ndarray, found: tuple[np.ndarray, ...], histogram: np.ndarray | None = None
    ) -> int:
        """Count the rows; with a ``histogram`` only their sizes."""
        from affinity.kernels.pairs import SHIFT, count_sparse_rows

        touched = np.zeros((len(self.following) >> SHIFT) + 1, dtype=np.uint8)
        totals = [np.zeros(len(touched) << SHIFT, dtype=np.int32) for _ in range(2)]
        bins = np.empty(0, dtype=np.int64) if histogram is None else histogram
        return int(count_sparse_rows(rows, self.least, *self.places, self.following, *totals, touched, row_size, *found, bins))


class _DenseRows:
    """Blocks of whole rows, each in one pass over the sets."""

    def __init__(self, task: PairTask) -> None:
        self.least, self.n_items, self.cells = task.least, task.n_items, task._dense_cells()
        self.indices = task.bought, task.owned

    def run(self, rows: np.ndarray, row_size: np.ndarray, found: tuple[np.ndarray, ...]) -> int:
        """Count the rows."""
        from affinity.kernels.pairs import count_dense_rows

        cells = min(self.cells, self.n_items * int(rows[1] - rows[0]))
        tables = [np.zeros(cells, dtype=np.int32) for _ in range(2)]
        grains = [(index.flat, index.begins.copy()) for index in self.indices]
        return int(count_dense_rows(rows, self.least, self.n_items, *grains[0], *grains[1], *tables, row_size, *found))


def stitch(blocks: list[Any], kept: np.ndarray) -> tuple[np.ndarray, ...]:
    """a, b (int32), count, customers (int64) of all blocks in their order, items as the codes that were kept.

    A block is dropped once copied, so that memory is not held twice.
    """
    size = sum(len(block[0]) for block in blocks)
    columns = tuple(np.empty(size, dtype=kind) for kind in (np.int32, np.int32, np.int64, np.int64))
    codes = kept.astype(np.int32)
    place = 0
    for k in range(len(blocks)):
        a, b, count, customers = blocks[k]
        blocks[k] = None
        for column, part in zip(columns, (codes[a], codes[b], count, customers)):
            column[place : place + len(part)] = part
        place += len(a)
    return columns
