"""python -m tests.faults.phases SIGNAL FOLDER [DELAY…]: `affinity run` gets SIGTERM, SIGINT or SIGKILL in each phase.

So many seconds after the phase has begun (0 and a tenth). Each time the release that was there must be intact; then the same
run must succeed and leave nothing over, neither in the release folder nor among the temporary files. Prints
{"injected": …, "stopped": …, "killed": …, "finished": …}: how the process ended.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from affinity.release import list_releases, open_release, release_id
from affinity.sample_shop import make_shop, write_shop
from tests.faults.scenarios import OLD, publish

ROOT = Path(__file__).parents[2]
PHASES = (
    "reading orders",
    "counting itemsets and pairs",
    "measuring conversion, learning fit",
    "ranking",
    "metrics",
    "publish",
)
ENDED = {130: "stopped", 143: "stopped", -signal.SIGKILL: "killed", 0: "finished"}

#: Runs the command line, and sends itself the signal when the phase begins, or so many seconds later.
PROGRAM = """
import contextlib, os, signal, sys, threading
from affinity import flow, learning, result
from affinity.cli import main
number, phase, delay, *sys.argv[1:] = sys.argv[1:]

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it begins in the background ignore it

def strike():
    os.kill(os.getpid(), int(number))

@contextlib.contextmanager
def step(label):
    if label == phase:
        if float(delay):
            threading.Timer(float(delay), strike).start()
        else:
            strike()
    yield

real = result.Result.publish
def publish(self, *given, **named):
    with step("publish"):
        return real(self, *given, **named)

flow.step = learning.step = step
result.Result.publish = publish
main()
"""


def run_with(number: int, phase: str, delay: float, orders: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A run into ``folder``/shop that is sent the signal in a phase ("": never)."""
    passing = folder / "passing"
    passing.mkdir(exist_ok=True)
    given = [str(number), phase, str(delay), "run", str(orders), "--out", str(folder / "shop"), "--json"]
    command = [sys.executable, "-c", PROGRAM, *given]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"TMPDIR": str(passing)}, capture_output=True, text=True)


def strike_phases(number: int, folder: Path, delays: Sequence[float] = (0.0, 0.1)) -> Counter[str]:
    """Every phase, once for each delay (seconds from its begin)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    orders, outcomes = write_shop(make_shop(seed=3, customers=60), folder / "files")["orders"], Counter[str]()
    for phase in PHASES:
        for delay in delays:
            shutil.rmtree(folder / "shop", ignore_errors=True)
            publish(folder / "shop", OLD)
            done = run_with(number, phase, delay, orders, folder)
            at = f"signal {number} {delay} s into {phase!r}: {done.returncode} {done.stderr[-2000:]}"
            assert done.returncode in ENDED, at
            assert "Traceback" not in done.stderr, at
            outcomes["injected"] += 1
            outcomes[ENDED[done.returncode]] += 1
            assert open_release(folder / "shop").id == release_id(OLD) or phase == "publish" or done.returncode == 0, at
            open_release(folder / "shop" / "releases" / release_id(OLD))
            if number != signal.SIGKILL:
                assert not list((folder / "passing").glob("affinity-*")), at
            again = run_with(0, "", 0.0, orders, folder)
            assert again.returncode == 0, f"{at}; then {again.stderr[-2000:]}"
            assert_tidy(folder / "shop")
            assert not list((folder / "passing").glob("affinity-*")), at
            sys.stderr.write(f"{phase} + {delay} s: {ENDED[done.returncode]}\n")
    return outcomes


def assert_tidy(shop: Path) -> None:
    """Every release is whole and nothing is left over."""
    open_release(shop)
    for release in list_releases(shop):
        open_release(shop / "releases" / release["id"])
    assert {path.name for path in shop.iterdir()} == {"releases", "current", ".affinity-lock"}


if __name__ == "__main__":
    asked = [float(delay) for delay in sys.argv[3:]]
    number = getattr(signal, sys.argv[1])
    sys.stdout.write(json.dumps(strike_phases(int(number), Path(sys.argv[2]), asked or (0.0, 0.1))))
