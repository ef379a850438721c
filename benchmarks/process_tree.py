"""CPU seconds and memory of this process and all that it started: of a Spark session the driver, Java and the workers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KINDS = ("driver", "java", "workers")
SECONDS_BETWEEN = 0.25
GIGABYTE = 1e9


def _list_processes() -> Iterator[tuple[int, str, list[str]]]:
    """(process id, kind, fields of its stat file from the state on) of this process and all below it (Linux)."""
    known: dict[int, tuple[str, list[str]]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                name, _, fields = (entry / "stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
                known[int(entry.name)] = "java" if name == "java" else "workers", fields.split()
    waiting = [os.getpid()]
    while waiting:
        parent = waiting.pop()
        kind, fields = known[parent]
        yield parent, "driver" if parent == os.getpid() else kind, fields
        waiting += [process for process, (_, its) in known.items() if int(its[1]) == parent]


def cpu_seconds() -> dict[str, float]:
    """By kind: this process ("driver"), Java, and all Python workers, those that ended and were waited for included."""
    spent = dict.fromkeys(KINDS, 0.0)
    for _, kind, fields in _list_processes():
        spent[kind] += sum(map(float, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        ended = "workers" if kind == "java" else kind
        spent[ended] += sum(map(float, fields[13:15])) / os.sysconf("SC_CLK_TCK")
    return spent


def resident_gb() -> dict[str, float]:
    """Memory that a process holds of its own: the driver, all Java processes together, the largest Python worker."""
    held = dict.fromkeys(KINDS, 0.0)
    for process, kind, _ in _list_processes():
        with suppress(OSError):
            lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
            own = int(dict(line.split(":", 1) for line in lines).get("RssAnon", "0 kB").split()[0]) * 1024 / GIGABYTE
            held[kind] = max(held[kind], own) if kind == "workers" else held[kind] + own
    return held


@contextmanager
def watch_memory() -> Iterator[Callable[[], dict[str, float]]]:
    """Sample `resident_gb` four times a second; what is yielded tells the peaks so far."""
    peaks, over = resident_gb(), threading.Event()

    def sample() -> None:
        while not over.wait(SECONDS_BETWEEN):
            for name, gb in resident_gb().items():
                peaks[name] = max(peaks[name], gb)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield lambda: {name: round(gb, 2) for name, gb in peaks.items()}
    finally:
        over.set()
        thread.join()
