"""This project as a contender, by its public functions."""

from __future__ import annotations

from typing import Any

from affinity.counting import count_pairs, mine_itemsets
from affinity.counting.registry import MINERS
from affinity.rules import induce_rules
from affinity.tables import Baskets, ItemsetCounts, PairCounts
from benchmarks.generate import make_quest_baskets
from benchmarks.mining.contender import Contender
from benchmarks.mining.data import Loaded
from benchmarks.mining.rows import Row


def baskets_of(loaded: Loaded, row: Row) -> Baskets:
    return loaded.baskets


def itemsets_of(loaded: Loaded, row: Row) -> ItemsetCounts:
    return mine_itemsets(loaded.baskets, min_count=row.min_count)


def frame_of(loaded: Loaded, row: Row) -> Any:
    """The itemsets as mlxtend makes them: support and frozensets of codes."""
    import pandas as pd

    found = itemsets_of(loaded, row)
    bounds, item = found.indptr.tolist(), found.item.tolist()
    sets = [frozenset(item[first:last]) for first, last in zip(bounds[:-1], bounds[1:])]
    return pd.DataFrame({"support": found.support, "itemsets": pd.Series(sets, dtype=object)})


def mine(baskets: Baskets, row: Row) -> ItemsetCounts:
    return mine_itemsets(baskets, min_count=row.min_count)


def mine_in_one_thread(baskets: Baskets, row: Row) -> ItemsetCounts:
    return mine_itemsets(baskets, min_count=row.min_count, threads=1)


def mine_with_rows(baskets: Baskets, row: Row) -> ItemsetCounts:
    """As `mine`, and every itemset's row (indptr, item, count) is made as well."""
    found = mine_itemsets(baskets, min_count=row.min_count)
    _ = found.indptr, found.item, found.count
    return found


def mine_pairs(baskets: Baskets, row: Row) -> ItemsetCounts:
    return mine_itemsets(baskets, min_count=row.min_count, min_size=2, max_size=2)


def count_frequent_pairs(baskets: Baskets, row: Row) -> PairCounts:
    return count_pairs(baskets, min_count=row.min_count)


def count_all_pairs(baskets: Baskets, row: Row) -> PairCounts:
    return count_pairs(baskets)


def induce(itemsets: ItemsetCounts, row: Row) -> Any:
    return induce_rules(itemsets, min_confidence=row.min_confidence)


def induce_like_mlxtend(frame: Any, row: Row) -> Any:
    from affinity.mlxtend import association_rules

    return association_rules(frame, metric="confidence", min_threshold=row.min_confidence)


def mine_and_induce(baskets: Baskets, row: Row) -> Any:
    found = mine_itemsets(baskets, min_count=row.min_count)
    return induce_rules(found, min_confidence=row.min_confidence, consequent_size=1)


def load_kernels() -> None:
    """Run every miner of ours and the rules on a few baskets, so that their machine code is in memory."""
    few = make_quest_baskets(300, n_items=30, n_patterns=20)
    for method in [name for name in MINERS if not name.startswith("mlxtend_")]:
        induce_rules(mine_itemsets(few, min_count=30, method=method, threads=2))
    mine_itemsets(few, min_count=10, min_size=2, max_size=2)
    count_pairs(few)


OURS = {
    "itemsets": [
        Contender("affinity", baskets_of, mine, group="ours"),
        Contender("affinity, CSR too", baskets_of, mine_with_rows, group="ours"),
        Contender("affinity, 1 thread", baskets_of, mine_in_one_thread, group="ours"),
    ],
    "files": [Contender("affinity, loaded", baskets_of, mine, group="ours")],
    "pairs": [
        Contender("affinity", baskets_of, count_frequent_pairs, group="ours"),
        Contender("affinity, as itemsets", baskets_of, mine_pairs, group="ours"),
        Contender("affinity, every pair", baskets_of, count_all_pairs,
                  lambda found, row: int((found.count >= row.min_count).sum()), group="ours"),
    ],
    "rules": [
        Contender("affinity", itemsets_of, induce, group="ours"),
        Contender("affinity.mlxtend", frame_of, induce_like_mlxtend, group="drop-in"),
    ],
    "consequents": [Contender("affinity", baskets_of, mine_and_induce, group="ours")],
}  # fmt: skip
