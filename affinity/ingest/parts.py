"""Order lines of the Parquet parts of a folder, to which those of further parts can be added without reading the first again.

What is decided from whole columns (which columns, which attributes, which currency) must have been decided alike for both,
and no row may stand in both: then the lines of all parts, and their report, are what reading all of them gives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity import mapped
from affinity.ingest.account import NON_PRODUCT, file_report, order_notes
from affinity.ingest.attributes import MAX_LABELS
from affinity.ingest.frame_source import ParquetParts
from affinity.ingest.importer import OrderRequest, open_orders
from affinity.ingest.orders import BYTES_A_LINE, TYPED, OrdersRead, read_opened
from affinity.ingest.workbench import Workbench, open_workbench
from affinity.memory import share_of_memory
from affinity.settings import IngestSettings
from affinity.tables import Attribute, IngestReport, OrderLines, Quarantine
from affinity.vocabulary import PackedTexts, Vocabulary

#: Places of a table of the hashes looked for; most of the others are let go by it.
_HASH_BITS = 24


@dataclass(frozen=True, eq=False)
class PartsRead:
    """The lines of some parts, and what further lines must agree with.

    lines    : gross; their report is of these parts
    decided  : plain values: what was decided from whole columns
    tallies  : sentence for the user, with {count} in it -> how many rows of these parts it is about
    row_hash : uint64, of all columns of each row read, in any order
    """

    lines: OrderLines
    decided: Mapping[str, Any]
    tallies: Mapping[str, int]
    row_hash: np.ndarray


def size_of_lines(parts: ParquetParts) -> int:
    """Bytes that the lines of ``parts`` take, by what the files say of their rows; 0 for files that cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return BYTES_A_LINE * sum(pq.read_metadata(path).num_rows for path in parts.paths)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return 0


def read_parts(parts: ParquetParts, settings: IngestSettings, memory_budget: int | str | None = None) -> PartsRead:
    """Read ``parts`` as `read_orders` reads their folder."""
    with open_workbench(memory_budget) as bench:
        opened, found = open_orders(bench, OrderRequest(parts, None, None, None, settings))
        read = read_opened(bench, opened, found, settings, strict=False, room=share_of_memory(memory_budget))
        return PartsRead(read.lines, _decided(read), dict(read.draft.tallies), _row_hashes(bench))


def _decided(read: OrdersRead) -> dict[str, Any]:
    report = read.lines.report
    rules = {name: rule for name, rule in report.rules.items() if name != NON_PRODUCT}
    decided = {
        "columns": [[column.name, column.type] for column in read.source.columns],
        "types": dict(read.draft.types),
        "format": report.format,
        "mapping": dict(report.mapping),
        "rules": rules,
        "currency": read.currency,
        "chosen": read.chosen,
        "attributes": list(read.lines.attributes),
        "warnings": list(read.source.warnings),
        "alone": _why_alone(read, rules),
    }
    return dict(json.loads(json.dumps(decided)))  # as it comes back from a state


def _why_alone(read: OrdersRead, rules: Mapping[str, Any]) -> str | None:
    """Why nothing can be added to these lines, nor they to others; None where it can."""
    texts = [name for name in TYPED if read.draft.types.get(name) == "VARCHAR"]
    if texts:
        return f"{texts[0]} is text, and how it is read is decided from all of it"
    if "line_id" in read.draft.types:
        return "a line id must be looked for in all lines"
    if read.draft.found.spec is not None or read.draft.uci:
        return "the conventions of a known export are decided from all lines"
    if "numbers or dates" in rules.get("ignored_columns", {}).values():
        return "a column of texts was left out for what all of its values are"
    return None


def _row_hashes(bench: Workbench) -> np.ndarray:
    pieces = [batch.column("row_hash").to_numpy() for batch in bench.batches("SELECT row_hash FROM staged")]
    return np.concatenate([np.empty(0, dtype=np.uint64), *pieces])


def _why_not_added(known: PartsRead, new: PartsRead) -> str | None:
    """Why the rows of ``new`` cannot simply come after those of ``known``; None where they can."""
    if known.decided["alone"]:
        return str(known.decided["alone"])
    for name, value in known.decided.items():
        if value != new.decided[name]:
            return f"other {name} in the new parts"
    if _holds_any(known.row_hash, new.row_hash):
        return "a row of a new part may repeat one of before"
    return None


def _holds_any(among: np.ndarray, asked: np.ndarray) -> bool:
    """Whether any of the hashes ``asked`` is ``among`` others."""
    asked = np.unique(asked)
    mask = np.uint64((1 << _HASH_BITS) - 1)
    seen = np.zeros(1 << _HASH_BITS, dtype=bool)
    seen[asked & mask] = True
    for rows in mapped.split_rows(len(among)):
        perhaps = among[rows][seen[among[rows] & mask]]
        if np.isin(perhaps, asked).any():
            return True
    return False


def add_parts(known: PartsRead, new: PartsRead) -> PartsRead | str:
    """The lines of ``known``, then those of ``new``, in one vocabulary; or why they must be read together.

    The parts of ``new`` must come after those of ``known``.
    """
    alone = _why_not_added(known, new)
    if alone is not None:
        return alone
    first, last = known.lines, new.lines
    order, orders = _join_codes((first.order, first.orders), (last.order, last.orders))
    customer, customers = _join_codes((first.customer, first.customers), (last.customer, last.customers))
    product, products = _join_codes((first.product, first.products), (last.product, last.products))
    attributes = {}
    for name, one in first.attributes.items():
        other = last.attributes[name]
        attributes[name] = Attribute(*_join_codes((one.code, one.labels), (other.code, other.labels)))
        if name in known.decided["chosen"] and len(attributes[name].labels) > MAX_LABELS:
            return f"{name} has more than {MAX_LABELS:,} different values with the new parts"
    before = first.report.rows_read
    numbers: dict[str, Any] = {"row": np.concatenate([first.row, last.row + before])}
    for name in ("quantity", "net_amount", "ordered_at", "order_seq"):
        if getattr(first, name) is not None:
            numbers[name] = np.concatenate([getattr(first, name), getattr(last, name)])
    tallies = {said: count + new.tallies.get(said, 0) for said, count in known.tallies.items()}
    lines = replace(
        first, order=order, orders=orders, customer=customer, customers=customers, product=product, products=products,
        attributes=attributes, **numbers, report=_join_reports(first.report, last.report, known.decided, tallies),
    )  # fmt: skip
    lines = replace(lines, report=lines.report.warn(*order_notes(lines)))
    return PartsRead(lines, known.decided, tallies, np.concatenate([known.row_hash, new.row_hash]))


def _join_reports(
    first: IngestReport, last: IngestReport, decided: Mapping[str, Any], tallies: Mapping[str, int]
) -> IngestReport:
    later = last.quarantine
    quarantine: Quarantine = first.quarantine.joined(replace(later, row=later.row + first.rows_read))
    read = first.rows_read + last.rows_read
    plain = replace(first, rows_read=read, rules=decided["rules"], warnings=tuple(decided["warnings"]))
    return file_report(plain, quarantine, tallies)


#: int32 codes and their vocabulary.
_Coded = tuple[np.ndarray, Vocabulary]


def _join_codes(first: _Coded, last: _Coded) -> _Coded:
    """The codes of both, one after the other, in the vocabulary of both (labels rising)."""
    known, new = (_packed(vocabulary) for _, vocabulary in (first, last))
    every, place, place_new = join_texts(known, new)
    if every is known:
        vocabulary, codes = first[1], first[0]
    else:
        vocabulary, codes = Vocabulary(first[1].kind, every), np.append(place, np.int32(-1))[first[0]]
    return np.concatenate([codes, np.append(place_new, np.int32(-1))[last[0]]]), vocabulary


def _packed(vocabulary: Vocabulary) -> PackedTexts:
    held = vocabulary.held_labels
    assert isinstance(held, PackedTexts), "labels that were just read, or kept, are packed"
    return held


def join_texts(known: PackedTexts, new: PackedTexts) -> tuple[PackedTexts, np.ndarray, np.ndarray]:
    """The distinct texts of both, rising (each of them is), and int32 where those of ``known`` and ``new`` stand among them.

    >>> from affinity.vocabulary import pack_texts
    >>> every, place, place_new = join_texts(pack_texts(["a", "c"]), pack_texts(["b", "c", "d"]))
    >>> every.texts(), place.tolist(), place_new.tolist()
    (['a', 'b', 'c', 'd'], [0, 2], [1, 2, 3])
    """
    from affinity.kernels.texts import place_texts

    at, found = np.empty(len(new), dtype=np.int64), np.empty(len(new), dtype=np.bool_)
    place_texts(known.offsets, known.data, new.offsets, new.data, at, found)
    missing = np.flatnonzero(~found)
    before = at[missing]
    place = np.arange(len(known), dtype=np.int64) + np.cumsum(np.bincount(before, minlength=len(known) + 1))[: len(known)]
    place_new = np.empty(len(new), dtype=np.int64)
    place_new[missing] = before + np.arange(len(missing))
    place_new[found] = place[at[found]]
    if not len(missing):
        return known, place.astype(np.int32), place_new.astype(np.int32)
    added = new.take(missing)
    between = np.split(known.data, known.offsets[before])
    texts = [*np.split(added.data, added.offsets[1:-1]), added.data[:0]]
    data = np.concatenate([piece for both in zip(between, texts, strict=True) for piece in both])
    sizes = np.insert(np.diff(known.offsets), before, np.diff(added.offsets))
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return PackedTexts(offsets, data), place.astype(np.int32), place_new.astype(np.int32)
