"""Which method mines a task, by its measured size and density, and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import numpy as np

from affinity.counting.miners.bitmask import MOST_ITEMS
from affinity.counting.mining_task import Mined, MiningTask
from affinity.counting.registry import MINERS
from affinity.errors import SettingsError

Miner = Callable[[MiningTask], Mined]

#: Up to this many lines, method="auto" mines without compiling anything …
_SMALL_LINES = 2_000
#: … unless there could be more itemsets than this.
_SMALL_ITEMSETS = 20_000


def choose_miner(method: str, task: MiningTask, target: str = "frequent") -> tuple[str, str, Miner]:
    """(name, why it was chosen, miner) for a name of the registry or "auto", and a target."""
    if target != "frequent":
        return _choose_closed(method, task, target)
    if method != "auto":
        return method, "asked for", load_miner(method)
    n_frequent, lines, measured = _measure(task)
    if lines <= _SMALL_LINES and (at_most := _most_itemsets(task, task.item_count >= task.min_count)) <= _SMALL_ITEMSETS:
        return "eclat", f"at most {int(at_most):,} itemsets in {lines:,} lines: nothing need be compiled", load_miner("eclat")
    if n_frequent <= MOST_ITEMS:
        return "bitmask", f"{measured}: a basket is a mask of bits", load_miner("bitmask")
    return "lcm", f"{measured}: baskets are read by the places of their items", load_miner("lcm")


def _measure(task: MiningTask) -> tuple[int, int, str]:
    """(frequent items, lines of them, both in words)."""
    frequent = task.item_count >= task.min_count
    n_frequent, lines = int(frequent.sum()), int(task.item_count[frequent].sum())
    mean = lines / max(len(task.indptr) - 1, 1)
    return n_frequent, lines, f"{n_frequent:,} frequent items, {mean:.3g} in a basket ({mean / max(n_frequent, 1):.2%} of them)"


def _choose_closed(method: str, task: MiningTask, target: str) -> tuple[str, str, Miner]:
    from affinity.counting.miners.closed import mine_closed

    n_frequent, _, measured = _measure(task)
    if method not in ("auto", "lcm", "bitmask"):
        raise SettingsError(
            f"method={method!r} finds all frequent itemsets, not the {target} ones.", do="Use 'auto', 'lcm' or 'bitmask'."
        )
    masks = n_frequent <= MOST_ITEMS if method == "auto" else method == "bitmask"
    how = "a basket is a mask of bits" if masks else "the baskets of a prefix are rows of bits"
    reason = "asked for" if method != "auto" else f"{measured}: {how}, each {target} itemset is met once"
    return "bitmask" if masks else "lcm", reason, partial(mine_closed, maximal=target == "maximal", masks=masks)


def fitting_min_count(task: MiningTask) -> int:
    """The smallest min_count, at least that of the task, with at most ``task.limit`` itemsets."""
    from affinity.counting.miners.bitmask import MaskRows
    from affinity.counting.miners.lcm import RankedRows
    from affinity.counting.miners.search import Search

    def fits(part: MiningTask) -> int:
        database = MaskRows.of(part) if len(part.frequent_items) <= MOST_ITEMS else RankedRows.of(part)
        return Search(database, part).raise_min_count()

    return _fitting(task, fits)


def fitting_min_count_of_closed(task: MiningTask) -> int:
    """The smallest min_count, at least that of the task, with at most ``task.limit`` closed itemsets."""
    from affinity.counting.miners.closed import search_closed

    def fits(part: MiningTask) -> int:
        search = search_closed(part)
        return part.min_count if search is None else search.raise_min_count()

    return _fitting(task, fits)


def _fitting(task: MiningTask, fits: Callable[[MiningTask], int]) -> int:
    """What ``fits`` says at the highest of several falling min_counts at which there are too many itemsets.

    Long baskets hold no more than a few itemsets at a high min_count: the search never begins where they explode.
    """
    counts = np.sort(task.item_count)[::-1]
    start = (
        int(counts[min(task.limit, len(counts)) - 1]) if len(counts) and task.min_size == 1 else int(counts.max(initial=0)) // 2
    )
    while start > task.min_count:
        part = task.changed(min_count=start)
        if len(part.frequent_items) and (fitting := fits(part)) > start:
            return fitting
        start //= 2
    return fits(task) if len(task.frequent_items) else task.min_count


def load_miner(method: str) -> Miner:
    """The miner of that name."""
    module, name = MINERS[method].split(":")
    miner: Miner = getattr(import_module(module), name)
    return miner


def _most_itemsets(task: MiningTask, frequent: np.ndarray) -> float:
    """A basket of s frequent items holds 2**s sets, and each itemset is counted at least min_count times."""
    basket = np.repeat(np.arange(len(task.indptr) - 1), np.diff(task.indptr))
    sizes = np.bincount(basket[frequent[task.item]])
    return float(np.ldexp(1.0, np.minimum(sizes, 1000)).sum()) / task.min_count
