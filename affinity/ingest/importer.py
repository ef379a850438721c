"""Known exports whose order lines are computed: their tables are staged as text and one SQL makes the lines of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from affinity.ingest.columns import ORDER_ALIASES, REASON_COLUMNS, Recognised, attribute_name, recognise
from affinity.ingest.databases import Database
from affinity.ingest.detection import choose_format, choose_joined, choose_set, near_formats, normalise
from affinity.ingest.export_folder import list_files
from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.frame_source import ParquetParts
from affinity.ingest.source import open_source, parquet_parts, split_format
from affinity.ingest.spark_source import is_uri
from affinity.ingest.staging import Column, Malformed, Source, stage, text_of
from affinity.ingest.workbench import Workbench
from affinity.settings import IngestSettings

#: A table of an export: what the user calls it, and how it is opened.
Tables = Sequence[tuple[str, Callable[[], Source]]]


@dataclass(frozen=True)
class OrderRequest:
    """What the caller passed: a source (path, frame or SQL), or a database whose tables are looked at."""

    source: Any
    columns: Mapping[str, str] | None
    format: str | None
    database: Any
    settings: IngestSettings


def open_orders(bench: Workbench, request: OrderRequest) -> tuple[Source, Recognised]:
    """The source of the order lines and its columns; an export of several tables or of packed lines is made into one."""
    kind, export = split_format(request.format)
    source = None if kind else _open_set(bench, request, export)
    if source is not None:
        opened, spec = source
        return opened, recognise(opened.columns, ORDER_ALIASES, mapping=request.columns, spec=_with_reasons(spec))

    def open_again() -> Source:
        return open_source(
            bench, request.source, kind=kind, database=request.database, settings=request.settings, mapped=bool(request.columns)
        )

    opened = open_again()
    headers = [column.name for column in opened.columns]
    chosen = None
    if opened.kind != "baskets":
        joined = choose_joined(headers) if export is None and not request.columns else None
        if joined is not None:
            return _open_joined(bench, *joined, open_again)
        chosen = choose_format(headers, export, bool(request.columns))
        if chosen is None and (near := near_formats(headers, present=3)):
            opened.rules["near_formats"] = near
    if chosen is not None:
        because = ", ".join(chosen.requires)
        if chosen.lines:
            ((part, _),) = chosen.parts.items()
            whole = opened
            opened = _import(bench, chosen, {part: [(opened.kind, lambda: whole)]})
            chosen = _with_reasons(chosen)
        opened.rules["format"] = {"name": chosen.name, "because": f"it has {because}", **chosen.rules}
    return opened, recognise(opened.columns, ORDER_ALIASES, mapping=request.columns, spec=chosen)


def list_parts(source: Any) -> ParquetParts | None:
    """The Parquet parts of a folder that is no export of several tables; None for anything else."""
    if not isinstance(source, (str, os.PathLike)) or is_uri(source) or not Path(source).is_dir():
        return None
    parts = parquet_parts(Path(source))
    return None if _choose_tables(Path(source), None) else parts


def _choose_tables(folder: Path, export: str | None) -> tuple[FormatSpec, dict[str, list[str]]] | None:
    """The export of several tables that a folder holds; None where it is no such thing."""
    return choose_set({path.name.partition(".")[0]: headers for path, headers in list_files(folder).items()}, export)


def _open_joined(
    bench: Workbench, spec: FormatSpec, parts: Sequence[str], open_again: Callable[[], Source]
) -> tuple[Source, Recognised]:
    """An export of several tables that was joined into one: every part is read from it."""
    opened = _import(bench, spec, {part: [(part, open_again)] for part in parts})
    opened.rules["format"] = {"name": spec.name, "because": f"it holds {', '.join(parts)} joined into one table", **spec.rules}
    return opened, recognise(opened.columns, ORDER_ALIASES, spec=_with_reasons(spec))


def _with_reasons(spec: FormatSpec) -> FormatSpec:
    return replace(spec, columns={**spec.columns, **{name: (name,) for name in REASON_COLUMNS}})


def _open_set(bench: Workbench, request: OrderRequest, export: str | None) -> tuple[Source, FormatSpec] | None:
    """The export of several tables that a folder or a database without a query holds; None where it is no such thing."""
    if request.database is not None:
        if request.source is not None:
            return None
        database = Database.connect(bench, request.database)
        queries = {table.name: table.query for table in database.tables()}
        chosen = choose_set({table.name: table.columns for table in database.tables()}, export)
        if chosen is None:
            raise database.no_query()

        def opener(name: str) -> Callable[[], Source]:
            return lambda: database.open(bench, queries[name])

    elif isinstance(request.source, (str, os.PathLike)) and Path(request.source).is_dir():
        files = list_files(Path(request.source))
        chosen = choose_set({path.name.partition(".")[0]: headers for path, headers in files.items()}, export)
        if chosen is None:
            return None
        paths = {path.name.partition(".")[0]: path for path in files}

        def opener(name: str) -> Callable[[], Source]:
            return lambda: open_source(bench, paths[name], kind=None, database=None, settings=request.settings, mapped=True)

    else:
        return None
    spec, parts = chosen
    source = _import(bench, spec, {part: [(name, opener(name)) for name in names] for part, names in parts.items()})
    because = "; ".join(f"{', '.join(names)} has {', '.join(spec.parts[part].needs)}" for part, names in parts.items() if names)
    source.rules["format"] = {"name": spec.name, "because": because, **spec.rules}
    return source, spec


def _import(bench: Workbench, spec: FormatSpec, parts: Mapping[str, Tables]) -> Source:
    """The order lines that ``spec.lines`` makes of ``parts``, as a source of the columns that it names."""
    warnings: list[str] = []
    malformed: list[Malformed] = []
    for name, part in spec.parts.items():
        torn = _stage_part(bench, name, part, parts.get(name, ()), warnings)
        if name == spec.line_part or len(spec.parts) == 1:
            malformed = torn
        elif torn:
            warnings.append(f"{len(torn):,} lines of {name} cannot be split into columns and are left out.")
    bench.run(f"CREATE OR REPLACE TEMP TABLE imported AS {spec.lines}")
    for sentence, counting in spec.notes.items():
        ((count,),) = bench.run(counting)
        if count:
            warnings.append(sentence.format(count=f"{count:,}"))
    for name in spec.parts:
        bench.run(f"DROP TABLE part_{name}")
    ((rows,),) = bench.run("SELECT count(*) FROM imported")
    if spec.line_part is None:  # several rows of one record: the torn lines come after them
        malformed = [Malformed(rows + i, line.detail, line.raw) for i, line in enumerate(malformed)]
    types = {name: type_name for name, type_name, *_ in bench.run("DESCRIBE imported")}
    (filled,) = bench.run(f"SELECT {', '.join(f'count({name})' for name in spec.columns)} FROM imported")
    canonical = [*REASON_COLUMNS]
    canonical += [name for name, count in zip(spec.columns, filled) if count or name in _KEPT]
    columns = tuple(Column(spec.columns[name][0] if name in spec.columns else name, types[name]) for name in canonical)
    cells = ", ".join(f"{name} AS c{i}" for i, name in enumerate(canonical))
    return Source(
        spec.name, columns, f'(SELECT "row", {cells} FROM imported)', has_row=True, malformed=malformed, warnings=warnings
    )


#: Columns that stay even where no line has a value: without them every line would pass the rules about them.
_KEPT = ("order_id", "product_id", "ordered_at", "quantity", "unit_price", "net_amount")


def _stage_part(bench: Workbench, name: str, part: Part, tables: Tables, warnings: list[str]) -> list[Malformed]:
    """Fill ``part_<name>`` with the tables one after the other, every header as trimmed text; the lines that are torn."""
    headers = [attribute_name(header) for header in (*part.needs, *part.may)]
    bench.run(f'CREATE OR REPLACE TEMP TABLE part_{name} ("row" BIGINT, {", ".join(f"{h} VARCHAR" for h in headers)})')
    torn: list[Malformed] = []
    before = 0
    for _, open_table in tables:
        source = open_table()
        places: dict[str, int] = {}
        for at, column in enumerate(source.columns):
            places.setdefault(normalise(column.name), at)
        cells = {header: _text(places.get(normalise(header)), source.columns) for header in headers}
        source = stage(bench, source, cells, "staged_part")
        bench.run(f'INSERT INTO part_{name} SELECT "row" + {before}, {", ".join(headers)} FROM staged_part')
        torn += [Malformed(before + line.row, line.detail, line.raw) for line in source.malformed]
        ((rows,),) = bench.run("SELECT count(*) FROM staged_part")
        before += rows + len(source.malformed)
        warnings += source.warnings
    bench.run("DROP TABLE IF EXISTS staged_part")
    return torn


def _text(at: int | None, columns: Sequence[Column]) -> str:
    if at is None:
        return "NULL::VARCHAR"
    type_name = columns[at].type
    if type_name.startswith(("STRUCT", "MAP", "JSON")) or type_name.endswith("]"):
        return f"to_json(c{at})::VARCHAR"
    return text_of(f"c{at}", type_name)
