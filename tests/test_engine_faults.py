"""What a cluster can lose in the middle of a run: a Python worker, an executor, the driver, the disk (slow)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import affinity as af
from tests.engine_shop import read_manifest
from tests.test_engine_cluster import CLUSTER, PATIENCE, start_run

pytestmark = pytest.mark.slow

DAEMON, EXECUTOR = "affinity.spark_daemon", "CoarseGrainedExecutorBackend"


@pytest.fixture
def released(spark_orders: Path, tmp_path: Path) -> Path:
    """A folder with a release of fewer recommendations, which is another release."""
    af.run(spark_orders, top_k=3).publish(tmp_path / "out")
    return tmp_path / "out"


def list_below(process: int) -> Iterator[tuple[int, int, str]]:
    """(process, its parent, command line) of everything that ``process`` started."""
    known = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                known[int(entry.name)] = parent, (entry / "cmdline").read_text(encoding="utf-8").replace("\0", " ")
            except OSError:
                continue
    waiting = [process]
    while waiting:
        above = waiting.pop()
        for one, (parent, words) in known.items():
            if parent == above:
                waiting.append(one)
                yield one, parent, words


def find_workers(process: int) -> list[int]:
    """The Python workers: what the daemons forked."""
    below = list(list_below(process))
    daemons = {one for one, parent, words in below if DAEMON in words and "java" in words_of(below, parent)}
    return [one for one, parent, _ in below if parent in daemons]


def words_of(below: list[tuple[int, int, str]], process: int) -> str:
    return next((words for one, _, words in below if one == process), "")


def find_executors(process: int) -> list[int]:
    return [one for one, _, words in list_below(process) if EXECUTOR in words]


def strike(run: subprocess.Popen[str], find: Callable[[int], list[int]], times: int) -> int:
    """Kill what ``find`` finds, ``times`` times, each time another process and while the run goes on; how often that was."""
    struck: set[int] = set()
    end = time.monotonic() + PATIENCE
    while len(struck) < times and run.poll() is None and time.monotonic() < end:
        for one in find(run.pid):
            if one not in struck and len(struck) < times:
                os.kill(one, signal.SIGKILL)
                struck.add(one)
                time.sleep(1)
                break
        time.sleep(0.05)
    return len(struck)


@pytest.mark.parametrize(("engine", "find"), [("local[2]", find_workers), (CLUSTER, find_executors)])
def test_a_killed_worker_or_executor_costs_time_only(
    engine: str, find: Callable[[int], list[int]], spark_orders: Path, local_manifest: dict[str, Any], tmp_path: Path
) -> None:
    run = start_run(spark_orders, tmp_path / "out", engine)
    struck = strike(run, find, 2)
    said = run.communicate(timeout=PATIENCE)[1]
    assert struck == 2
    assert run.returncode == 0, said
    assert read_manifest(tmp_path / "out" / "current") == local_manifest


def test_a_killed_driver_leaves_the_release_and_nothing_else(
    spark_orders: Path, local_manifest: dict[str, Any], released: Path
) -> None:
    before = (released / "current").resolve()
    run = start_run(spark_orders, released, "local[2]")
    assert wait_for(lambda: bool(find_workers(run.pid)))
    below = [one for one, _, _ in list_below(run.pid)]
    os.kill(run.pid, signal.SIGKILL)
    run.communicate(timeout=PATIENCE)
    assert (released / "current").resolve() == before
    assert wait_for(lambda: not any(Path(f"/proc/{one}").exists() for one in below)), "Java or a worker outlives the driver"
    assert af.run(spark_orders).publish(released)
    assert read_manifest(released / "current") == local_manifest
    assert {path.name for path in released.iterdir()} == {"releases", "current", ".affinity-lock"}


def wait_for(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    return done()


def test_a_full_disk_is_told_and_the_release_stays(spark_orders: Path, released: Path) -> None:
    """No file of Spark or Python may grow beyond 4,096 bytes: what a shard is sent in does not fit."""
    before = (released / "current").resolve()
    program = (
        "import resource, sys\n"
        "from affinity.spark_session import spark_session\n"
        "import affinity as af\n"
        "with spark_session('local[2]') as session:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
        "    try: af.run(sys.argv[1], session=session)\n"
        "    except af.AffinityError as error: sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, spark_orders], check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr, run.stderr
    assert "EngineError: The Spark job failed" in run.stderr
    assert "File too large" in run.stderr
    assert (released / "current").resolve() == before
