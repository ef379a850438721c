"""The event log: append-only segments of JSON lines, on disk before anybody is told so.

folder/
  events-000001.jsonl   a line an event, in the order received; never changed once the next one is begun
  events-000001.ids     of a finished segment: the 16-byte hashes of its event ids, sorted
  events-000002.torn    what a crash left half written (never acknowledged), set aside when the log was opened
  .lock                 held by the one process that appends

Events that arrive while the disk is busy are written and fsynced together (group commit). An event id that was
acknowledged once is never written again, in any later life of the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import OutputError
from affinity.replacing import replacing, sync_folder

#: A segment is finished when it holds so many bytes.
SEGMENT_BYTES = 32 << 20

#: Events that may wait for the disk; more are refused (503) instead of filling the memory.
MOST_WAITING = 50_000


class LogBusy(Exception):
    """More events wait for the disk than may, or it failed; nothing of them was acknowledged."""


class EventLog:
    """Appends events durably; one process at a time."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Opens the log, or begins it; OutputError where it cannot be written or another process has it."""
        self.folder, self._segment_bytes = folder, segment_bytes
        self._waiting: list[tuple[bytes, bytes]] = []
        self._in_flight: dict[bytes, asyncio.Future[None]] = {}
        self._flush: asyncio.Future[None] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"Another server appends to the event log {str(folder)!r}.", do="Stop it, or name another folder with --events."
            ) from None
        except OSError as error:
            raise OutputError(
                f"The event log {str(folder)!r} cannot be written: {error.strerror or error}.", do="Name another with --events."
            ) from None
        self._finished = [_read_ids(path) for path in _segments(folder)[:-1]]
        self._open_last()

    def _open_last(self) -> None:
        paths = _segments(self.folder)
        self._path = paths[-1] if paths else self.folder / "events-000001.jsonl"
        self._ids = set(_recover(self._path)) if paths else set()
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._size = os.fstat(self._file).st_size
        sync_folder(self.folder)

    def knows(self, key: bytes) -> bool:
        """Whether an event with this hash was acknowledged."""
        return key in self._ids or any(_holds(ids, key) for ids in self._finished)

    async def append(self, events: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
        """Write events (plain values with an event_id); returns (written, known before) once all of them are on disk.

        LogBusy when they cannot be written now: then none of those that are new was acknowledged, and sending all of them
        again is safe.
        """
        loop, mine, known = asyncio.get_running_loop(), 0, 0
        waits: set[asyncio.Future[None]] = set()
        if len(self._waiting) > MOST_WAITING:
            raise LogBusy
        for event in events:
            key = _hash(event["event_id"])
            if key in self._in_flight:
                waits.add(self._in_flight[key])
                known += 1
            elif self.knows(key):
                known += 1
            else:
                self._flush = self._flush or loop.create_future()
                self._in_flight[key] = self._flush
                self._waiting.append((key, _line(event)))
                waits.add(self._flush)
                mine += 1
        if self._flush is not None and not self._writing:
            self._writing = True
            self._task = loop.create_task(self._write_all())
        for wait in waits:
            await asyncio.shield(wait)
        return mine, known

    _writing = False
    _task: asyncio.Task[None] | None = None

    async def _write_all(self) -> None:
        """Write what waits, and what has come to wait meanwhile, until nothing does."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, done = self._waiting, self._flush
            assert done is not None
            self._waiting, self._flush = [], None
            failure: OSError | None = None
            try:
                await loop.run_in_executor(None, self._write, b"".join(line for _, line in batch))
            except OSError as error:
                failure = error
            for key, _ in batch:
                del self._in_flight[key]
            if failure is None:
                self._ids.update(key for key, _ in batch)
                done.set_result(None)
                if self._size >= self._segment_bytes:
                    with contextlib.suppress(OSError):  # no room for it now: the segment grows until there is
                        await loop.run_in_executor(None, self._begin_next)
            else:
                done.set_exception(LogBusy(str(failure)))
                done.exception()  # looked at, even when nobody waits any more
        self._writing = False

    def _write(self, data: bytes) -> None:
        """Append and fsync, or leave the file as it was."""
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _begin_next(self) -> None:
        """Finish the segment: its ids are on disk before the next one is begun. OSError leaves everything as it was."""
        ids = _write_ids(self._path, self._ids)
        path = self.folder / f"events-{int(self._path.stem.rpartition('-')[2]) + 1:06d}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.close(self._file)
        self._path, self._file, self._size = path, file, 0
        self._finished.append(ids)
        self._ids = set()
        sync_folder(self.folder)

    async def close(self) -> None:
        """Wait for what is being written, then let go of the log."""
        if self._task is not None:
            await self._task
        os.close(self._file)
        os.close(self._lock)


def read_events(folder: Path) -> Iterator[dict[str, Any]]:
    """Every event of a log, in the order received; a line that is torn or damaged is passed over."""
    for path in _segments(folder):
        with path.open("rb") as file:
            for event in map(_parse, file):
                if event is not None:
                    yield event


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("events-*.jsonl"))


def _line(event: Mapping[str, Any]) -> bytes:
    """One line; a short checksum goes first, so that a torn or damaged line is known."""
    text = json.dumps(event, ensure_ascii=True, separators=(",", ":"))
    return f'{{"sum":"{_sum(text)}",{text[1:]}\n'.encode()


def _parse(line: bytes) -> dict[str, Any] | None:
    """The event of a line without its checksum, None where it is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        event = json.loads(line)
        said = event.pop("sum")
        whole = said == _sum(json.dumps(event, ensure_ascii=True, separators=(",", ":"))) and isinstance(event["event_id"], str)
        return event if whole else None
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None


def _sum(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()


def _hash(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=16).digest()


def _recover(path: Path) -> Iterator[bytes]:
    """The hashes of the whole lines; what follows the last one goes to a .torn file. Damage before it stays in place."""
    whole = at = 0
    with path.open("rb") as file:
        for line in file:
            at += len(line)
            event = _parse(line)
            if event is not None:
                whole = at
                yield _hash(event["event_id"])
        file.seek(whole)
        rest = file.read()
    if rest:
        with path.with_suffix(".torn").open("ab") as aside:
            aside.write(rest)
            aside.flush()
            os.fsync(aside.fileno())
        with path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())


def _read_ids(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The sorted hashes of a finished segment (16 bytes of memory an event); made again where they are missing."""
    ids = path.with_suffix(".ids")
    if not ids.is_file() or ids.stat().st_size % 16 or ids.stat().st_size == 0:
        return _write_ids(path, set(_recover(path)))
    return _split(ids.read_bytes())


def _write_ids(path: Path, ids: set[bytes]) -> tuple[np.ndarray, np.ndarray]:
    data = b"".join(sorted(ids))
    with replacing(path.with_suffix(".ids")) as aside:
        aside.write_bytes(data)
    return _split(data)


def _split(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second halves of the hashes, uint64."""
    halves = np.frombuffer(data, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    return np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1])


def _holds(ids: tuple[np.ndarray, np.ndarray], key: bytes) -> bool:
    first, second = (np.uint64(int.from_bytes(half)) for half in (key[:8], key[8:]))
    begin, end = np.searchsorted(ids[0], first, side="left"), np.searchsorted(ids[0], first, side="right")
    return bool((ids[1][begin:end] == second).any())
