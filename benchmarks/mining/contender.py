"""A contender: how its input is made (outside the clock) and the call that is timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.mining.data import Loaded
from benchmarks.mining.rows import Row


@dataclass(frozen=True)
class Contender:
    """prepare(loaded, row) makes the input; run(input, row) is timed and returns the result; count(result, row) is not timed.

    module  : what must be importable; empty: nothing. package: its distribution, for the version
    group   : "ours", "pyfim", or another family; the best of "pyfim" is what ours is compared with
    process : run starts a program of its own, so that nothing is to be measured within ours
    """

    name: str
    prepare: Callable[[Loaded, Row], Any]
    run: Callable[[Any, Row], Any]
    count: Callable[[Any, Row], int] = lambda result, row: len(result)
    module: str = ""
    package: str = ""
    group: str = "peer"
    process: bool = False

    @property
    def installed(self) -> bool:
        try:
            return not self.module or find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


def version_of(package: str) -> str:
    """``"pyfim 6.28"``, or that it is not installed."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"


def size_of(result: object, seen: set[int] | None = None) -> int:
    """Bytes of the arrays that a result holds, apart from the baskets and labels it came from; each array once.

    Of a view only what it shows counts: a trie is part of a longer array of which no more is in memory.
    """
    seen = set() if seen is None else seen
    key = result.ctypes.data if isinstance(result, np.ndarray) else id(result)
    if key in seen:
        return 0
    seen.add(key)
    if isinstance(result, np.ndarray):
        return result.nbytes
    if isinstance(result, (list, tuple, Mapping)):
        return sum(size_of(part, seen) for part in (result.values() if isinstance(result, Mapping) else result))
    held = getattr(result, "__dict__", {})
    slots = {name: getattr(result, name, None) for name in getattr(type(result), "__slots__", ())}
    return sum(size_of(part, seen) for name, part in {**held, **slots}.items() if name not in ("baskets", "products"))
