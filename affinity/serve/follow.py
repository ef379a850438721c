"""Following a folder's current release: the next one is opened aside, then takes the place of the old in one assignment.

Who has begun to answer from the old release keeps it (it is an object) until the answer is given.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from affinity.errors import ReleaseError
from affinity.release import open_release
from affinity.release.folder import CURRENT
from affinity.serve.log import Log
from affinity.serve.shelf import Shelf


class Follower:
    """The shelf of the current release of ``path`` (a release folder, or one release)."""

    def __init__(self, path: Path, *, log: Log) -> None:
        self._path, self._log, self._seen = path, log, _target(path)
        self.shelf = open_shelf(path)
        self.switches, self.failures = 0, 0

    async def follow(self, seconds: float) -> None:
        """Look every so many seconds, for ever; a release that cannot be opened is logged, and the old one stays."""
        await asyncio.get_running_loop().run_in_executor(None, self.shelf.warm)
        while True:
            await asyncio.sleep(seconds)
            await self.look()

    async def look(self) -> None:
        """Take up the current release if it is another one."""
        target = _target(self._path)
        if target == self._seen:
            return
        try:
            shelf = await asyncio.get_running_loop().run_in_executor(None, self._open)
        except (ReleaseError, OSError, KeyError, ValueError) as error:
            self._seen, self.failures = target, self.failures + 1
            self._log.write("release_refused", kind=type(error).__name__)
            return
        self._seen = target
        if shelf.id != self.shelf.id:
            self._log.write("release_switched", release=shelf.id, before=self.shelf.id)
            self.shelf, self.switches = shelf, self.switches + 1

    def _open(self) -> Shelf:
        shelf = open_shelf(self._path)
        shelf.warm()
        return shelf


def open_shelf(path: Path) -> Shelf:
    """The shelf of the current release; its serving files are compared with the manifest by their sizes.

    Their checksums are verified by who publishes, switches or inspects a release: reading all of it would take seconds.
    """
    release = open_release(path, verify=False)
    for name, expected in release.manifest["files"].items():
        file = release.path / name
        if name.startswith("serving/") and (not file.is_file() or file.stat().st_size != expected["bytes"]):
            raise ReleaseError(f"{name} of release {release.id} is missing or cut short.", do=f"See: affinity inspect {path}")
    return Shelf(release)


def _target(path: Path) -> str:
    """What ``current`` points to; empty for a single release."""
    try:
        return os.readlink(path / CURRENT)
    except OSError:
        return ""
