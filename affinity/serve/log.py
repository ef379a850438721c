"""The server's log: a JSON object a line, of fixed names and plain values, never anything that a client sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TextIO


class Log:
    """Writes events of the server to a stream."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float]) -> None:
        """stream : where to, None nowhere; clock : seconds since the epoch"""
        self._stream, self._clock = stream, clock

    def write(self, what: str, **values: str | int | float | None) -> None:
        """One line: time, what happened, its values."""
        if self._stream is not None:
            self._stream.write(json.dumps({"at": round(self._clock(), 3), "what": what, **values}) + "\n")
            self._stream.flush()
