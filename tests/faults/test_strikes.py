"""A fault at any step leaves what was published as it was; the next run succeeds and leaves nothing over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Scenario -> a stride at which the fast suite strikes; every step behind the slow marker.
FEW = {"publish": 37, "feed": 5, "first feed": 5, "plan": 2, "table.csv": 2, "backtest": 2, "state": 4}
ALL = (
    "first publish", "publish", "publish, keep one", "go back", "first feed", "feed", "backtest", "plan", "table.parquet",
    "table.csv", "table.json", "first state", "state",
)  # fmt: skip


def strike(scenario: str, fault: str, folder: Path, stride: int) -> dict[str, int]:
    """What `tests.faults.strike` counted."""
    command = [sys.executable, "-m", "tests.faults.strike", scenario, fault, str(folder), str(stride)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("scenario", FEW)
def test_a_kill_here_and_there(scenario: str, tmp_path: Path) -> None:
    counted = strike(scenario, "kill", tmp_path / "x", FEW[scenario])
    assert counted["injected"] == counted["killed"] >= 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["kill", "disk full", "read-only", "ctrl-c", "sigterm"])
@pytest.mark.parametrize("scenario", ALL)
def test_every_fault_at_every_step(scenario: str, fault: str, tmp_path: Path) -> None:
    counted = strike(scenario, fault, tmp_path / "x", 1)
    assert counted["injected"] >= 3
    assert sum(counted.values()) == 2 * counted["injected"]
