"""A state folder: what a run made that a later run may need again, kept under the fingerprint of what it was made from.

A part is one file of arrays and plain values with its key and a checksum, replaced in one rename: a kill leaves the old
one. It is used where key and checksum are as expected and made anew where not, so a state can only save time. The file is
an .npz that is not compressed and whose arrays begin at multiples of _ALIGNED bytes: they are mapped, not copied.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import os
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import OutputError
from affinity.replacing import replacing
from affinity.vocabulary import PackedTexts, pack_texts

#: Changes when a part means something else than before.
FORMAT = 2

#: Where a member of a zip archive says how long its name and what follows it are, and where its name begins.
_NAME_SIZES, _NAME = 26, 30
#: What `zipfile` adds to a member that may be large.
_LARGE_MEMBER = 20
_ALIGNED = 64
#: How a field is marked that only fills (no other program has this number).
_FILLER = 0xA1F1

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
        except (OSError, ValueError, KeyError, EOFError, MemoryError, OverflowError, struct.error, zipfile.BadZipFile) as error:
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
                _write(file, arrays)
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

    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _cannot_be_used(folder, error) from None
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
        if folder.is_dir() and not (folder / MARKER).exists() and any(map(_is_foreign, folder.iterdir())):
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
        raise _cannot_be_used(folder, error) from None


def _is_foreign(entry: Path) -> bool:
    """Whether a file is neither the lock nor a marker that a killed run did not finish."""
    return entry.name != LOCK and not entry.name.startswith(f".{MARKER}.new-")


def _cannot_be_used(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{str(folder)!r} cannot be used as a state: {error.strerror or error}.", do="Name a folder that can be written."
    )


def _write(file: Any, arrays: Mapping[str, np.ndarray]) -> None:
    with zipfile.ZipFile(file, "w") as stored:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            begin = file.tell() + _NAME + len(member.filename.encode()) + _LARGE_MEMBER + 4
            member.extra = struct.pack("<HH", _FILLER, -begin % _ALIGNED) + bytes(-begin % _ALIGNED)
            with stored.open(member, "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(array, order="C"), allow_pickle=False)  # its head has 64n bytes


def _read(path: Path, key: str) -> tuple[Part | None, int]:
    """The part (None where its key is another one) and its format."""
    with path.open("rb") as file, zipfile.ZipFile(file) as stored:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        head = json.loads(_stored_array(whole, stored.getinfo("head.npy")).tobytes())
        if head["format"] != FORMAT or head["key"] != key:
            return None, int(head["format"])
        members = [one for one in stored.infolist() if one.filename != "head.npy"]
    arrays = {one.filename.removesuffix(".npy"): _stored_array(whole, one) for one in members}
    if _checksum(arrays) != head["checksum"]:
        raise ValueError("its checksum does not match")
    plain = json.loads(arrays.pop("plain").tobytes())
    return Part(_decoded(arrays), plain), FORMAT


def _stored_array(whole: mmap.mmap, member: zipfile.ZipInfo) -> np.ndarray:
    """An array of an archive that is not compressed, as it lies there: the checksum of the part covers more than its own."""
    name, extra = struct.unpack_from("<HH", whole, member.header_offset + _NAME_SIZES)
    whole.seek(member.header_offset + _NAME + name + extra)
    version = np.lib.format.read_magic(whole)
    if version != (1, 0):
        raise ValueError(f"an array of version {version}")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(whole)
    if by_columns or dtype.hasobject:
        raise ValueError("an array that no state holds")
    array = np.frombuffer(whole, dtype, math.prod(shape), whole.tell()).reshape(shape)
    return array if array.flags.aligned else array.copy()


def _checksum(arrays: Mapping[str, np.ndarray]) -> str:
    digest = sha256()
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
        rows = array.tolist()
        distinct = [text for text in dict.fromkeys(rows) if text is not None]
        number: dict[str | None, int] = {**dict(zip(distinct, range(len(distinct)))), None: -1}
        coded[f"{name}\tcode"] = np.fromiter(map(number.__getitem__, rows), dtype=np.int32, count=len(rows))
        packed = pack_texts(distinct)
        coded[f"{name}\tat"], coded[f"{name}\ttext"] = packed.offsets, packed.data
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
