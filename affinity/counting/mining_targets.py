"""What is asked of the itemsets: all frequent, the closed or the maximal ones, or the most frequent of these."""

from __future__ import annotations

from typing import Any

from affinity.counting.mining_choice import Miner, fitting_min_count, fitting_min_count_of_closed
from affinity.counting.mining_limits import best_of, first_of_count
from affinity.counting.mining_restrictions import Restriction, union_of
from affinity.counting.mining_task import LimitReached, Mined, MiningTask, nothing_mined


def mine_target(
    miner: Miner, task: MiningTask, target: str, cut_at: int | None, restriction: Restriction
) -> tuple[Mined, dict[str, Any] | None]:
    """The itemsets of the target, and what was cut: None, or how many are kept and from which count they are complete.

    miner : of this target; LimitReached when there are more itemsets than the limit of the task
    """
    within, n_within = restriction.cut(task)
    mined: Mined
    if within.max_size == 0:
        mined, complete_from = nothing_mined(), task.min_count
    elif cut_at is None or target == "maximal":
        mined, complete_from = miner(within), task.min_count
    else:
        mined, complete_from = _most_frequent(miner, within, cut_at, target)
    mined = restriction.put_back(mined, task, within, n_within, target)
    if cut_at is None:
        if len(mined) > task.limit:
            raise LimitReached
        return mined, None
    if len(mined) > cut_at:
        mined = best_of(mined, cut_at)
        complete_from = int(mined.count.min()) + 1
    if complete_from == task.min_count:
        return mined, None
    least = int(mined.count.min()) if len(mined) else complete_from
    return mined, {"kept": cut_at, "complete_from_count": complete_from, "least_count": least}


def _most_frequent(miner: Miner, task: MiningTask, keep: int, target: str) -> tuple[Mined, int]:
    """The ``keep`` most frequent itemsets of the task, and the count from which on they are complete.

    That count is the min_count of the task when there are no more than ``keep``.

    Itemsets of the last count are taken by size, then codes; where there are too many of these to list,
    they are left out (fewer than ``keep`` itemsets are then returned).
    """
    fitting = fitting_min_count if target == "frequent" else fitting_min_count_of_closed
    complete_from = fitting(task.changed(limit=keep))
    complete = miner(task.changed(min_count=complete_from, limit=keep))
    if len(complete) == keep or complete_from == task.min_count:
        return complete, complete_from
    ties = first_of_count(miner, task.changed(min_count=complete_from - 1), keep - len(complete), target == "frequent")
    return union_of([complete.rows, ties.rows]), complete_from
