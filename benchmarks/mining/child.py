"""One contender on one row in a process of its own: growth of memory at its peak, and whether it ends in time.

Everything is loaded before memory is looked at: imports, kernels (a run on a few baskets), the input.
The parent writes a job on standard input and reads one line of JSON; running out of time ends the process by a signal.
"""

from __future__ import annotations

import gc
import json
import resource
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.generate import make_quest_baskets
from benchmarks.mining.contender import Contender, size_of
from benchmarks.mining.data import Loaded
from benchmarks.mining.memory import peak, reset_peak, resident
from benchmarks.mining.ours import OURS, load_kernels
from benchmarks.mining.peers import PEERS
from benchmarks.mining.rows import Row


@dataclass(frozen=True)
class Job:
    """budget: seconds that one run may take; preparing may take three times as long.

    repeats : runs that are timed, after the one whose memory is looked at
    """

    contender: str
    row: Row
    folder: str
    budget: float
    memory_limit: int
    repeats: int = 0

    def text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Job:
        fields = json.loads(text)
        return cls(**{**fields, "row": Row(**fields["row"])})


def perform(job: Job, contender: Contender) -> dict[str, Any]:
    """results, seconds, growth (bytes over what was held before), held (peak of the process), size (bytes of our result)."""
    _warm(contender, job.row)
    signal.alarm(max(int(3 * job.budget), 1))
    given = contender.prepare(Loaded.open(job.row.data, Path(job.folder)), job.row)
    reset_peak()
    before = resident()
    signal.setitimer(signal.ITIMER_REAL, job.budget)
    started = time.perf_counter()
    result = contender.run(given, job.row)
    seconds = time.perf_counter() - started
    signal.setitimer(signal.ITIMER_REAL, 0)
    held = peak()
    size = size_of(result) if contender.group == "ours" else None
    results = contender.count(result, job.row)
    del result
    cpu, wall = [], []
    for _ in range(job.repeats):
        gc.collect()
        first, started = time.process_time(), time.perf_counter()
        result = contender.run(given, job.row)
        cpu.append(time.process_time() - first)
        wall.append(time.perf_counter() - started)
        del result
    return {
        "results": results,
        "seconds": seconds,
        "growth": held - before,
        "held": held,
        "size": size,
        "cpu": cpu,
        "wall": wall,
    }


def _warm(contender: Contender, row: Row) -> None:
    """Import what the contender needs by letting it work on a few baskets."""
    if contender.group in ("ours", "drop-in"):
        load_kernels()
    few = Loaded("few", make_quest_baskets(300, n_items=30, n_patterns=20), Path())
    small = Row(row.table, "few", 30, min_confidence=row.min_confidence)
    contender.run(contender.prepare(few, small), small)


def main() -> None:
    job = Job.of(sys.stdin.read())
    resource.setrlimit(resource.RLIMIT_AS, (job.memory_limit, job.memory_limit))
    known = {c.name: c for c in [*OURS.get(job.row.table, []), *PEERS.get(job.row.table, [])]}
    print(json.dumps(perform(job, known[job.contender])))


if __name__ == "__main__":
    main()
