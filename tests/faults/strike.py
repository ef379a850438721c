"""python -m tests.faults.strike SCENARIO FAULT FOLDER [STRIDE]: the fault at every step (or every STRIDE-th) of the scenario.

Each time in a child that is forked for it, or (verbs of the command line, whose engines have threads that a fork would
lose) in a process of its own; then what was there must be intact, the next run succeed and leave nothing over.
Prints {"injected": …, "refused": …, "killed": …, "passed": …}: how often, and how the child ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from affinity.errors import AffinityError
from tests.faults.failpoints import FAULTS, Failpoints

SECONDS = 60


def in_child(act: Callable[[], int]) -> int:
    """The exit code of ``act`` in a forked child; minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        try:
            code = act()
        except BaseException:
            traceback.print_exc()
            code = 99
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_process(name: str, fault: str, folder: Path, at: int) -> int:
    """The exit code of the same in a process of its own; minus the signal that ended it."""
    asked = [name, fault, str(folder), "--once", str(at)]
    done = subprocess.run([sys.executable, "-m", "tests.faults.strike", *asked], check=False, timeout=10 * SECONDS)
    return done.returncode


def struck(act: Callable[[], Any], at: int, fault: Callable[[], Any]) -> int:
    """0 finished untouched, 10 finished although struck, 11 a clear error, 12 interrupted; what else is raised is a defect."""
    points = Failpoints(at, fault)
    try:
        act()
    except AffinityError as error:
        return 11 if error.what and error.do else 98
    except KeyboardInterrupt:
        return 12
    return 10 if points.hit else 0


OUTCOMES = {10: "passed", 11: "refused", 12: "stopped", -signal.SIGKILL: "killed", -signal.SIGTERM: "killed"}


def strike_everywhere(name: str, fault: str, folder: Path, stride: int = 1) -> Counter[str]:
    """The fault at every ``stride``-th step of a scenario until it ends untouched."""
    from tests.faults.scenarios import SCENARIOS, begin

    scenario, outcomes = SCENARIOS[name], Counter[str]()
    begin(scenario, folder)
    scenario.act(folder)  # once in the parent: what is imported and compiled is then shared
    at = 0
    while True:
        at += 1 if at == 0 else stride
        begin(scenario, folder)
        if scenario.has_threads:
            code = in_process(name, fault, folder, at)
        else:
            code = in_child(lambda: struck(lambda: scenario.act(folder), at, FAULTS[fault]))  # noqa: B023
        if code == 0:
            break
        assert code in OUTCOMES, f"{name}, {fault} at step {at}: the child ended with {code}"
        outcomes["injected"] += 1
        outcomes[OUTCOMES[code]] += 1
        try:
            scenario.intact(folder)
            scenario.act(folder)
            scenario.done(folder)
        except Exception as error:
            error.add_note(f"{name}, {fault} at step {at}, the child ended with {code}")
            raise
    return outcomes


def main() -> None:
    """What the module says."""
    warnings.simplefilter("ignore")
    name, fault, folder, *rest = sys.argv[1:]
    if rest[:1] == ["--once"]:
        from tests.faults.scenarios import SCENARIOS

        sys.exit(struck(lambda: SCENARIOS[name].act(Path(folder)), int(rest[1]), FAULTS[fault]))
    sys.stdout.write(json.dumps(strike_everywhere(name, fault, Path(folder), *map(int, rest))))


if __name__ == "__main__":
    main()
