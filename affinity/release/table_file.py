"""One table as one file: Parquet, CSV or JSON by the file's ending, written aside and renamed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from affinity.errors import OutputError
from affinity.tables import Table


def write_table(table: Table, path: str | Path) -> Path:
    """Write ``table`` to ``path`` (.parquet, .csv or .json, a list of objects); lists become "a | b" in CSV.

    Raises OutputError for another ending or a place that cannot be written. The file appears whole or not at all.
    """
    path = Path(path)
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".json": _write_json}
    if path.suffix not in writers:
        raise OutputError(f"{path} ends in {path.suffix!r}.", do=f"Use one of {', '.join(writers)}.")
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        writers[path.suffix](table.to_arrow(), aside)
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.", do="Choose another place.") from None
    finally:
        aside.unlink(missing_ok=True)
    return path


def _write_parquet(arrow: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(arrow, path, compression="zstd")


def _write_csv(arrow: Any, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv

    for i, field in enumerate(arrow.schema):
        if pa.types.is_list(field.type):
            arrow = arrow.set_column(i, field.name, pc.binary_join(arrow.column(i).combine_chunks(), " | "))
    pacsv.write_csv(arrow, path)


def _write_json(arrow: Any, path: Path) -> None:
    import json

    path.write_text(json.dumps(arrow.to_pylist(), default=str, ensure_ascii=False), encoding="utf-8")
