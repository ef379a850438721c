"""What a path holds: a release folder, a release, or a data file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from affinity.errors import InputError
from affinity.frames import without_progress_bar
from affinity.release.columns import ROWS, describe_column
from affinity.release.folder import MANIFEST, RELEASES, current_id, release_ids
from affinity.release.opened import find_release, open_release

SHOWN_ROWS = 5
_TEXT_FILES = {".csv", ".tsv", ".txt"}


def describe_path(path: str | Path) -> dict[str, Any]:
    """What ``path`` holds, as plain values for people and machines.

    A release or release folder: kind, release, as_of, rows a table, report, the other releases. A .parquet, .csv,
    .tsv or .txt file: kind, rows, columns (name -> type), first_rows, and for a table of a release row and meaning (what
    a row and each column is). Raises InputError or ReleaseError otherwise.
    """
    path = Path(path)
    if path.is_dir():
        return _describe_release(path)
    if not path.exists():
        raise InputError(f"{str(path)!r} does not exist.", do="Name a release folder, a release or a data file.")
    if path.suffix.lower() == ".parquet":
        return _describe_file(path, "parquet", "read_parquet($path)")
    if path.suffix.lower() in _TEXT_FILES or path.name.lower().endswith(".csv.gz"):
        return _describe_file(path, "csv", "read_csv($path, all_varchar = true, null_padding = true, strict_mode = false)")
    raise InputError(
        f"{str(path)!r} has the ending {path.suffix!r}, which is not looked into.",
        do="Name a release folder, or a .parquet or .csv file.",
    )


def _describe_release(path: Path) -> dict[str, Any]:
    release = open_release(path)
    described: dict[str, Any] = {
        "kind": "release",
        "release": release.id,
        "as_of": release.as_of,
        "rows": dict(release.manifest["rows"]),
        "report": release.report,
    }
    if (path / RELEASES).is_dir():
        described["current"] = current_id(path)
        described["releases"] = release_ids(path)
    else:
        described["path"] = find_release(path).name
    return described


def _describe_file(path: Path, kind: str, reader: str) -> dict[str, Any]:
    import duckdb

    connection = without_progress_bar(duckdb.connect())
    try:
        values = {"path": str(path)}
        names = connection.execute(f"DESCRIBE SELECT * FROM {reader}", values).fetchall()
        rows = connection.execute(f"SELECT count(*) FROM {reader}", values).fetchone()
        first = connection.execute(f"SELECT * FROM {reader} LIMIT {SHOWN_ROWS}", values).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"{str(path)!r} cannot be read as {kind}: {str(error).splitlines()[0]}",
            do="Look at the file, or read it with: affinity ingest FILE",
        ) from None
    finally:
        connection.close()
    columns = {name: kind_of for name, kind_of, *_ in names}
    described = {
        "kind": kind,
        "rows": rows[0] if rows else 0,
        "columns": columns,
        "first_rows": [dict(zip(columns, row)) for row in first],
    }
    return described | _meanings(path, columns)


def _meanings(path: Path, columns: Iterable[str]) -> dict[str, Any]:
    """What a row and each column is, where the file is a table of a release."""
    if path.stem not in ROWS or not (path.parent / MANIFEST).is_file():
        return {}
    return {"row": ROWS[path.stem], "meaning": {name: describe_column(path.stem, name) for name in columns}}
