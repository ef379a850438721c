"""mlxtend's miners as references: slow, independent, and a check on ours.

mlxtend compares supports in floats; asking for (min_count − ½) / n leaves no boundary to lose.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.counting.mining_task import LimitReached, Mined, MiningTask, mined_from_levels, nothing_mined
from affinity.frames import to_pandas


def mine_apriori(task: MiningTask) -> Mined:
    """All frequent itemsets by ``mlxtend.frequent_patterns.apriori``."""
    from mlxtend.frequent_patterns import apriori

    return _mine_with(apriori, task)


def mine_fpgrowth(task: MiningTask) -> Mined:
    """All frequent itemsets by ``mlxtend.frequent_patterns.fpgrowth``."""
    from mlxtend.frequent_patterns import fpgrowth

    return _mine_with(fpgrowth, task)


def mine_hmine(task: MiningTask) -> Mined:
    """All frequent itemsets by ``mlxtend.frequent_patterns.hmine``."""
    from mlxtend.frequent_patterns import hmine

    return _mine_with(hmine, task)


def _mine_with(miner: Any, task: MiningTask) -> Mined:
    codes = task.frequent_items
    if len(codes) == 0:
        return nothing_mined()
    n = len(task.indptr) - 1
    basket = np.repeat(np.arange(n), np.diff(task.indptr))
    columns = {}
    for number, code in enumerate(codes.tolist()):
        columns[str(number)] = np.zeros(n, dtype=bool)
        columns[str(number)][basket[task.item == code]] = True
    frame = miner(to_pandas(columns), min_support=(task.min_count - 0.5) / n, max_len=task.max_size)
    by_size: dict[int, tuple[list[list[int]], list[int]]] = {}
    for itemset, support in zip(frame["itemsets"], frame["support"]):
        rows, counts = by_size.setdefault(len(itemset), ([], []))
        rows.append(sorted(itemset))
        counts.append(round(float(support) * n))
    if sum(len(rows) for size, (rows, _) in by_size.items() if size >= task.min_size) > task.limit:
        raise LimitReached
    levels = [(codes[np.array(rows, dtype=np.int64)], np.array(counts)) for _, (rows, counts) in sorted(by_size.items())]
    return mined_from_levels(levels, task.min_size)
