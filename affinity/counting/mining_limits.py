"""The most frequent itemsets only, and what would fit a limit.

"Most frequent" is a total order: by count, then smaller itemsets first, then by codes.
"""

from __future__ import annotations

import numpy as np

from affinity.counting.mining_choice import Miner, fitting_min_count, fitting_min_count_of_closed
from affinity.counting.mining_memory import BYTES_PER_ITEMSET, large_number, least_projected
from affinity.counting.mining_task import LimitReached, Mined, MiningTask, nothing_mined
from affinity.errors import TooLarge

#: Itemsets that are made to find those of one count, at most.
_TIES_LIMIT = 20_000_000
#: So many itemsets more may be made at first to find those of one count.
_TIES_AT_ONCE = 1_000_000
#: The min_count that an error names fits this many itemsets, where the limit is larger: it is found in a moment.
_NAMED_FITS = 200_000


def best_of(mined: Mined, keep: int) -> Mined:
    """The ``keep`` most frequent of ``mined``, in its order."""
    kept = np.zeros(len(mined), dtype=bool)
    kept[np.argsort(-mined.count, kind="stable")[:keep]] = True
    return mined.take(kept)


def require_fits(task: MiningTask, target: str, limit_name: str) -> None:
    """TooLarge at once where a single basket holds more itemsets than the limit of the task."""
    longest, projected = least_projected(task) if target == "frequent" else (0, 0)
    if projected > task.limit:
        raise too_large(
            task, target, limit_name, f" A basket of {longest:,} products alone holds {large_number(projected)} itemsets."
        )


def too_large(task: MiningTask, target: str, limit_name: str, projected: str = "") -> TooLarge:
    """The error of a task with more itemsets than its limit, with a min_count that would fit.

    limit_name : "max_itemsets" or "memory_budget=…", whichever set the limit; projected : a sentence on the whole size
    """
    what = "itemsets" if target == "frequent" else f"{target} itemsets"
    by_memory = "" if limit_name == "max_itemsets" else f", the most for {limit_name} at {BYTES_PER_ITEMSET} bytes each"
    number = f"max_itemsets={task.limit:,}" if not by_memory else f"{task.limit:,}"
    fitting = fitting_min_count if target == "frequent" else fitting_min_count_of_closed
    fits = fitting(task.changed(limit=min(task.limit, _NAMED_FITS)))
    n = max(len(task.indptr) - 1, 1)
    return TooLarge(
        f"More than {number} {what} are in at least min_count={task.min_count:,} baskets{by_memory}.{projected}",
        why="Itemsets multiply as min_count falls, and all of them are held in memory.",
        do=f"min_count={fits:,} fits (min_support={fits / n:.3g}); or lower max_size, mine target='closed', raise the limit, "
        "or pass max_itemsets with on_limit='keep_most_frequent'.",
    )


def first_of_count(miner: Miner, task: MiningTask, wanted: int, by_size: bool) -> Mined:
    """The first ``wanted`` itemsets, by size and codes, whose count is the min_count of the task.

    by_size : where all are too many, look at small ones first
    """
    found: Mined = nothing_mined()
    try:
        found = miner(task.changed(limit=max(8 * wanted, _TIES_AT_ONCE)))
    except LimitReached:
        for size in range(task.min_size, (task.max_size or 255) + 1 if by_size else 0):
            try:
                found = miner(task.changed(max_size=size, limit=_TIES_LIMIT))
            except LimitReached:
                break
            if np.count_nonzero(found.count == task.min_count) >= wanted:
                break
    kept = np.zeros(len(found), dtype=bool)
    kept[np.flatnonzero(found.count == task.min_count)[:wanted]] = True
    return found.take(kept)
