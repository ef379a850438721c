"""``python -m affinity`` is the command line."""

from __future__ import annotations

import subprocess
import sys


def test_the_package_runs_as_a_module():
    said = subprocess.run(
        [sys.executable, "-m", "affinity", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "0.1.0" in said.stdout
