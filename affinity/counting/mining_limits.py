"""The most frequent itemsets only, and what would fit a limit.

"Most frequent" is a total order: by count, then smaller itemsets first, then by codes.
"""

from __future__ import annotations

import numpy as np

from affinity.counting.mining_choice import Miner, fitting_min_count
from affinity.counting.mining_task import LimitReached, Mined, MiningTask, mined_from_levels, nothing_mined
from affinity.errors import TooLarge

#: Itemsets that one call may make when the caller names no limit: about 1 GB in all.
DEFAULT_LIMIT = 20_000_000

#: So many itemsets more may be made to find those of one count.
_TIES_AT_ONCE = 1_000_000


def keep_most_frequent(miner: Miner, task: MiningTask, keep: int) -> tuple[Mined, int]:
    """The ``keep`` most frequent itemsets of the task, and the count from which on they are complete.

    That count is the min_count of the task when there are no more than ``keep``.

    Itemsets of the last count are taken by size, then codes; where there are too many of these to list,
    they are left out (fewer than ``keep`` itemsets are then returned).
    """
    try:
        return miner(task.changed(limit=keep)), task.min_count
    except LimitReached:
        complete_from = fitting_min_count(task.changed(limit=keep))
    complete = miner(task.changed(min_count=complete_from, limit=keep))
    if len(complete) == keep:
        return complete, complete_from
    ties = _first_of_count(miner, task.changed(min_count=complete_from - 1), keep - len(complete))
    return _merged(complete, ties), complete_from


def best_of(mined: Mined, keep: int) -> Mined:
    """The ``keep`` most frequent of ``mined``, in its order."""
    kept = np.zeros(len(mined), dtype=bool)
    kept[np.argsort(-mined.count, kind="stable")[:keep]] = True
    return mined.take(kept)


def too_large(task: MiningTask, what: str, named: bool) -> TooLarge:
    """The error of a task with more itemsets than its limit, with a min_count that would fit."""
    limit = f"max_itemsets={task.limit:,}" if named else f"{task.limit:,}"
    unnamed = "" if named else ", the most that are made where max_itemsets is not given"
    return TooLarge(
        f"More than {limit} {what} are in at least min_count={task.min_count:,} baskets{unnamed}.",
        why="Itemsets multiply as min_count falls, and all of them are held in memory.",
        do=f"min_count={fitting_min_count(task):,} fits; or lower max_size, raise max_itemsets, "
        "or pass on_limit='keep_most_frequent'.",
    )


def _first_of_count(miner: Miner, task: MiningTask, wanted: int) -> Mined:
    """The first ``wanted`` itemsets, by size and codes, whose count is the min_count of the task."""
    found: Mined = nothing_mined()
    try:
        found = miner(task.changed(limit=max(8 * wanted, _TIES_AT_ONCE)))
    except LimitReached:
        for size in range(1, (task.max_size or 255) + 1):  # all sizes at once are too many: small ones first
            try:
                found = miner(task.changed(max_size=size, limit=DEFAULT_LIMIT))
            except LimitReached:
                break
            if np.count_nonzero(found.count == task.min_count) >= wanted:
                break
    ties = np.flatnonzero(found.count == task.min_count)[:wanted]
    kept = np.zeros(len(found), dtype=bool)
    kept[ties] = True
    return found.take(kept)


def _merged(one: Mined, other: Mined) -> Mined:
    levels = []
    for size in range(1, 1 + int(max(one.sizes.max(initial=0), other.sizes.max(initial=0)))):
        parts = [mined.take(mined.sizes == size) for mined in (one, other)]
        rows = np.concatenate([part.item for part in parts]).reshape(-1, size)
        levels.append((rows, np.concatenate([part.count for part in parts])))
    return mined_from_levels(levels, 1)
