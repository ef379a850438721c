"""A PostgreSQL server of the test's own: a cluster in a temporary folder, on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER, PASSWORD = "shop", "s3cret:word"


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL's server is not installed (package postgresql)")
    return found[-1].parent


def _as_user() -> list[str]:
    """The server refuses root: there it runs as the user that its package made, else as who runs the tests."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("The server does not run as root, and setpriv is not there to change the user")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextmanager
def run_server() -> Iterator[str]:
    """The address (without its password) of a fresh server, which is stopped and removed at the end."""
    pytest.importorskip("adbc_driver_postgresql", reason="the extra postgres is not installed")
    programs, user = _programs(), _as_user()
    folder = Path(tempfile.mkdtemp(prefix="affinity-pg-"))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user:
            for path in (folder, secret):
                shutil.chown(path, "postgres", "postgres")
        _run([*user, programs / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", secret, "-A", "scram-sha-256",
              "-E", "UTF8", "--no-sync"])  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c shared_buffers=16MB"
        control = [*user, programs / "pg_ctl", "-D", folder / "data", "-w", "-t", "60"]
        _run([*control, "-l", folder / "log", "-o", options, "start"])
        try:
            yield f"127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd="/", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
