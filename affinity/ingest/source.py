"""What is it? A path, a frame, a query: opened as a `Source` whose columns are known and whose rows are not yet read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affinity.errors import InputError, did_you_mean
from affinity.frames import is_frame
from affinity.ingest.basket_file import open_baskets
from affinity.ingest.columns import known_names
from affinity.ingest.csv_text import open_csv, sniff_text
from affinity.ingest.databases import open_query
from affinity.ingest.excel import open_excel
from affinity.ingest.formats.registry import FORMATS
from affinity.ingest.frame_source import ParquetParts, open_columns, open_frame, open_parquet
from affinity.ingest.json_lines import open_json_lines
from affinity.ingest.spark_source import SparkPath, is_spark_frame, is_uri, open_spark_frame, open_spark_path, refuse_uri
from affinity.ingest.staging import Source
from affinity.ingest.text_file import open_text
from affinity.ingest.workbench import Workbench
from affinity.settings import IngestSettings

KINDS = ("csv", "parquet", "jsonl", "excel", "baskets")

_SUFFIXES = {
    ".csv": "text", ".tsv": "text", ".txt": "text", ".dat": "baskets", ".basket": "baskets",
    ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".xlsx": "excel", ".xls": "excel", ".xlsm": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip


def open_source(
    bench: Workbench,
    source: Any,
    *,
    kind: str | None,
    database: Any,
    settings: IngestSettings,
    mapped: bool,
) -> Source:
    """Open ``source`` for reading; ``kind`` is one of KINDS or None to detect, ``mapped`` says that the user named columns."""
    if database is not None:
        return open_query(bench, source, database)
    if isinstance(source, SparkPath):
        return open_spark_path(bench, source, kind)
    if is_uri(source):
        raise refuse_uri(source)
    if is_spark_frame(source):
        return open_spark_frame(bench, source)
    if isinstance(source, ParquetParts):
        return open_parquet(bench, source.folder, source.paths)
    if not isinstance(source, (str, os.PathLike)):
        if isinstance(source, Mapping):
            return open_columns(bench, source)
        if isinstance(source, (list, tuple, set)) or not is_frame(source):
            raise InputError(
                f"{type(source).__name__} is nothing that order lines can be read from.",
                do="Pass a path, a pandas, Polars, Arrow, DuckDB or Spark frame, columns by name, or SQL with database=.",
            )
        return open_frame(bench, source)
    return _open_path(bench, Path(source), kind, settings, mapped)


def _open_path(bench: Workbench, path: Path, kind: str | None, settings: IngestSettings, mapped: bool) -> Source:
    if path.is_dir():
        return open_parquet(bench, path, parquet_parts(path).paths)
    _check_file(path)
    kind = kind or _kind_of(path)
    if kind == "parquet":
        return open_parquet(bench, path)
    if kind == "excel":
        return open_excel(bench, path, settings)
    text = open_text(path, bench.folder)
    if kind == "text":
        kind = sniff_text(text, known_names())
        kind = "csv" if mapped and kind == "baskets" else kind
    if kind == "jsonl":
        return open_json_lines(bench, text)
    return open_baskets(bench, text) if kind == "baskets" else open_csv(bench, text)


def parquet_parts(folder: Path) -> ParquetParts:
    """The Parquet files of a folder and of the folders in it, by name; hidden ones and those that begin with _ are left out."""
    parts = [part for part in folder.rglob("*.parquet") if not part.name.startswith((".", "_"))]
    if not parts:
        raise InputError(
            f"{folder} is a folder without .parquet files.",
            do="Pass one file, or a folder of Parquet parts; several others can be read with DuckDB: database= and a query.",
        )
    return ParquetParts(folder, tuple(sorted(parts)))


def _check_file(path: Path) -> None:
    if not path.exists():
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, near) if near else f"There is no folder {path.parent} either."
        raise InputError(f"There is no file {path}.", do=hint if hint.startswith(("Did", "There")) else "")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes).", why="There is no header to read.", do="Export it again.")


def _kind_of(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PAR1"):
        return "parquet"
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix == ".json":
        return "jsonl"
    return _SUFFIXES.get(suffix, "text")


def split_format(format: str | None) -> tuple[str | None, str | None]:
    """``format`` as (kind, known export format): one of them at most is not None."""
    if format is None or format in KINDS:
        return format, None
    if format in FORMATS or format == "generic":
        return None, format
    known = (*KINDS, *FORMATS, "generic")
    raise InputError(f"format={format!r} is not known.", do=did_you_mean(format, known))
