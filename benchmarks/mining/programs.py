"""Whole processes, from a file to counted itemsets: ours started afresh, and LCM where its path is given.

LCM 5.3 (Uno; a C program, for academic use) is not distributed with this project: compile it and pass ``--lcm PATH``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.mining.contender import Contender
from benchmarks.mining.rows import Row

ROOT = Path(__file__).resolve().parents[2]


#: Started without site packages, so that its own memory is small: a program's peak includes what its parent held.
_LAUNCHER = """
import os, sys
program = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
print(os.wait4(program, 0)[2].ru_maxrss)
"""


@dataclass(frozen=True)
class Ran:
    """What a program printed on standard output, and how it was started."""

    said: str
    command: tuple[str, ...]


def run_program(*command: str) -> Ran:
    """Run to the end; an exit code other than 0 is an error with what the program said."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return Ran(done.stdout, command)


def peak_of(ran: Ran) -> int:
    """Bytes at the peak of the same program run once more; at least about 10 MB, those of what starts it."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *ran.command]
    launched = subprocess.run(launcher, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, check=True)
    return int(launched.stdout) * 1024


def _start_ours(reading: str) -> Callable[[Any, Row], Ran]:
    def run(path: Path, row: Row) -> Ran:
        return run_program(sys.executable, "-m", "benchmarks.mining.whole", reading, str(path), str(row.min_count))

    return run


def _start_lcm(lcm: Path, writes: bool) -> Callable[[Any, Row], Ran]:
    def run(path: Path, row: Row) -> Ran:
        if not writes:
            return run_program(str(lcm), "F", str(path), str(row.min_count))
        return run_program(str(lcm), "F", str(path), str(row.min_count), f"{path}.itemsets")

    return run


def _first_number(ran: Ran, row: Row) -> int:
    return int(ran.said.split()[0])


def _without_the_empty_set(ran: Ran, row: Row) -> int:
    return int(ran.said.split()[0]) - 1


def whole_runs() -> list[Contender]:
    """Ours by three ways of reading: as orders from text and from Parquet, and as nothing but integers."""
    return [
        _program("affinity process, .dat.gz", "ours", "dat.gz", _start_ours("orders"), _first_number),
        _program("affinity process, .parquet", "ours", "parquet", _start_ours("orders"), _first_number),
        _program("affinity process, integers", "ours", "dat.gz", _start_ours("integers"), _first_number),
    ]


def lcm_runs(lcm: Path | None) -> list[Contender]:
    """LCM counting only, and writing its itemsets to a file; none without its path."""
    if lcm is None:
        return []
    return [
        _program("LCM counts only", "lcm", "dat", _start_lcm(lcm, False), _without_the_empty_set),
        _program("LCM writes itemsets", "lcm", "dat", _start_lcm(lcm, True), _without_the_empty_set),
    ]


def _program(name: str, group: str, kind: str, run: Callable[[Any, Row], Ran], count: Callable[[Any, Row], int]) -> Contender:
    return Contender(name, lambda loaded, row: loaded.file(kind), run, count, group=group, process=True)
