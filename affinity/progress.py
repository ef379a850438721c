"""Progress of long work: silent unless the command line or a notebook turns it on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_state = {"on": False}


def show_progress(on: bool = True) -> None:
    """Turn progress bars (on standard error) on or off for this process."""
    _state["on"] = on


def track(iterable: Iterable[T], label: str, total: int | None = None) -> Iterable[T]:
    """Iterate over ``iterable``, drawing a bar named ``label`` when progress is on."""
    if not _state["on"]:
        return iterable
    from tqdm import tqdm

    return tqdm(iterable, desc=label, total=total, file=sys.stderr, leave=False)


@contextmanager
def step(label: str) -> Iterator[None]:
    """Announce one step of a longer job on standard error while it runs."""
    if _state["on"]:
        sys.stderr.write(f"  {label} …\n")
        sys.stderr.flush()
    yield
