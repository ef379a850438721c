"""Which method mines a task, by its measured size and density, and why."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from affinity.counting.mining_task import Mined, MiningTask
from affinity.counting.registry import MINERS

Miner = Callable[[MiningTask], Mined]

#: Up to this many lines, method="auto" mines without compiling anything …
_SMALL_LINES = 2_000
#: … unless there could be more itemsets than this.
_SMALL_ITEMSETS = 20_000
#: Baskets of up to so many frequent items are masks of bits.
_MASK_ITEMS = 62


def choose_miner(method: str, task: MiningTask) -> tuple[str, str, Miner]:
    """(name, why it was chosen, miner) for a name of the registry or "auto"."""
    if method != "auto":
        return method, "asked for", load_miner(method)
    frequent = task.item_count >= task.min_count
    n_frequent, lines = int(frequent.sum()), int(task.item_count[frequent].sum())
    if lines <= _SMALL_LINES and (at_most := _most_itemsets(task, frequent)) <= _SMALL_ITEMSETS:
        return "eclat", f"at most {int(at_most):,} itemsets in {lines:,} lines: nothing need be compiled", load_miner("eclat")
    n = max(len(task.indptr) - 1, 1)
    measured = f"{n_frequent:,} frequent items, {lines / n:.3g} in a basket ({lines / n / max(n_frequent, 1):.2%} of them)"
    if n_frequent <= _MASK_ITEMS:
        return "bitmask", f"{measured}: a basket is a mask of bits", load_miner("bitmask")
    return "lcm", f"{measured}: baskets are read by the places of their items", load_miner("lcm")


def fitting_min_count(task: MiningTask) -> int:
    """The smallest min_count, at least that of the task, with at most ``task.limit`` itemsets."""
    from affinity.counting.miners.bitmask import MaskRows
    from affinity.counting.miners.lcm import RankedRows
    from affinity.counting.miners.search import Search

    n_frequent = len(task.frequent_items)
    if n_frequent == 0:
        return task.min_count
    database = MaskRows.of(task) if n_frequent <= _MASK_ITEMS else RankedRows.of(task)
    return Search(database, task).raise_min_count()


def load_miner(method: str) -> Miner:
    """The miner of that name."""
    module, name = MINERS[method].split(":")
    miner: Miner = getattr(import_module(module), name)
    return miner


def _most_itemsets(task: MiningTask, frequent: np.ndarray) -> float:
    """A basket of s frequent items holds 2**s sets, and each itemset is counted at least min_count times."""
    basket = np.repeat(np.arange(len(task.indptr) - 1), np.diff(task.indptr))
    sizes = np.bincount(basket[frequent[task.item]])
    return float(np.exp2(np.minimum(sizes, 1000)).sum()) / task.min_count
