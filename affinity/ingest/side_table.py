"""What offers, products and customers share: declared columns in, checked arrays and accounts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from affinity.errors import InputError
from affinity.formulas import GUARDED, NUMBER
from affinity.ingest.account import refuse
from affinity.ingest.assemble import fetch, fetch_texts, quarantine_of
from affinity.ingest.attributes import MAX_LABELS
from affinity.ingest.columns import Recognised, attribute_name, recognise, refuse_nested, require
from affinity.ingest.dates import read_times
from affinity.ingest.duplicates import find_repeated_ids
from affinity.ingest.ids import select_id, strip_fractions
from affinity.ingest.numbers import read_number
from affinity.ingest.source import open_source, split_format
from affinity.ingest.staging import Source, stage, text_of, trim_rare
from affinity.ingest.workbench import Workbench, open_workbench, quote_name
from affinity.settings import IngestSettings
from affinity.tables.ingest_report import TEXT_COLUMNS, IngestReport

YES = ("1", "1.0", "true", "t", "yes", "y")
NO = ("0", "0.0", "false", "f", "no", "n")

#: Stands for "no time" in int64 microseconds.
NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Field:
    """One column of a side table.

    kind     : id and label are text; number is float64 (NaN blank); flag is int8 (1, 0, −1 blank); time is int64 µs
               (NO_TIME blank)
    required : the column must be there
    filled   : a row without a value is set aside
    minimum  : the smallest number allowed
    """

    kind: Literal["id", "label", "number", "flag", "time"]
    names: tuple[str, ...]
    required: bool = False
    filled: bool = False
    minimum: float | None = None


@dataclass(frozen=True)
class SideRows:
    """The rows kept: text columns as Arrow dictionary arrays, the others as NumPy arrays; ``extra`` are further columns."""

    columns: Mapping[str, Any]
    extra: Mapping[str, Any]
    row: np.ndarray
    report: IngestReport

    def __len__(self) -> int:
        return len(self.row)

    def texts(self, name: str) -> np.ndarray:
        """object: the texts of a column (None blank, or where the source lacks it)."""
        if name not in self.columns:
            return np.full(len(self), None, dtype=object)
        return np.array(self.columns[name].to_pylist(), dtype=object)

    def numbers(self, name: str) -> np.ndarray:
        """float64: a number column, NaN where blank or absent."""
        return np.asarray(self.columns[name], dtype=np.float64) if name in self.columns else np.full(len(self), np.nan)

    def flags(self, name: str) -> np.ndarray:
        """int8: 1, 0, or −1 where blank or absent."""
        return self.columns[name].astype(np.int8) if name in self.columns else np.full(len(self), -1, dtype=np.int8)

    def times(self, name: str) -> np.ndarray:
        """int64 µs: NO_TIME where blank or absent."""
        return self.columns[name].astype(np.int64) if name in self.columns else np.full(len(self), NO_TIME, dtype=np.int64)

    def days(self, name: str) -> np.ndarray:
        """int32 days since the epoch: −1 where blank or absent; days before it become 0."""
        times = self.times(name)
        days = np.maximum(times // 86_400_000_000, 0).astype(np.int32)
        days[times == NO_TIME] = -1
        return days


@dataclass(frozen=True)
class Request:
    """What the caller of a reader passed."""

    source: Any
    columns: Mapping[str, str] | None
    format: str | None
    database: Any
    settings: IngestSettings
    strict: bool


def read_side_table(
    request: Request,
    fields: Mapping[str, Field],
    what: str,
    *,
    unique: str | None = None,
    extras: bool = False,
    rules: Mapping[str, str] | None = None,
    written: Sequence[str] = (),
) -> SideRows:
    """Read a table of declared ``fields``.

    what   : a sentence for the error when a required column is missing
    unique : a column that identifies a row; equal repeats are dropped, differing ones are an InputError
    extras : keep further columns of at most MAX_LABELS labels
    rules  : reason -> SQL over the typed columns (``x_<name>``) of further rows to set aside
    written: the columns of CSV files that this package writes itself: from those the guards of formulas are taken off
    """  # fmt: skip
    aliases = {name: f.names for name, f in fields.items()}
    with open_workbench() as bench:
        kind, _ = split_format(request.format)
        source = open_source(
            bench, request.source, kind=kind, database=request.database, settings=request.settings, mapped=True
        )
        found = recognise(source.columns, aliases, mapping=request.columns)
        require(found, source.columns, aliases, [name for name, f in fields.items() if f.required], what)
        refuse_nested(found, source.columns)
        extra = _extra_columns(found, source, fields) if extras else {}
        own = source.kind == "csv" and [column.name for column in source.columns] == list(written)
        selections = _selections(found, source, fields, guarded=own) | {
            f"extra_{i}": text_of(f"c{at}", source.columns[at].type) for i, at in enumerate(extra.values())
        }
        source = stage(bench, source, selections)
        return _collect(bench, source, found, (request, fields, extra, unique, rules or {}))


def _selections(found: Recognised, source: Source, fields: Mapping[str, Field], *, guarded: bool) -> dict[str, str]:
    chosen = {}
    for name, at in found.position.items():
        if name not in fields:
            continue
        cell, type_name = f"c{at}", source.columns[at].type
        if guarded and type_name == "VARCHAR" and fields[name].kind in ("id", "label"):
            cell = _unguarded(cell)
        raw = fields[name].kind in ("number", "time") and type_name != "VARCHAR"
        chosen[name] = (
            cell if raw else select_id(name, cell, type_name) if fields[name].kind == "id" else text_of(cell, type_name)
        )
    return chosen


def _unguarded(cell: str) -> str:
    """SQL: the text as it was before it got an apostrophe against being computed."""
    bears, number = (pattern.replace("'", "''") for pattern in (GUARDED, NUMBER))
    test = f"regexp_matches({cell}, '{bears}') AND NOT regexp_matches({cell}, '{number}')"
    return f"CASE WHEN {test} THEN {cell}[2:] ELSE {cell} END"


def _extra_columns(found: Recognised, source: Source, fields: Mapping[str, Field]) -> dict[str, int]:
    extra = {name: at for name, at in found.position.items() if name not in fields}
    for at in found.rest:
        name = attribute_name(source.columns[at].name)
        if name and name not in extra and name not in fields:
            extra[name] = at
    return extra


def _collect(bench: Workbench, source: Source, found: Recognised, job: tuple[Any, ...]) -> SideRows:
    request, fields, extra, unique, rules = job
    ((rows,),) = bench.run("SELECT count(*) FROM staged")
    if not rows and not source.malformed:
        raise InputError(f"The {source.kind} source has columns and no rows.", do="Export it again.")
    types = {name: kind for name, kind, *_ in bench.run("DESCRIBE staged")}
    trim_rare(bench, [name for name in types if types[name] == "VARCHAR"])
    strip_fractions(bench, [name for name, f in fields.items() if f.kind == "id" and name in types])
    if unique and unique in types:
        find_repeated_ids(bench, unique, source.columns[found.position[unique]].name)
    else:
        bench.run('CREATE OR REPLACE TEMP TABLE repeats ("row" BIGINT)')
    typed, cases, notes = _typed_columns(bench, fields, types, request.settings)
    cases |= rules
    kept_extra, ignored = _choose_extras(bench, extra)
    reason = " ".join(f"WHEN {test} THEN '{name}'" for name, test in cases.items() if _known(test, types))
    ctes = (
        f"typed AS (SELECT *, {', '.join(f'{sql} AS x_{name}' for name, sql in typed.items())} FROM staged), ruled AS "
        f'(SELECT *, CASE {reason} WHEN "row" IN (SELECT "row" FROM repeats) THEN \'duplicate\' END AS set_aside_for '
        "FROM typed)"
    )
    labels = [name for name in typed if fields[name].kind in ("id", "label")]
    numbers = [name for name in typed if name not in labels]
    chosen = ['"row"', *(f"x_{name} AS {name}" for name in typed), *kept_extra.values()]
    sql = f"WITH {ctes} SELECT {', '.join(chosen)} FROM ruled WHERE set_aside_for IS NULL"
    got = fetch(bench, sql, {}, labels=[*labels, *kept_extra.values()], numbers=["row", *numbers])
    notes |= {"ignored_columns": ignored} if ignored else {}
    report = _account(bench, source, found, ctes, (types, rows, notes))
    refuse(report, request.strict)
    extra_columns = {name: got[cell] for name, cell in kept_extra.items()}
    return SideRows({name: got[name] for name in typed}, extra_columns, got["row"].astype(np.int64), report)


def _known(test: str, types: Mapping[str, str]) -> bool:
    """Whether every column that a further rule speaks of is there."""
    words = {word.strip("(),") for word in test.split()}
    return all(word[2:] in types for word in words if word.startswith("x_"))


def _typed_columns(
    bench: Workbench, fields: Mapping[str, Field], types: Mapping[str, str], settings: IngestSettings
) -> tuple[dict[str, str], dict[str, str], dict[str, object]]:
    """(name -> SQL of its value, reason -> SQL of its test, notes) of the staged columns; blank values have stand-ins."""
    typed: dict[str, str] = {}
    cases: dict[str, str] = {}
    notes: dict[str, object] = {}
    yes, no = (", ".join(f"'{word}'" for word in words) for words in (YES, NO))
    for name, f in fields.items():
        if name not in types:
            continue
        cell = quote_name(name)
        if f.required or f.filled:
            cases[f"missing_{name}"] = f"{cell} IS NULL"
        if f.kind in ("id", "label"):
            typed[name] = cell
        elif f.kind == "flag":
            typed[name] = (
                f"CASE WHEN {cell} IS NULL THEN -1 WHEN lower({cell}) IN ({yes}) THEN 1 WHEN lower({cell}) IN ({no}) THEN 0 END"
            )
            cases[f"bad_{name}"] = f"x_{name} IS NULL"
        elif f.kind == "number":
            number = read_number(bench, name, types[name])
            notes |= {name: number.rule} if number.rule else {}
            typed[name] = f"CASE WHEN {cell} IS NULL THEN 'nan'::DOUBLE ELSE {number.sql} END"
            low = "" if f.minimum is None else f" OR x_{name} < {f.minimum}"
            cases[f"bad_{name}"] = f"(x_{name} IS NULL OR isinf(x_{name}){low})"
        else:
            reading = read_times(bench, name, types[name], settings)
            notes[name] = reading.rule
            typed[name] = f"CASE WHEN {cell} IS NULL THEN {NO_TIME + 1} - 1 ELSE epoch_us({reading.sql}) END"
            cases[f"bad_{name}"] = f"x_{name} IS NULL"
    return typed, cases, notes


def _choose_extras(bench: Workbench, extra: Mapping[str, int]) -> tuple[dict[str, str], dict[str, str]]:
    """(name -> staged column) of the further columns that are kept, and name -> why not."""
    kept, ignored = {}, {}
    for i, name in enumerate(extra):
        cell = f"extra_{i}"
        ((labels,),) = bench.run(
            f"SELECT count(*) FROM (SELECT DISTINCT {cell} FROM staged WHERE {cell} IS NOT NULL LIMIT {MAX_LABELS + 1})"
        )
        if 0 < labels <= MAX_LABELS:
            kept[name] = cell
        else:
            ignored[name] = f"more than {MAX_LABELS:,} different values" if labels else "no values"
    return kept, ignored


def _account(bench: Workbench, source: Source, found: Recognised, ctes: str, parts: tuple[Any, ...]) -> IngestReport:
    types, rows, notes = parts
    texts = [name for name in types if name in TEXT_COLUMNS]
    shown = ", ".join(f"{text_of(quote_name(name), types[name])} AS {quote_name(name)}" for name in texts)
    names = [name for name in types if name in found.position]
    detail = " ".join(
        f"WHEN '{kind}_{name}' THEN {text_of(quote_name(name), types[name])}" for name in names for kind in ("bad", "missing")
    )
    sql = (
        f'WITH {ctes} SELECT "row", set_aside_for AS reason, '
        f"{f'CASE set_aside_for {detail} END' if detail else 'NULL::VARCHAR'} AS detail"
        f"{', ' + shown if shown else ''} FROM ruled WHERE set_aside_for IS NOT NULL"
    )
    quarantine = quarantine_of(fetch_texts(bench, sql, {}), source.malformed)
    counts = Counter(quarantine.reason.tolist())
    read = rows + len(source.malformed)
    return IngestReport(
        rows_read=read,
        rows_kept=read - len(quarantine),
        reasons={reason: counts[reason] for reason in sorted(counts)},
        format=source.kind,
        mapping=found.names(source.columns),
        rules=notes,
        warnings=tuple(source.warnings),
        quarantine=quarantine,
    )
