"""A folder of files: which tables it holds, by the headers of their first lines."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

from affinity.ingest.csv_text import DELIMITERS, split_line

_TEXT = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json")


def list_files(folder: Path) -> dict[Path, tuple[str, ...]]:
    """The tables of a folder (not of the folders in it) and their headers; what cannot be read as a table is left out."""
    found = {}
    for path in sorted(folder.iterdir()):
        suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
        if not path.is_file() or path.name.startswith((".", "_")) or not suffixes:
            continue
        headers = _parquet_headers(path) if suffixes[-1] in (".parquet", ".pq") else _text_headers(path, suffixes[-1])
        if headers:
            found[path] = headers
    return found


def _parquet_headers(path: Path) -> tuple[str, ...]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return tuple(parquet.read_schema(path).names)
    except (pa.ArrowInvalid, OSError):
        return ()


def _text_headers(path: Path, suffix: str) -> tuple[str, ...]:
    if suffix not in _TEXT:
        return ()
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            line = next((line for line in file if line.strip()), b"").decode("utf-8-sig").strip()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return ()
    if line.startswith("{"):
        try:
            return tuple(json.loads(line))
        except ValueError:
            return ()
    widest: list[str] = []
    for delimiter in DELIMITERS:
        fields = split_line(line, delimiter) or []
        widest = fields if len(fields) > len(widest) else widest
    return tuple(widest)
