"""Files that an earlier release has already: copied, and held to their checksum, instead of made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from affinity.release.parquet import HashedFile, write_hashed

#: Bytes copied at a time.
BLOCK = 1 << 20


@dataclass(frozen=True)
class KnownFile:
    """A file of which what it must hold is known. entry : of the manifest: sha256, bytes, rows and values."""

    path: Path
    entry: Mapping[str, Any]


def copy_known(known: KnownFile, path: Path) -> bool:
    """Copy ``known`` to a new file at ``path``; False, and no file, where it is gone or not what it was."""
    try:
        source = known.path.open("rb")
    except OSError:
        return False
    with source:
        written = write_hashed(path, lambda file: _pass_on(source, file))
    if written["sha256"] == known.entry["sha256"]:
        return True
    path.unlink()
    return False


def _pass_on(source: BinaryIO, file: HashedFile) -> None:
    while block := _read(source):
        file.write(block)


def _read(source: BinaryIO) -> bytes:
    """The next bytes; none where the disk cannot give them, as at the end."""
    try:
        return source.read(BLOCK)
    except OSError:
        return b""
