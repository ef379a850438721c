"""The folder that releases live in: what may be there, the lock, the current one, the order of age, tidying.

folder/
  releases/<id>/   one published release, never changed
  current          relative symlink to the current one, swapped by rename
  .affinity-lock   held while somebody publishes
  .staging-…       a release being written, or what a dead run left
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from affinity.errors import OutputError, ReleaseError
from affinity.replacing import sync_folder

RELEASES, CURRENT, LOCK, ASIDE, MANIFEST = "releases", "current", ".affinity-lock", ".staging-", "manifest.json"
SHOP_FILES = {"orders.csv", "offers.csv", "products.csv", "customers.csv", "truth.json"}
FORMAT = "affinity-release-1"

_ID = re.compile("[0-9a-f]{12}")

#: How often, and with what pause in seconds, a second run asks for the lock before it gives up (two minutes).
LOCK_TRIES, LOCK_PAUSE = 600, 0.2


def check_output(folder: str | Path) -> Path:
    """That ``folder`` can become or is a release folder: new, empty, or holding releases. Writes nothing.

    Raises OutputError for a file, a folder that holds something else, or one that cannot be written.
    """
    folder = Path(folder)
    try:
        nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
        if not nearest.is_dir():
            raise OutputError(f"{str(nearest)!r} is not a folder.", do="Name a new, empty or release folder with --out.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OutputError(f"{str(nearest)!r} cannot be written.", do="Name a folder that can be written with --out.")
        if nearest == folder and not _may_hold_releases(folder):
            names = sorted(entry.name for entry in folder.iterdir() if not _is_ours(entry))
            raise OutputError(
                f"{str(folder)!r} holds something else: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}.",
                why="A release is published only where nothing of yours can be mixed up with it.",
                do="Name a new, empty or release folder with --out.",
            )
    except OSError as error:
        raise OutputError(f"{str(folder)!r} cannot be used: {error.strerror or error}.", do="Name another folder.") from None
    return folder


def _may_hold_releases(folder: Path) -> bool:
    return all(_is_ours(entry) for entry in folder.iterdir()) or bool(release_ids(folder))


def _is_ours(entry: Path) -> bool:
    if entry.name == RELEASES:
        return entry.is_dir() and all(_ID.fullmatch(path.name) for path in entry.iterdir())
    if entry.name == "shop":
        return entry.is_dir() and {path.name for path in entry.iterdir()} <= SHOP_FILES
    return entry.name == LOCK or entry.name.startswith(ASIDE) or (entry.name == CURRENT and entry.is_symlink())


def release_ids(folder: Path) -> list[str]:
    """The ids of the releases in ``folder``, the newest last (by when they were written, ties by id)."""
    home = folder / RELEASES
    if not home.is_dir():
        return []
    found = [path for path in home.iterdir() if _ID.fullmatch(path.name) and (path / MANIFEST).is_file()]
    return [path.name for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))]


def current_id(folder: Path) -> str | None:
    """The id that ``current`` points to, None without one."""
    link = folder / CURRENT
    return Path(os.readlink(link)).name if link.is_symlink() else None


def list_releases(folder: str | Path) -> list[dict[str, Any]]:
    """The releases of a folder, oldest first: id, as_of, current (bool), rows (of each table)."""
    folder = Path(folder)
    current = current_id(folder)
    listed = []
    for name in release_ids(folder):
        manifest = read_manifest(folder / RELEASES / name)
        listed.append({"id": name, "as_of": manifest["as_of"], "current": name == current, "rows": manifest["rows"]})
    if not listed:
        raise ReleaseError(f"{str(folder)!r} holds no release.", do="Publish one with: affinity run ORDERS --out FOLDER")
    return listed


def read_manifest(release: Path) -> dict[str, Any]:
    """The manifest of a release as plain values; ReleaseError when it cannot be read or is no manifest."""
    path = release / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        if manifest["format"] != FORMAT or not {"release", "as_of", "rows", "files"} <= set(manifest):
            raise KeyError("format")
    except (OSError, ValueError, KeyError, TypeError):
        raise ReleaseError(
            f"{str(path)!r} is missing or damaged.",
            why="Without its manifest nobody can say what the release should hold.",
            do="Run again with the same input to publish it anew, or go back with: affinity publish FOLDER --use ID",
        ) from None
    return dict(manifest)


@contextlib.contextmanager
def publishing(folder: Path) -> Iterator[None]:
    """What is published into ``folder`` inside; OutputError where the disk does not take it."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The release cannot be written to {str(folder)!r}: {error.strerror or error}.",
            why="What was published before is untouched.",
            do="Make room, or name a folder that can be written, and run again.",
        ) from None


@contextlib.contextmanager
def locked(folder: Path, *, itself: bool = False) -> Iterator[None]:
    """Hold the folder's lock; a second run waits for it, two minutes at most (then OutputError).

    itself : lock the folder instead of a file in it, where no such file should be seen
    """
    import fcntl

    if itself:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    else:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        for attempt in range(LOCK_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == LOCK_TRIES - 1:
                    raise OutputError(
                        f"Another run is publishing into {str(folder)!r} and has not finished.",
                        do="Wait for it to end, then run again.",
                    ) from None
                time.sleep(LOCK_PAUSE)
        yield
    finally:
        os.close(descriptor)


def point_to(folder: Path, name: str) -> None:
    """Swap ``current`` to release ``name`` in one rename."""
    aside = folder / f"{ASIDE}current-{os.getpid()}"
    aside.unlink(missing_ok=True)
    os.symlink(f"{RELEASES}/{name}", aside)
    os.replace(aside, folder / CURRENT)
    sync_folder(folder)


def clear_aside(folder: Path) -> None:
    """Remove what dead runs left (only under the lock: nobody else is writing then)."""
    for entry in sorted(folder.glob(f"{ASIDE}*")):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def remove_older(folder: Path, keep: int) -> list[str]:
    """Remove all but the newest ``keep`` releases and the current one; each leaves in one rename. Returns their ids."""
    names = release_ids(folder)
    removed = [name for name in names[: max(len(names) - keep, 0)] if name != current_id(folder)]
    for name in removed:
        aside = folder / f"{ASIDE}removed-{name}"
        os.rename(folder / RELEASES / name, aside)
        shutil.rmtree(aside, ignore_errors=True)
    return removed
