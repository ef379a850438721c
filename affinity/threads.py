"""Threads over kernels that release the GIL; results never depend on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
U = TypeVar("U")


def available_threads() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def split_by_work(work: np.ndarray, parts: int) -> np.ndarray:
    """int64 bounds (from 0 to len(work)) of at most ``parts`` runs of nearly equal summed ``work``.

    The bounds depend on ``work`` and ``parts`` only; a run is never empty.
    """
    total = np.concatenate([[0.0], np.cumsum(np.asarray(work, dtype=np.float64))])
    goals = total[-1] * np.arange(1, parts) / max(parts, 1)
    inner = np.searchsorted(total, goals)
    return np.unique(np.concatenate([[0], inner, [len(work)]])).astype(np.int64)


def map_blocks(
    function: Callable[[int, int], T],
    bounds: np.ndarray,
    threads: int | None = None,
    halt: np.ndarray | None = None,
    watch: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> list[T]:
    """``function(first, last)`` for each run of ``bounds``, in threads; the results in the order of the runs.

    halt : int64[1] that the kernels of ``function`` look at; it is set to 1 when a run fails or the user interrupts,
           and then nothing more is begun. With it every run has a thread other than the caller's, which hears the interrupt
    watch : what to go through the runs with, in order, as they end: it may draw a progress bar
    """
    runs = list(zip(bounds[:-1].tolist(), bounds[1:].tolist()))
    threads = min(threads or available_threads(), max(len(runs), 1))
    if threads == 1 and halt is None:
        return [function(first, last) for first, last in runs]
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(function, first, last) for first, last in runs]
        try:
            return [one.result() for one in watch(waiting)]
        except BaseException:
            if halt is not None:
                halt[0] = 1
            for one in waiting:
                one.cancel()
            raise


def map_rows(function: Callable[..., np.ndarray], *columns: np.ndarray, rows: int = 1 << 17) -> np.ndarray:
    """``function`` of the columns, which must treat each row by itself, a block of rows at a time and in threads.

    Blocks keep what is in between small enough for the cache; the answer is that of one call on whole columns.
    """
    n = len(columns[0])
    bounds = np.append(np.arange(0, n, rows), n)
    parts = map_blocks(lambda first, last: function(*(column[first:last] for column in columns)), bounds)
    return np.concatenate(parts) if parts else function(*columns)


def run_together(first: Callable[[], T], second: Callable[[], U], *, in_turn: bool = False) -> tuple[T, U]:
    """What both return; they run side by side, one thread each, or ``in_turn``, so that what they hold does not add up."""
    if in_turn:
        return first(), second()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.submit(first), pool.submit(second)
        return one.result(), other.result()
