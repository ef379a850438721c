"""Faults from outside: full disks, damaged files, limits of memory, two runs at once, clocks that jump, signals."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affinity import replacing as replacing_room
from affinity.cli import app as cli
from affinity.errors import OutputError, ReleaseError
from affinity.release import folder as folder_room
from affinity.release import open_release, release_id, use_release
from affinity.release.feeds import write_feed
from affinity.replacing import HELD, working_folder
from affinity.sample_shop import make_shop, write_shop
from affinity.serve.follow import open_shelf
from affinity.state import LOCK, MARKER, open_state
from tests.faults.phases import PHASES, assert_tidy, strike_phases
from tests.faults.scenarios import NEW, OLD, publish

ROOT = Path(__file__).parents[2]

#: A run of a small shop has ended by then, however busy the machine is.
WALL_SECONDS = 600


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The orders of a small shop."""
    return write_shop(make_shop(seed=3, customers=60), tmp_path_factory.mktemp("shop"))["orders"]


def run_affinity(*arguments: str | Path, folder: Path, most_bytes: int = 0) -> subprocess.Popen[str]:
    """`affinity …` with a folder for files of passage of its own."""
    (folder / "passing").mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(folder / "passing")}
    command = [sys.executable, "-m", "affinity", *map(str, arguments)]
    pipe = subprocess.PIPE
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)
    if most_bytes:
        resource.prlimit(run.pid, resource.RLIMIT_AS, (most_bytes, most_bytes))
    return run


def damages(content: bytes, places: int) -> Iterator[bytes]:
    """``content`` cut, flipped by a bit and made longer, at ``places`` places each."""
    for part in range(places):
        at = len(content) * part // places
        yield content[:at]
        yield content[:at] + bytes([content[at] ^ 1 << part % 8]) + content[at + 1 :]
    yield content + b"\0"


def check_damage(folder: Path, places: int) -> int:
    """Every file of a release damaged: verifying, going back to it and serving it refuse and name the file."""
    release, count = publish(folder / "shop", NEW, 1), 0
    publish(folder / "shop", OLD)
    for path in sorted(path for path in release.rglob("*") if path.is_file()):
        good = path.read_bytes()
        for bad in damages(good, places if good else 0):
            path.write_bytes(bad)
            for refuses in (open_release, open_shelf):
                with pytest.raises(ReleaseError, match=path.name):
                    refuses(release)
            with pytest.raises(ReleaseError):
                use_release(folder / "shop", release.name)
            assert open_release(folder / "shop").id == release_id(OLD)
            count += 1
        path.write_bytes(good)
    return count


def test_damaged_files_are_named_and_never_served(tmp_path: Path) -> None:
    assert check_damage(tmp_path, 1) > 40


@pytest.mark.slow
def test_files_damaged_at_many_places(tmp_path: Path) -> None:
    assert check_damage(tmp_path, 16) > 600


def test_files_too_large_for_the_disk(tmp_path: Path) -> None:
    """A real limit on the size of files cuts a write in the middle, wherever it is."""
    publish(tmp_path / "shop", OLD)
    program = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from pathlib import Path; from affinity.errors import OutputError; from tests.faults import scenarios as s\n"
        "import resource\n"
        "for size in map(int, sys.argv[2:]):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))\n"
        "    try: s.publish(Path(sys.argv[1]), s.NEW, 1)\n"
        "    except OutputError as error: assert 'File too large' in str(error)\n"
        "    else: sys.exit(f'{size} bytes were enough')\n"
    )
    sizes = [str(size) for size in (0, 1, 100, 1000, 1500, 2000)]
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "shop", *sizes], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_tidy(tmp_path / "shop")
    publish(tmp_path / "shop", NEW, 1)
    assert_tidy(tmp_path / "shop")


def publish_many(shop: Path) -> None:
    """Releases until something gives way."""
    for number in range(200):
        publish(shop, OLD | {"number": number}, keep=200)


def write_feeds(disk: Path) -> None:
    """Feeds until something gives way."""
    for number in range(40):
        write_feed(open_release(disk / "shop"), disk / f"feed-{number}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
@pytest.mark.parametrize("kilobytes", [16, 64, 128])
def test_a_disk_that_is_really_full(tmp_path: Path, kilobytes: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        with pytest.raises(OutputError, match="No space left"):
            publish_many(disk / "shop")
        left = list((disk / "shop").glob(".staging-*"))
        assert not left
        if (disk / "shop" / "current").exists():
            open_release(disk / "shop")
            with pytest.raises(OutputError, match=r"cannot be written to .*(No space left|full)"):
                write_feeds(disk)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_two_runs_into_the_same_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "shop", OLD)
    monkeypatch.setattr(folder_room, "LOCK_TRIES", 3)
    monkeypatch.setattr(folder_room, "LOCK_PAUSE", 0.01)
    with folder_room.locked(tmp_path / "shop"), pytest.raises(OutputError, match="Another run is publishing into"):
        publish(tmp_path / "shop", NEW, 1)
    write_feed(open_release(tmp_path / "shop"), tmp_path / "feed")
    with folder_room.locked(tmp_path / "feed", itself=True), pytest.raises(OutputError, match="Another run"):
        write_feed(open_release(tmp_path / "shop"), tmp_path / "feed")
    assert open_release(tmp_path / "shop").id == release_id(OLD)


@pytest.mark.parametrize("jump", [-40 * 365 * 86400, 40 * 365 * 86400])
def test_clocks_that_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    """A release that was published "in the future", or long ago: the new one is current, and a repeated run is the same."""
    old = publish(tmp_path / "shop", OLD)
    os.utime(old, (time.time() + jump, time.time() + jump))
    publish(tmp_path / "shop", NEW, 1, keep=1)
    assert open_release(tmp_path / "shop").id == release_id(NEW)
    before = {path.name: path.read_bytes() for path in (tmp_path / "shop" / "current").iterdir() if path.is_file()}
    monkeypatch.setattr(time, "time", lambda: float(jump + 2_000_000_000))
    shutil.rmtree(tmp_path / "shop")
    publish(tmp_path / "shop", NEW, 1)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "shop" / "current").iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError(errno.ENOMEM, "x"), ImportError("x.so: failed to map segment from shared object"),
     RuntimeError("can't start new thread")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_memory_that_ran_out_is_told(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> None:
        try:
            raise error
        except Exception as first:
            raise OSError("a library cannot be loaded") from first

    monkeypatch.setattr(cli, "app", run)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "Out of memory. What was published before is untouched." in capsys.readouterr().err


def test_a_state_whose_first_run_was_killed_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / f".{MARKER}.new-123").touch()
    with open_state(tmp_path) as state:
        assert state.load("learnt", "key") is None
    assert {path.name for path in tmp_path.iterdir()} == {MARKER, LOCK}


@pytest.mark.parametrize("at", ["making", "within"])
def test_no_room_for_files_of_passage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def write() -> None:
        with working_folder() as folder:
            (folder / "rows").touch()
            raise OSError(errno.ENOSPC, "No space left on device")

    if at == "making":
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(OutputError, match="Files of passage cannot be written") as told:
        write()
    assert "TMPDIR" in told.value.do
    assert not list(tmp_path.iterdir())


def test_a_killed_removal_leaves_what_the_next_one_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock goes last: a folder of passage that was half removed is removed by the next run."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "affinity-left"
    (left / "spilled").mkdir(parents=True)
    (left / "spilled" / "rows").touch()
    (left / HELD).touch()

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(replacing_room.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            working_folder().__enter__()
    assert (left / HELD).exists()
    with working_folder():
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_of_passage_whose_process_was_killed_in_its_making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is empty: the next run removes it, and nobody's own folder of a like name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = Path(tempfile.mkdtemp(prefix="affinity-"))
    own = {tmp_path / "affinity-shop", tmp_path / "affinity-releases", tmp_path / "affinity-filled_0"}
    for folder in own:
        folder.mkdir(mode=0o755 if folder.name == "affinity-releases" else 0o700)
    (tmp_path / "affinity-filled_0" / "mine").touch()
    with working_folder():
        assert not made.exists()
    assert set(tmp_path.iterdir()) == own


def test_another_defect_is_not_taken_for_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> None:
        raise OSError("a library cannot be loaded")

    monkeypatch.setattr(cli, "app", run)
    with pytest.raises(OSError, match="a library"):
        cli.main()


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [400, 700, 1000, 1400, 2000, 3000])
def test_a_run_without_enough_memory(tmp_path: Path, shop: Path, megabytes: int) -> None:
    publish(tmp_path / "shop", OLD)
    run = run_affinity("run", shop, "--out", tmp_path / "shop", folder=tmp_path, most_bytes=megabytes << 20)
    run.communicate(timeout=WALL_SECONDS)
    assert open_release(tmp_path / "shop").id == release_id(OLD) or run.returncode == 0
    assert run_affinity("run", shop, "--out", tmp_path / "shop", folder=tmp_path).wait(WALL_SECONDS) == 0
    assert_tidy(tmp_path / "shop")
    assert not list((tmp_path / "passing").glob("affinity-*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signals_in_every_phase_of_a_run(tmp_path: Path, number: signal.Signals) -> None:
    counted = strike_phases(number, tmp_path / "x")
    assert counted["injected"] == 2 * len(PHASES)
    assert counted["stopped"] + counted["killed"] >= len(PHASES)


def test_sigterm_stops_a_verb_cleanly(tmp_path: Path) -> None:
    """SIGTERM ends it as Ctrl-C does: what it was writing is gone, one line says so."""
    program = (
        "import os, signal, sys; sys.argv = ['affinity', 'publish', 'x']\n"
        "from affinity.cli import app, publish\n"
        "from affinity.replacing import replacing; from pathlib import Path\n"
        "def stop(*_, **__):\n"
        "    with replacing(Path(sys.argv[2])): os.kill(os.getpid(), signal.SIGTERM)\n"
        "import affinity.release as room; room.list_releases = stop\n"
        "import affinity.cli as cli; cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 143, (done.returncode, done.stderr)
    assert "Stopped." in done.stderr
    assert not list(ROOT.glob(".x.new-*"))
    assert json.dumps(done.stdout) == '""'


def test_a_folder_of_passage_swept_before_its_lock_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Found by fuzzing side by side: another run looks for what killed processes left just then."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened, swept = os.open, []

    def open_and_sweep(path: Any, flags: int, *more: Any, **given: Any) -> int:
        descriptor = opened(path, flags, *more, **given)
        if flags & os.O_CREAT and Path(path).name == HELD and not swept:
            swept.append(Path(path).parent)
            replacing_room._remove_if_free(Path(path), Path(path).parent)
        return descriptor

    monkeypatch.setattr(os, "open", open_and_sweep)
    with working_folder() as folder:
        assert swept[0] != folder
        assert not swept[0].exists()
        (folder / "x").touch()
        replacing_room._remove_if_free(folder / HELD, folder)
        assert (folder / "x").exists(), "a folder that is held was taken"
    assert not list(tmp_path.iterdir())
