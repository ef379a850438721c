"""Progress of long work: silent unless the command line or a notebook turns it on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
SECONDS_BETWEEN_LOOKS = 0.25
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


def progress_is_on() -> bool:
    """Whether progress is drawn."""
    return _state["on"]


@contextmanager
def watch(label: str, percent: Callable[[], float]) -> Iterator[None]:
    """While the block runs, draw a bar of what ``percent`` says (0 to 100; below 0 unknown) when progress is on."""
    if not _state["on"]:
        yield
        return
    from tqdm import tqdm

    over = threading.Event()

    def draw() -> None:
        with tqdm(desc=label, total=100, unit="%", file=sys.stderr, leave=False) as bar:
            while not over.wait(SECONDS_BETWEEN_LOOKS):
                bar.update(max(percent() - bar.n, 0))

    drawing = threading.Thread(target=draw, daemon=True)
    drawing.start()
    try:
        yield
    finally:
        over.set()
        drawing.join()


@contextmanager
def step(label: str) -> Iterator[None]:
    """Announce one step of a longer job on standard error while it runs."""
    if _state["on"]:
        sys.stderr.write(f"  {label} …\n")
        sys.stderr.flush()
    yield
