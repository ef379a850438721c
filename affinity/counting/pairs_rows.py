"""Rows of pairs, counted in blocks by threads: dense blocks of rows or one accumulator a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity import mapped
from affinity.counting.pairs_index import Index
from affinity.threads import map_blocks, split_by_work

#: Pairs that a block of rows may hold at most, where one row does not hold more by itself.
PAIRS_PER_BLOCK = 1_000_000
#: Blocks of each thread that may wait to be copied into the table.
BLOCKS_AT_ONCE = 4
#: Cells of a dense block of rows, both grains together: 2 MB, about a second-level cache.
DENSE_CELLS = 1 << 19
#: A dense block passes over every set, an accumulator a row jumps once for each item that another follows: jumps that
#: a pass over a set is worth (measured on twelve sets: the two methods cost the same near 1).
_JUMPS_PER_SET = 1.0
#: A dense block also walks the cells that no pair is near, which an accumulator a row never sees: jumps a cell is worth.
_JUMPS_PER_IDLE_CELL = 1 / 8
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
        from affinity.kernels.pairs import SHIFT

        blocks = self.n_items**2 // (2 * self._dense_cells()) + 1
        n_sets = len(self.bought.begins) + len(self.owned.begins)
        jumps = int(self.bought.heads.sum() + self.owned.heads.sum())
        events, cells = int(self.following.sum()), self.n_items * (self.n_items - 1) // 2
        idle = max(cells - (events << int(SHIFT)), 0)
        dense = blocks * n_sets * _JUMPS_PER_SET + idle * _JUMPS_PER_IDLE_CELL <= jumps
        reason = (
            f"{self.n_items:,} items are {blocks:,} cache-sized blocks of rows, each one pass over {n_sets:,} sets, and "
            f"{idle:,} cells near no pair; that is {'no dearer' if dense else 'dearer'} than {jumps:,} jumps to the items' "
            f"places; {events / max(cells, 1):.3g} events a cell"
        )
        return "dense" if dense else "sparse", reason

    def _dense_cells(self) -> int:
        """Cells at one grain."""
        return max(DENSE_CELLS // (2 if len(self.owned.begins) else 1), self.n_items)

    def count(self, method: str, capacity: int | None, kept: np.ndarray) -> tuple[np.ndarray, ...]:
        """a, b (int32), count, customers (int64) of all pairs, by (a, b).

        capacity : there are at most so many pairs; None: the columns stand in files where they are large, counts as int32
        kept     : the code of each kept item, which the columns hold
        """
        counter = _DenseRows(self) if method == "dense" else _SparseRows(self)
        most = self.most_in_rows

        def count_block(first: int, last: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
            room = int(most[first:last].sum())
            row_size = np.zeros(last - first, dtype=np.int64)
            found = tuple(np.empty(room + 1, dtype=np.int32) for _ in range(3))
            size = counter.run(np.array([first, last], dtype=np.int64), row_size, found)
            for column in found:
                column.resize(size, refcheck=False)
            return np.repeat(kept[first:last], row_size), found

        bounds = self._bounds(most)
        with_customers = len(self.owned.begins) > 0
        columns: _Columns | _FileColumns
        if capacity is None:
            columns = _FileColumns(kept, with_customers=with_customers)
        else:
            columns = _Columns(capacity, kept, with_customers=with_customers)
        blocks = BLOCKS_AT_ONCE * self.threads
        for wave in range(0, len(bounds) - 1, blocks):
            for a, found in map_blocks(count_block, bounds[wave : wave + blocks + 1], self.threads):
                columns.add(a, *found)
        return columns.finish()

    def size(self) -> np.ndarray:
        """int64[bins]: how many pairs have each count from ``least`` on (the larger of the grains), the last bin open."""
        counter = _SparseRows(self)

        def size_block(first: int, last: int) -> np.ndarray:
            histogram = np.zeros(_BINS, dtype=np.int64)
            nothing = tuple(np.empty(1, dtype=np.int32) for _ in range(3))
            rows = np.array([first, last], dtype=np.int64)
            counter.run(rows, np.zeros(last - first, dtype=np.int64), nothing, histogram)
            return histogram

        total: np.ndarray = np.sum(map_blocks(size_block, self._bounds(self.most_in_rows), self.threads), axis=0)
        return total

    def _bounds(self, most: np.ndarray) -> np.ndarray:
        """int64: bounds of blocks of rows, nearly equal in the mean of their shares of the work and of ``most``.

        So that none has more than PAIRS_PER_BLOCK pairs and a row; one block where threads do not pay.
        """
        work, pairs = self.following, int(most.sum())
        if work.sum() < _FEW_EVENTS:
            return split_by_work(work, 1)
        parts = max(4 * self.threads, 2 * pairs // PAIRS_PER_BLOCK + 1)
        return split_by_work(work * (pairs / work.sum()) + most + 1e-9, parts)


class _Columns:
    """The table's columns, filled block by block; memory that is never written to is never taken."""

    def __init__(self, capacity: int, kept: np.ndarray, *, with_customers: bool) -> None:
        kinds = (np.int32, np.int32, np.int64, np.int64)[: 4 if with_customers else 3]
        self.columns = [np.empty(capacity, dtype=kind) for kind in kinds]
        self.kept, self.size = kept, 0

    def add(self, a: np.ndarray, b: np.ndarray, count: np.ndarray, customers: np.ndarray) -> None:
        """Append pairs; a as code, b as place in ``kept``."""
        rows = slice(self.size, self.size + len(a))
        for column, part in zip(self.columns, (a, self.kept[b], count, customers)):
            column[rows] = part
        self.size += len(a)

    def finish(self) -> tuple[np.ndarray, ...]:
        """The columns, as long as they were filled."""
        for column in self.columns:
            column.resize(self.size, refcheck=False)
        if len(self.columns) < 4:
            self.columns.append(np.zeros(self.size, dtype=np.int64))
        return tuple(self.columns)


class _FileColumns:
    """The same columns where they may stand in files, all int32."""

    def __init__(self, kept: np.ndarray, *, with_customers: bool) -> None:
        self.columns = [mapped.Growing(np.int32, may_map=True) for _ in range(4 if with_customers else 3)]
        self.kept = kept

    def add(self, a: np.ndarray, b: np.ndarray, count: np.ndarray, customers: np.ndarray) -> None:
        """Append pairs; a as code, b as place in ``kept``."""
        for column, part in zip(self.columns, (a, self.kept[b], count, customers)):
            column.append(part)

    def finish(self) -> tuple[np.ndarray, ...]:
        """The columns, as long as they were filled."""
        found = [column.whole() for column in self.columns]
        if len(found) < 4:
            found.append(np.zeros(len(found[0]), dtype=np.int32))
        return tuple(found)


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
