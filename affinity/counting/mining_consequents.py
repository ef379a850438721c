"""The itemsets that rules with given single consequents need, and no others."""

from __future__ import annotations

import numpy as np

from affinity.counting.given_itemsets import count_rows
from affinity.counting.mining_choice import Miner
from affinity.counting.mining_restrictions import Restriction, union_of
from affinity.counting.mining_task import LimitReached, MiningTask, nothing_mined
from affinity.tables.itemset_rows import ItemsetRows


def mine_consequents(miner: Miner, task: MiningTask, consequents: np.ndarray) -> ItemsetRows:
    """Every frequent X ∪ {c} with c among ``consequents`` (int32 codes), and every such X, with exact counts.

    X is found in the baskets that hold c, where it is frequent, and counted in all. The parts of an itemset are there too.
    """
    tables, found = [], 0
    for code in consequents.tolist():
        alone = Restriction(np.array([code], dtype=np.int32), np.empty(0, dtype=np.int32))
        within, n_within = alone.cut(task)
        if n_within < task.min_count:
            continue
        parts = miner(within).rows if within.max_size != 0 else nothing_mined()
        tables.append(alone.put_back(parts, task, within, n_within, "frequent").rows)
        found += 2 * len(parts)
        if found > 2 * task.limit:
            raise LimitReached
        antecedents = ItemsetRows(
            parts.indptr, parts.item, count_rows(task.indptr, task.item, task.item_count, parts, task.threads)
        )
        tables.append(antecedents)
    whole = union_of(tables)
    if len(whole) > task.limit:
        raise LimitReached
    return whole
