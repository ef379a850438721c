"""Measure the contenders of a row: first each alone in a child (memory, trial), then all interleaved in this process."""

from __future__ import annotations

import gc
import json
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.mining.child import Job
from benchmarks.mining.contender import Contender
from benchmarks.mining.data import Loaded
from benchmarks.mining.programs import ROOT, Ran, peak_of
from benchmarks.mining.rows import Row


@dataclass
class Measured:
    """What one contender did on one row; ``failed`` says why there are no figures.

    growth : bytes at the peak over what the process held with imports, kernels and input loaded; of a program: its whole peak
    size   : bytes of our result
    """

    results: int = -1
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    growth: int | None = None
    held: int | None = None
    size: int | None = None
    failed: str = ""

    @property
    def seconds(self) -> float:
        return statistics.median(self.wall)

    @property
    def cpu_seconds(self) -> float:
        return statistics.median(self.cpu)


@dataclass(frozen=True)
class Limits:
    """repeats: timed runs; budget: seconds a first run may take; memory: bytes of address space of a child."""

    repeats: int = 5
    budget: float = 20.0
    memory: int = 20 << 30


def try_alone(contender: Contender, loaded: Loaded, row: Row, limits: Limits, repeats: int = 0) -> Measured:
    """Memory and results of the contender in a process of its own, or how it failed; ``repeats`` runs are timed there."""
    job = Job(contender.name, row, str(loaded.folder), limits.budget, limits.memory, repeats)
    command = [sys.executable, "-m", "benchmarks.mining.child"]
    done = subprocess.run(command, input=job.text(), capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode == -signal.SIGALRM:
        return Measured(failed=f"> {limits.budget:g} s")
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return Measured(failed=said[-1][:60] if said else f"ended with {done.returncode}")
    answer = json.loads(done.stdout.splitlines()[-1])
    figures = {name: answer[name] for name in ("results", "cpu", "wall", "growth", "held", "size")}
    return Measured(**figures)


def interleave(contenders: list[Contender], loaded: Loaded, row: Row, limits: Limits) -> dict[str, Measured]:
    """Round after round, each contender once, starting with another one each time; the first round is not counted.

    Results are counted and freed outside the clock. The garbage collector works as it does for users, but does not
    look through the inputs of the others.
    """
    given = {contender.name: contender.prepare(loaded, row) for contender in contenders}
    found = {contender.name: Measured() for contender in contenders}
    with _frozen_heap():
        for turn in range(limits.repeats + 1 if contenders else 0):
            start = turn % len(contenders)
            for contender in [*contenders[start:], *contenders[:start]]:
                if not found[contender.name].failed:
                    _run_once(contender, given[contender.name], row, found[contender.name], timed=turn > 0)
    return found


def measure(contenders: list[Contender], loaded: Loaded, row: Row, limits: Limits, skip: dict[str, str]) -> dict[str, Measured]:
    """name -> figures of every contender; ``skip`` tells why some are not tried, and learns who ran out of time."""
    found: dict[str, Measured] = {}
    for contender in contenders:
        if not contender.installed:
            found[contender.name] = Measured(failed="not installed")
        elif contender.name in skip:
            found[contender.name] = Measured(failed=skip[contender.name])
        elif contender.process:
            found[contender.name] = Measured()
        else:
            found[contender.name] = try_alone(contender, loaded, row, limits)
            if found[contender.name].failed:
                skip[contender.name] = f"{found[contender.name].failed} at {row.min_count:,}"
    able = [contender for contender in contenders if not found[contender.name].failed]
    for name, timed in interleave(able, loaded, row, limits).items():
        alone = found[name]
        if alone.results not in (-1, timed.results):
            timed.failed = f"{alone.results:,} results alone, {timed.results:,} together"
        memory = {} if alone.growth is None else {"growth": alone.growth, "held": alone.held, "size": alone.size}
        found[name] = Measured(**{**asdict(timed), **memory})
    return found


def _run_once(contender: Contender, given: Any, row: Row, into: Measured, *, timed: bool) -> None:
    gc.collect()
    cpu, wall = _cpu_seconds(), time.perf_counter()
    try:
        result = contender.run(given, row)
    except (RuntimeError, MemoryError) as error:
        into.failed = f"{type(error).__name__}: {error}"[:60]
        return
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    if timed:
        into.wall.append(wall)
        into.cpu.append(cpu)
    into.results = contender.count(result, row)
    if isinstance(result, Ran) and not timed:
        into.growth = into.held = peak_of(result)


def _cpu_seconds() -> float:
    """User and system time of this process and of the programs that it has waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


@contextmanager
def _frozen_heap() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
