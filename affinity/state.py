"""A state folder: what a run made that a later run may need again, kept under the fingerprint of what it was made from.

A part is one file of arrays and plain values with its key and a checksum, replaced in one rename: a kill leaves the old
one. It is used where key and checksum are as expected and made anew where not, so a state can only save time.
"""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import OutputError
from affinity.replacing import replacing
from affinity.vocabulary import PackedTexts

#: Changes when a part means something else than before.
FORMAT = 1

MARKER, LOCK = "affinity-state.json", ".lock"


@dataclass(frozen=True, eq=False)
class Part:
    """arrays : name -> numbers, or texts (object array of str and None); plain : JSON values."""

    arrays: Mapping[str, np.ndarray]
    plain: Mapping[str, Any]


@dataclass
class State:
    """An opened state folder. notes : name of a part -> what became of it in this run, a sentence."""

    folder: Path
    notes: dict[str, str] = field(default_factory=dict)

    def load(self, name: str, key: str) -> Part | None:
        """The part ``name`` if it was made under ``key`` and is whole; else None, and ``notes`` says why."""
        path = self.folder / f"{name}.npz"
        if not path.exists():
            self.notes[name] = "made: the state had none"
            return None
        try:
            found, stored = _read(path, key)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            self.notes[name] = f"made anew: {path} is damaged ({type(error).__name__}: {error})"
            return None
        if found is None:
            self.notes[name] = "made anew: " + ("of another version" if stored != FORMAT else "its lines or settings changed")
            return None
        self.notes[name] = "taken from the state"
        return found

    def save(self, name: str, key: str, part: Part) -> None:
        """Keep ``part`` in place of what was kept under ``name``. OutputError where the disk does not take it."""
        arrays: dict[str, Any] = _coded(part.arrays)
        arrays["plain"] = np.frombuffer(json.dumps(dict(part.plain)).encode(), dtype=np.uint8)
        head = {"format": FORMAT, "key": key, "checksum": _checksum(arrays)}
        arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
        path = self.folder / f"{name}.npz"
        try:
            with replacing(path) as aside, aside.open("wb") as file:
                np.savez(file, **arrays)
        except OSError as error:
            raise OutputError(
                f"The state cannot be written to {str(path)!r}: {error.strerror or error}.",
                why="What was kept before is untouched.",
                do="Make room, or run without a state.",
            ) from None


@contextlib.contextmanager
def open_state(folder: str | Path) -> Iterator[State]:
    """The state in ``folder``: new, empty, or one of an earlier run. One run at a time: OutputError where another has it."""
    folder = Path(folder)
    _claim(folder)
    import fcntl

    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputError(
                f"The state {str(folder)!r} is in use by another run.",
                why="Two runs would keep replacing what the other one made.",
                do="Wait until it has ended, or give this run a state folder of its own.",
            ) from None
        yield State(folder)
    finally:
        os.close(descriptor)


def _claim(folder: Path) -> None:
    """Make ``folder`` a state; OutputError where it holds something else or cannot be written."""
    try:
        if folder.is_dir() and not (folder / MARKER).exists() and any(entry.name != LOCK for entry in folder.iterdir()):
            raise OutputError(
                f"{str(folder)!r} holds files that are no state of a run.",
                do="Name a new or an empty folder, beside the releases.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).exists():
            with replacing(folder / MARKER) as aside:
                aside.write_text(
                    json.dumps({"what": "state of affinity run; may be deleted at any time"}) + "\n", encoding="utf-8"
                )
    except OSError as error:
        raise OutputError(
            f"{str(folder)!r} cannot be used as a state: {error.strerror or error}.", do="Name a folder that can be written."
        ) from None


def _read(path: Path, key: str) -> tuple[Part | None, int]:
    """The part (None where its key is another one) and its format."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        head = json.loads(stored["head"].tobytes())
        if head["format"] != FORMAT or head["key"] != key:
            return None, int(head["format"])
        arrays = {name: stored[name] for name in stored.files if name != "head"}
    if _checksum(arrays) != head["checksum"]:
        raise ValueError("its checksum does not match")
    plain = json.loads(arrays.pop("plain").tobytes())
    return Part(_decoded(arrays), plain), FORMAT


def _checksum(arrays: Mapping[str, np.ndarray]) -> str:
    digest = blake2b(digest_size=16)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}\x00{array.dtype.str}\x00{array.shape}\x00".encode())
        digest.update(array.reshape(-1).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()


def _coded(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Texts as codes (−1 None) of distinct texts, these as UTF-8 end to end."""
    coded: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if array.dtype != object:
            coded[name] = array
            continue
        number: dict[str, int] = {}
        codes = (-1 if text is None else number.setdefault(text, len(number)) for text in array.tolist())
        coded[f"{name}\tcode"] = np.fromiter(codes, dtype=np.int32, count=len(array))
        data = [text.encode("utf-8", "surrogatepass") for text in number]
        coded[f"{name}\tat"] = np.concatenate([[0], np.cumsum([len(one) for one in data], dtype=np.int64)]).astype(np.int64)
        coded[f"{name}\ttext"] = np.frombuffer(b"".join(data), dtype=np.uint8)
    return coded


def _decoded(coded: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for name, array in coded.items():
        base, _, kind = name.partition("\t")
        if not kind:
            arrays[name] = array
        elif kind == "code":
            texts = np.empty(len(coded[f"{base}\tat"]), dtype=object)  # the last place, None, stands for code −1
            texts[:-1] = PackedTexts(coded[f"{base}\tat"], coded[f"{base}\ttext"]).texts()
            arrays[base] = texts[array]
    return arrays
