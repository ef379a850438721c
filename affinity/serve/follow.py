"""Following a folder's current release: the next one is opened aside, then takes the place of the old in one assignment.

Who has begun to answer from the old release keeps it (it is an object) until the answer is given.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from affinity.release import open_release
from affinity.release.folder import CURRENT, MANIFEST
from affinity.release.opened import find_release
from affinity.release.verify import Stamp, stamp_files
from affinity.serve.log import Log
from affinity.serve.shelf import Shelf


class Follower:
    """The shelf of the current release of ``path`` (a release folder, or one release)."""

    def __init__(self, path: Path, *, log: Log) -> None:
        self._path, self._log, self._seen = path, log, _target(path)
        self._sound: dict[str, Stamp] = {}
        self.shelf = self._open_sound()
        self.switches, self.failures = 0, 0

    async def follow(self, seconds: float) -> None:
        """Look every so many seconds, for ever; a release that cannot be opened is logged, and the old one stays."""
        try:
            await asyncio.get_running_loop().run_in_executor(None, self.shelf.warm)
        except Exception as error:
            self._refuse(error)
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
        except Exception as error:  # whatever a damaged file leads to: the next release is looked for all the same
            self._seen = target
            self._refuse(error)
            return
        self._seen = target
        if shelf.id != self.shelf.id:
            self._log.write("release_switched", release=shelf.id, before=self.shelf.id)
            self.shelf, self.switches = shelf, self.switches + 1

    def _refuse(self, error: Exception) -> None:
        self.failures += 1
        self._log.write("release_refused", kind=type(error).__name__, why=getattr(error, "what", None))

    def _open(self) -> Shelf:
        shelf = self._open_sound()
        shelf.warm()
        return shelf

    def _open_sound(self) -> Shelf:
        """The shelf of the current release, after every file of it was found to hold the bytes that were written; ReleaseError
        names one that does not. A release found sound is read again only when one of its files was written since."""
        release = find_release(self._path)
        stamp = stamp_files(release)
        shelf = open_shelf(release, verify=self._sound.get(release.name) != stamp)
        kept = {name: known for name, known in self._sound.items() if (release.parent / name).is_dir()}
        self._sound = kept | {release.name: stamp}
        return shelf


def open_shelf(path: Path, *, verify: bool = True) -> Shelf:
    """The shelf of the current release of ``path``, or of one release."""
    return Shelf(open_release(path, verify=verify))


def _target(path: Path) -> tuple[str, int]:
    """What ``current`` points to and which manifest stands there (a mended one is another); ("", 0): a single release."""
    try:
        return os.readlink(path / CURRENT), (path / CURRENT / MANIFEST).stat().st_ino
    except OSError:
        return "", 0
