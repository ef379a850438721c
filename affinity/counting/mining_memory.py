"""How much memory itemsets may take, and how many fit into it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from affinity.counting.mining_task import MiningTask
from affinity.memory import size_in_bytes

#: Bytes that one itemset counts as: 9 in the trie, and about 50 when the rows are put in order.
BYTES_PER_ITEMSET = 64
#: Share of the memory available now that itemsets may take where the caller names no budget.
DEFAULT_SHARE = 0.5
#: Memory supposed to be available where the system does not say.
_UNKNOWN_MEMORY = 4 << 30
#: Sums of binomials of more terms than this are bounded instead.
_SUMMED = 60


def budget_in_bytes(memory_budget: int | str | None) -> int:
    """Bytes of a budget: a number, a text such as "2GB" or "500 MiB", or None for half of the memory available now."""
    if memory_budget is None:
        return int(DEFAULT_SHARE * available_memory())
    return size_in_bytes(memory_budget)


def available_memory() -> int:
    """Bytes that this process may still take; 4 GiB where the system does not say."""
    free = measured_memory()
    return _UNKNOWN_MEMORY if free is None else max(free, 1 << 20)


def measured_memory() -> int | None:
    """Bytes that can be taken without swapping, within the limit of the container; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    free = next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return free
    return free if free is None or limit == "max" else min(free, max(int(limit) - int(used), 0))


def least_projected(task: MiningTask) -> tuple[int, int]:
    """(items s of the longest basket of frequent items, itemsets that it alone holds where one basket is enough).

    2**s − 1, or Σ C(s, k) over the sizes asked for (at least 2**max_size); 0 when min_count is more than 1.
    """
    if task.min_count > 1 or len(task.indptr) < 2:
        return 0, 0
    longest = int(np.diff(task.indptr).max())
    last = min(longest, task.max_size or longest)
    if task.min_size > _SUMMED:
        return 0, 0
    if last <= _SUMMED:
        return longest, sum(math.comb(longest, k) for k in range(task.min_size, last + 1))
    return longest, 2**last - sum(math.comb(last, k) for k in range(task.min_size))


def large_number(number: int) -> str:
    """With separators, or as a power of two where it has more than 15 digits."""
    return f"{number:,}" if number < 10**15 else f"about 2**{number.bit_length() - 1}"
