"""The memory budget of a run: its size in bytes, its share of every block, and an error before it is passed."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affinity.errors import SettingsError, TooLarge
from affinity.mapped import unload

#: The budget that the sizes of blocks in each room are made for.
USUAL_BUDGET = 8 * 10**9
#: The least part of a usual block that a small budget leaves.
_LEAST_SHARE = 1 / 64
#: One part in so many of the memory is for a whole table of order lines, or for the engine that reads them.
_TABLE_SHARE = 8
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def size_in_bytes(memory_budget: int | str) -> int:
    """Bytes of a number, or of a text such as "2GB" or "500 MiB"; SettingsError for what is no size above 0."""
    text = str(memory_budget) if not isinstance(memory_budget, bool) else "True"
    parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if parts is None or parts[2].upper() not in _UNITS or float(parts[1]) <= 0:
        raise SettingsError(
            f"memory_budget={memory_budget!r} is not a size.", do='Use bytes, or a text such as "2GB" or "500MB".'
        )
    return int(float(parts[1]) * _UNITS[parts[2].upper()])


def scale_block(usual: int, memory_budget: int | str | None) -> int:
    """How many of what is ``usual`` at 8 GB to take at a time, in proportion to the budget; the usual number without one.

    >>> scale_block(1000, None), scale_block(1000, "4GB"), scale_block(1000, "1MB")
    (1000, 500, 15)
    """
    if memory_budget is None:
        return usual
    return max(1, int(usual * max(size_in_bytes(memory_budget) / USUAL_BUDGET, _LEAST_SHARE)))


def share_of_memory(memory_budget: int | str | None) -> int:
    """Bytes up to which a whole table of order lines is in memory: an eighth of the budget, else of this machine."""
    return (machine_memory() if memory_budget is None else size_in_bytes(memory_budget)) // _TABLE_SHARE


def machine_memory() -> int:
    """Bytes of memory of this machine, or of the container that limits it."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # another system, or "max"
            sizes.append(int(Path(limit).read_text(encoding="ascii")))
    return min(sizes)


def held_memory() -> int | None:
    """Bytes of memory that this process holds, mapped files left out; None where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), None)


def require_room(memory_budget: int | str | None, doing: str, needed: int = 0) -> None:
    """TooLarge when what is held and the ``needed`` bytes pass the budget; nothing without a budget."""
    if memory_budget is None:
        return
    held = held_memory() or 0
    if held + needed > size_in_bytes(memory_budget):
        more = f" and {needed / 1e9:.2f} GB more are needed" if needed else ""
        raise TooLarge(
            f"{doing.capitalize()}: {held / 1e9:.2f} GB are held{more}, over memory_budget={memory_budget!r}.",
            why="A run that goes on would take more memory than it may.",
            do=f'Set memory_budget to "{(held + needed) / 1e9 * 1.05 + 0.01:.2f}GB" or more for this step, or run fewer order '
            "lines: a later first day, or parts of the customers.",
        )


@contextmanager
def within_budget(memory_budget: int | str | None, doing: str) -> Iterator[None]:
    """A step of a run that neither begins nor ends over the budget, and leaves mapped columns to the system."""
    require_room(memory_budget, doing)
    yield
    unload()
    require_room(memory_budget, doing)
