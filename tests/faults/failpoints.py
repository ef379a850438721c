"""Failpoints: every step by which this process changes the disk is counted, and one of them fails.

Python tells its audit hooks of every open, rename, removal, link and folder; fsync is wrapped. Nothing of the package is
changed, and what an audit hook raises comes out of the call that is about to be made.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

#: Audit events that change the disk. os.rename is os.replace too.
CHANGES = frozenset(
    {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.truncate", "os.utime", "sqlite3.connect"}
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Failpoints:
    """Counts the steps from now on; ``act`` runs instead of (before) the ``at``-th one; 0: only count."""

    def __init__(self, at: int, act: Callable[[], Any]) -> None:
        self.at, self.act, self.seen, self.hit = at, act, 0, False
        sys.addaudithook(self._hear)
        self._fsync = os.fsync
        os.fsync = self._sync

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            self.step()

    def _sync(self, descriptor: int) -> None:
        self.step()
        self._fsync(descriptor)

    def step(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.hit = True
            self.act()


def die() -> None:
    """kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk() -> None:
    """The disk is full."""
    raise OSError(errno.ENOSPC, "No space left on device")


def deny() -> None:
    """The disk was mounted read-only meanwhile."""
    raise OSError(errno.EROFS, "Read-only file system")


def interrupt() -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


def terminate() -> None:
    """SIGTERM, handled or not."""
    os.kill(os.getpid(), signal.SIGTERM)


FAULTS: dict[str, Callable[[], Any]] = {
    "kill": die, "disk full": fill_disk, "read-only": deny, "ctrl-c": interrupt, "sigterm": terminate,
}  # fmt: skip
