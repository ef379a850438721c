"""The server's log: a JSON object a line, of fixed names and plain values, never anything that a client sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import TextIO

#: Lines that wait at most.
MOST_LINES = 1000


class Log:
    """Writes events of the server to a stream; lines of requests that went well are written together, a moment later."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float], seconds: float = 0.0) -> None:
        """stream : where to, None nowhere; clock : seconds since the epoch; seconds : how long a request's line may wait"""
        self._stream, self._clock, self._seconds = stream, clock, seconds
        self._lines: list[str] = []

    def write(self, what: str, **values: str | int | float | None) -> None:
        """One line: time, what happened, its values."""
        if self._stream is not None:
            self._add({"at": round(self._clock(), 3), "what": what, **values})
            self.flush()

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """The line of a request; that of a failure (5xx) is written at once, with all that wait."""
        if self._stream is None:
            return
        at, ms = round(self._clock(), 3), round(1000 * seconds, 3)
        self._add({"at": at, "what": "request", "route": route, "method": method, "status": status, "ms": ms})
        if self._seconds <= 0 or status >= 500 or len(self._lines) >= MOST_LINES:
            self.flush()
        elif len(self._lines) == 1:
            asyncio.get_running_loop().call_later(self._seconds, self.flush)

    def flush(self) -> None:
        """Write what waits; lines that cannot be written (a full disk, a reader that is gone) are lost, requests are not."""
        if self._stream is not None and self._lines:
            lines, self._lines = self._lines, []
            with contextlib.suppress(OSError, ValueError):  # ValueError: the stream was closed
                self._stream.write("".join(lines))
                self._stream.flush()

    def _add(self, line: dict[str, str | int | float | None]) -> None:
        self._lines.append(json.dumps(line) + "\n")
