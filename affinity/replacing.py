"""Files that take the place of others in one rename: a reader sees the old one or the new one whole, and nothing is left over.

What is being written has a hidden name beside its target and is locked by its writer; what a killed writer left is known
by its lock being free, and is removed by the next writer of the same file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from affinity.errors import OutputError

#: The file in a folder of passage that its process locks.
HELD = ".held"
#: What a disk says that is full, read-only, or has no room for a file so large.
REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to (an empty file is there); when the block ends well it replaces ``path``, on disk.

    When the block raises, whatever it raises, ``path`` is as it was and the other file is gone. OSErrors are passed on.
    """
    _clear_left(path)
    aside = path.with_name(f".{path.name}.new-{os.getpid()}")
    held = _hold(aside)
    try:
        yield aside
        _sync_file(aside)
        os.replace(aside, path)
        sync_folder(path.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    finally:
        os.close(held)


@contextlib.contextmanager
def working_folder(prefix: str = "affinity-") -> Iterator[Path]:
    """A folder for files of passage, gone when the block ends; those that killed processes left are removed first.

    Raises OutputError where it cannot be made, or where the disk refuses what is written in the block.
    """
    import tempfile

    try:
        for entry in sorted(Path(tempfile.gettempdir()).glob(f"{prefix}*")):
            _remove_if_free(entry / HELD, entry)
            _remove_if_just_made(entry, prefix)
        folder, held = _make_held(prefix)
    except OSError as error:
        raise _no_passage(error) from None
    try:
        yield folder
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        raise _no_passage(error) from None
    finally:
        _remove_folder(folder)
        os.close(held)


def _remove_if_just_made(folder: Path, prefix: str) -> None:
    """Remove a folder of passage whose process was killed before it put its lock there, or after it took it away.

    Only an empty one that `mkdtemp` made for this user. Of a process that lives and is about to lock it, see `_make_held`.
    """
    with contextlib.suppress(OSError):
        made = folder.stat(follow_symlinks=False)
        own = made.st_uid == os.geteuid() and made.st_mode == stat.S_IFDIR | stat.S_IRWXU
        if own and re.fullmatch(f"{re.escape(prefix)}[a-z0-9_]{{8}}", folder.name):
            folder.rmdir()


def _make_held(prefix: str) -> tuple[Path, int]:
    """A new folder and the descriptor that holds it; nothing is left where its lock cannot be made."""
    while True:
        folder = Path(mkdtemp(prefix=prefix))
        try:
            return folder, _hold(folder / HELD)
        except FileNotFoundError:  # another process removed it as left over, between its making and its lock
            continue
        except OSError:
            _remove_folder(folder)
            raise


def _remove_folder(folder: Path) -> None:
    """Remove all that is in it before its lock: who is killed meanwhile leaves it to the next one, or leaves it empty."""
    with contextlib.suppress(OSError):
        for entry in sorted(entry for entry in folder.iterdir() if entry.name != HELD):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _no_passage(error: OSError) -> OutputError:
    return OutputError(
        f"Files of passage cannot be written: {error.strerror or error}.",
        do="Make room where temporary files go, or set TMPDIR to another folder.",
    )


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _hold(path: Path) -> int:
    """Create ``path`` and lock it as long as the returned descriptor is open."""
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks: nobody will take it for left over either
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # waits for a process that found it not locked yet, and removes it
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _clear_left(path: Path) -> None:
    begin = f".{path.name}.new-"
    with contextlib.suppress(OSError):
        for entry in sorted(entry for entry in path.parent.iterdir() if entry.name.startswith(begin)):
            _remove_if_free(entry, entry)


def _remove_if_free(lock: Path, left: Path) -> None:
    """Remove ``left`` where nobody holds ``lock``."""
    import fcntl

    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # gone meanwhile, or of another user
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if left.is_dir():
            _remove_folder(left)
        else:
            left.unlink(missing_ok=True)
    except OSError:
        return
    finally:
        os.close(descriptor)
