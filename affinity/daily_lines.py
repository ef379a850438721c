"""Reading with a state: the Parquet parts that an earlier run has read are not read again, only those that came since.

The folder must hold the same parts as then, byte for byte, and new ones whose names come after theirs. Where anything that
is decided from whole columns could come out otherwise with the new rows, all is read anew, and the state says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from affinity import __version__, ingest
from affinity.errors import InputError
from affinity.memory import share_of_memory
from affinity.settings import Settings
from affinity.state import Part, State
from affinity.tables import Attribute, IngestReport, OrderLines, Quarantine
from affinity.vocabulary import PackedTexts, Vocabulary

_NUMBERS = ("order", "customer", "product", "quantity", "net_amount", "row", "ordered_at", "order_seq")
_LABELS = {"orders": "order", "customers": "customer", "products": "product"}

#: The parts of the state: the lines read first, and those that came since.
LINES, LATER = "lines", "later lines"
#: Lines that came since are kept apart while they are less than one in so many.
LEAST_SHARE = 8

#: Name within the folder, bytes and SHA-256 of each part, in the order of reading.
Seen = list[list[Any]]


def read_lines(orders: Any, settings: Settings, state: State) -> OrderLines:
    """The order lines of ``orders``; of a folder of Parquet parts only those that are new to ``state``."""
    parts = ingest.list_parts(orders)
    if parts is None:
        state.notes[LINES] = "read in full: only the Parquet parts of a folder are known again"
    elif ingest.size_of_lines(parts) > share_of_memory(settings.memory_budget):
        state.notes[LINES] = "read in full: so many lines stand in files"
    else:
        try:
            return _read_new(parts, settings, state)
        except OSError as error:  # a part that cannot be opened, or is gone: the reader says what to do
            state.notes[LINES] = f"read in full: {error.strerror}"
    return ingest.read_orders(orders, settings=settings.ingest, memory_budget=settings.memory_budget)


def _read_new(parts: ingest.ParquetParts, settings: Settings, state: State) -> OrderLines:
    stamps, seen = _stamps(parts), _look_at(parts)
    key = str((__version__, version("duckdb"), sorted(settings.ingest.model_dump(mode="json").items())))
    known, many = _recall(state, LINES, key, seen)
    later, more = (None, 0) if known is None else _recall(state, LATER, key, seen[many:])
    found: tuple[ingest.PartsRead, ingest.PartsRead | None] | str = state.notes[LINES]
    if known is not None:
        rest = ingest.ParquetParts(parts.folder, parts.paths[many + more :])
        found = _add_rest(known, later, rest, settings)
        taken = f"{many + more} of {len(seen)} parts not read again"
        state.notes[LINES] = f"read anew: {found}" if isinstance(found, str) else taken
    is_new = isinstance(found, str) or many + more < len(seen)
    if isinstance(found, str):
        found = ingest.read_parts(parts, settings.ingest, settings.memory_budget), None
    every, later = found
    if is_new and _stamps(parts) == stamps:  # else a part was replaced meanwhile, and nobody knows which one was read
        if later is not None and LEAST_SHARE * len(later.lines) < len(every.lines):
            state.save(LATER, key, _pack(later, seen[many:]))
        else:
            state.save(LINES, key, _pack(every, seen))
    return every.lines


def _recall(state: State, name: str, key: str, seen: Seen) -> tuple[ingest.PartsRead | None, int]:
    """What a part of the state holds of the first parts of ``seen``, and how many they are."""
    part = state.load(name, key)
    before = [] if part is None else part.plain["parts"]
    if part is not None and seen[: len(before)] != before:
        part = None
        state.notes[name] = "read anew: the parts that were read before are not the first ones any more"
    if name == LATER and "damaged" not in state.notes[name]:
        del state.notes[name]  # what is kept where is nothing to the reader
    return (None, 0) if part is None else (_unpack(part), len(before))


def _add_rest(
    known: ingest.PartsRead, later: ingest.PartsRead | None, rest: ingest.ParquetParts, settings: Settings
) -> tuple[ingest.PartsRead, ingest.PartsRead | None] | str:
    """The lines of ``known``, ``later`` and the parts ``rest``; those of the two last; or why all must be read together."""
    if rest.paths:
        try:
            fresh = ingest.read_parts(rest, settings.ingest, settings.memory_budget)
        except InputError:  # such as no row that can be kept: among all others that is no error
            return "the new parts cannot be read alone"
        added = fresh if later is None else ingest.add_parts(later, fresh)
        if isinstance(added, str):
            return added
        later = added
    every = known if later is None else ingest.add_parts(known, later)
    return every if isinstance(every, str) else (every, later)


def _stamps(parts: ingest.ParquetParts) -> list[tuple[int, int, int]]:
    return [(one.st_ino, one.st_size, one.st_mtime_ns) for one in map(Path.stat, parts.paths)]


def _look_at(parts: ingest.ParquetParts) -> Seen:
    found: Seen = []
    for path in parts.paths:
        with path.open("rb") as file:
            found.append([str(path.relative_to(parts.folder)), path.stat().st_size, file_digest(file, "sha256").hexdigest()])
    return found


def _pack(read: ingest.PartsRead, seen: Seen) -> Part:
    lines = read.lines
    arrays = {name: column for name in _NUMBERS if (column := getattr(lines, name)) is not None}
    arrays["row_hash"] = read.row_hash
    texts = {name: getattr(lines, name) for name in _LABELS}
    for name, one in lines.attributes.items():
        arrays[f"attribute {name}"], texts[f"attribute {name} labels"] = one.code, one.labels
    for name, vocabulary in texts.items():
        held = vocabulary.held_labels
        assert isinstance(held, PackedTexts)
        arrays[f"{name} at"], arrays[f"{name} text"] = held.offsets, held.data
    report = lines.report
    arrays |= {
        f"aside {name}": column for name, column in report.quarantine.columns().items() if isinstance(column, np.ndarray)
    }
    plain = {
        "parts": seen,
        "decided": read.decided,
        "tallies": dict(read.tallies),
        "attributes": list(lines.attributes),
        "report": {name: value for name, value in vars(report).items() if name != "quarantine"},
    }
    return Part(arrays, plain)


def _unpack(part: Part) -> ingest.PartsRead:
    arrays, plain = part.arrays, part.plain

    def labels(name: str, kind: str) -> Vocabulary:
        return Vocabulary(kind, PackedTexts(arrays[f"{name} at"], arrays[f"{name} text"]))

    numbers: dict[str, Any] = {name: arrays[name] for name in _NUMBERS if name in arrays}
    aside = {name.removeprefix("aside "): column for name, column in arrays.items() if name.startswith("aside ")}
    told: Mapping[str, Any] = plain["report"]
    vocabularies: dict[str, Any] = {name: labels(name, kind) for name, kind in _LABELS.items()}
    lines = OrderLines(
        **numbers,
        **vocabularies,
        attributes={
            name: Attribute(arrays[f"attribute {name}"], labels(f"attribute {name} labels", name))
            for name in plain["attributes"]
        },
        report=IngestReport(**{**told, "warnings": tuple(told["warnings"])}, quarantine=Quarantine(**aside)),
    )
    return ingest.PartsRead(lines, plain["decided"], plain["tallies"], arrays["row_hash"])
