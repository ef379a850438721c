"""The memory that pair counts take, known before it is taken; what would fit where it is too much."""

from __future__ import annotations

import numpy as np

from affinity.counting.pairs_index import Tally
from affinity.counting.pairs_rows import BLOCKS_AT_ONCE, DENSE_CELLS, PAIRS_PER_BLOCK, PairTask
from affinity.errors import TooLarge

#: Bytes of a pair in the table.
BYTES_PER_PAIR = 24
#: Bytes of a pair in a block of rows that waits for the table.
_BYTES_WAITING = 16


def require_index_fits(tallies: list[Tally], kept: np.ndarray, threads: int, budget: int) -> int:
    """Bytes beyond the input before the first pair; TooLarge when they are more than ``budget``."""
    lines = sum(int(tally.margins.n_item[kept].sum()) for tally in tallies)
    n_sets = sum(tally.margins.n + tally.left_out for tally in tallies)
    margins = sum(tally.margins.stratum_item.nbytes for tally in tallies)
    tables = 8 * min(max(DENSE_CELLS, len(kept)), len(kept) ** 2)
    accumulators = threads * (24 * len(kept) + tables)
    needed = margins + 8 * lines + (8 + 4 * threads) * n_sets + accumulators
    if needed > budget:
        raise TooLarge(
            f"An index of {lines:,} lines in {n_sets:,} sets takes {needed:,} bytes, more than max_memory_bytes={budget:,}.",
            why="Pairs are counted from an index of the lines, which is held in memory beside the input.",
            do=f"Raise max_memory_bytes to more than {needed:,}, or count parts that share no customer and add the counts.",
        )
    return needed


def require_pairs_fit(task: PairTask, n_item: np.ndarray, largest: int, budget: int, held: int) -> int:
    """How many pairs there are at most; TooLarge, naming a min_count that fits, when they take over ``budget − held`` bytes.

    Where a bound does not settle it, the pairs are counted once without keeping any.
    n_item : int64[n_items], sets that hold each kept item, the larger of the two grains
    largest : items of the largest set; held : bytes that are taken already
    """
    room = _room(task, budget - held)
    bound = int(task.most_in_rows.sum())
    if bound <= room:
        return bound
    in_largest = largest * (largest - 1) // 2 if task.least == 1 else 0
    if in_largest > room:
        whence = f" and more (those of one set of {largest:,} products)"
        raise _too_large(task, in_largest, whence, _fits_by_bound(task, n_item, room, 2), budget, "")
    sizes = task.size()
    reach = np.cumsum(sizes[::-1])[::-1]  # reach[k]: pairs whose count is at least task.least + k, for k below the open bin
    pairs = int(reach[0])
    if pairs <= room:
        return pairs
    enough = np.flatnonzero(reach[:-1] <= room)
    beyond = task.least + len(reach)
    fits = task.least + int(enough[0]) if len(enough) else _fits_by_bound(task, n_item, room, beyond)
    raise _too_large(task, pairs, "", fits, budget, f" to {_bytes_of(task, pairs) + held:,}")


def _bytes_of(task: PairTask, pairs: int) -> int:
    """Memory for so many pairs, those that wait included."""
    waiting = BLOCKS_AT_ONCE * task.threads * (PAIRS_PER_BLOCK + task.n_items)
    return BYTES_PER_PAIR * pairs + _BYTES_WAITING * min(pairs, waiting)


def _room(task: PairTask, free: int) -> int:
    """The most pairs that take no more than ``free`` bytes."""
    most_waiting = _bytes_of(task, free) - BYTES_PER_PAIR * free
    return max(free // (BYTES_PER_PAIR + _BYTES_WAITING), (free - most_waiting) // BYTES_PER_PAIR)


def _fits_by_bound(task: PairTask, n_item: np.ndarray, room: int, above: int) -> int:
    """The smallest min_count of at least ``above`` at which a bound on the pairs is within ``room``."""

    def bound(least: int) -> int:
        kept = n_item >= least
        after = np.cumsum(kept[::-1])[::-1] - 1
        most = task.bought.following // least + task.owned.following // least
        return int(np.minimum(most, after)[kept].sum())

    low, high = above, max(above, int(n_item.max()) + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if bound(middle) <= room else (middle + 1, high)
    return low


def _too_large(task: PairTask, pairs: int, whence: str, fits: int, budget: int, enough: str) -> TooLarge:
    return TooLarge(
        f"At min_count={task.least:,} there are {pairs:,} pairs{whence}, about {_bytes_of(task, pairs) / 1e9:.3g} GB, "
        f"more than max_memory_bytes={budget:,}.",
        why=f"All of them are held in memory, {BYTES_PER_PAIR} bytes each and more while they are put together.",
        do=f"min_count={fits:,} fits; or raise max_memory_bytes{enough}.",
    )
