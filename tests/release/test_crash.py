"""A crash, a kill or a full disk at any moment leaves what was published as it was, and the next run mends the rest."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affinity.errors import OutputError
from affinity.release import check_output, list_releases, open_release, release_id, write_release
from affinity.release.folder import ASIDE
from tests.release.content import REPORT, make_identity, make_tables

#: Everything by which publishing changes the disk (opening a file for writing is followed by its fsync).
STEPS = (
    *((os, name) for name in ("rename", "replace", "fsync", "symlink", "mkdir", "utime")),
    (shutil, "rmtree"),
)
#: Places to kill at: some while files are written, and every one from the last files on, when things are moved.
EARLY, MOVING = (1, 2, 3, 4, 5, 13, 24), 35
OLD, NEW = make_identity(0), make_identity(1)

DRIVER = """
import os, signal, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from affinity.release import open_release, write_release
from tests.release import test_crash as t

prepare, folder = getattr(t, sys.argv[1]), Path(sys.argv[2])
publish = lambda: write_release(folder, t.make_tables(1), report=t.REPORT, identity=t.NEW)
finished = False
for kill_at in (*t.EARLY, *range(t.MOVING, 500)):
    if kill_at < t.MOVING and sys.argv[1] == "start_with_new_damaged":
        continue
    prepare(folder)
    child = os.fork()
    if child == 0:
        t.fail_at(kill_at, lambda: os.kill(os.getpid(), signal.SIGKILL))
        publish()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    t.check_after_kill(folder, published_before=sys.argv[1] != "start_empty")
    publish()
    t.check_whole(folder)
    if status == 0:
        finished = True
        break
assert finished and kill_at > 40, kill_at
print("killed at", kill_at - 1, "places")
"""


def fail_at(count: int, act: Callable[[], Any]) -> None:
    """From now on in this process, ``act`` runs instead of the ``count``-th step that changes the disk."""
    seen = 0

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            return act() if seen == count else function(*arguments, **options)

        return step

    for module, name in STEPS:
        setattr(module, name, wrap(getattr(module, name)))


def start_empty(folder: Path) -> None:
    """No folder yet."""
    shutil.rmtree(folder, ignore_errors=True)


def start_with_old(folder: Path) -> None:
    """One release is there."""
    start_empty(folder)
    write_release(folder, make_tables(0), report=REPORT, identity=OLD)


def start_with_new_damaged(folder: Path) -> None:
    """Two are there, the old one current; the one about to be published again is damaged."""
    start_empty(folder)
    damaged = write_release(folder, make_tables(1), report=REPORT, identity=NEW)
    write_release(folder, make_tables(0), report=REPORT, identity=OLD)
    (damaged / "pairs.parquet").write_bytes(b"PAR1")


def check_after_kill(folder: Path, published_before: bool) -> None:
    """Whatever is current is whole; the old release is there and whole; the folder can be published into."""
    check_output(folder)
    if published_before:
        assert open_release(folder).id in (release_id(OLD), release_id(NEW))
        open_release(folder / "releases" / release_id(OLD))
    elif (folder / "current").exists():
        assert open_release(folder).id == release_id(NEW)


def check_whole(folder: Path) -> None:
    """The new release is current and every release is whole; nothing is left aside."""
    assert open_release(folder).id == release_id(NEW)
    for release in list_releases(folder):
        open_release(folder / "releases" / release["id"])
    assert not list(folder.glob(f"{ASIDE}*"))
    assert {path.name for path in folder.iterdir()} == {"releases", "current", ".affinity-lock"}


@pytest.mark.parametrize("start", ["start_empty", "start_with_old", "start_with_new_damaged"])
def test_a_kill_at_any_step_leaves_the_previous_release_untouched(tmp_path: Path, start: str) -> None:
    command = [sys.executable, "-c", DRIVER, start, str(tmp_path / "shop")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "places" in done.stdout


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_error_at_any_step_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    folder = tmp_path / "shop"
    start_with_old(folder)

    def act() -> None:
        raise error

    for place in (2, 5, 20, 37):  # place 1 asks for a folder that is there
        with monkeypatch.context() as patch:
            for module, name in STEPS:
                patch.setattr(module, name, getattr(module, name))  # so that they are put back
            fail_at(place, act)
            expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
            with pytest.raises(expected):
                write_release(folder, make_tables(1), report=REPORT, identity=NEW)
        assert open_release(folder).id == release_id(OLD)
        assert not list(folder.glob(f"{ASIDE}{release_id(NEW)}*"))


def test_a_full_disk_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OutputError, match=r"cannot be written to .*: No space left on device\. What was published before"):
        write_release(tmp_path / "shop", make_tables(), report=REPORT, identity=OLD)


def test_staging_of_dead_runs_is_cleared(tmp_path: Path) -> None:
    start_with_old(tmp_path)
    (tmp_path / f"{ASIDE}0123456789ab-77").mkdir()
    (tmp_path / f"{ASIDE}0123456789ab-77" / "half.parquet").write_bytes(b"x")
    os.symlink("releases/gone", tmp_path / f"{ASIDE}current-77")
    write_release(tmp_path, make_tables(1), report=REPORT, identity=NEW)
    check_whole(tmp_path)
