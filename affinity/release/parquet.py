"""Tables to Parquet with fixed options, so that the same rows give the same bytes; and small tables to other files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from affinity.errors import OutputError
from affinity.frames import AnyColumn, LabelColumn, ListColumn, WordColumn, arrow_labels, to_arrow
from affinity.release.download import defuse
from affinity.release.schema import TABLES, arrow_type
from affinity.replacing import replacing
from affinity.tables import Table

ROWS_A_GROUP = 1 << 18


class HashedFile:
    """A binary file that only grows, with the SHA-256 and the number of the bytes written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sha256, self.size = file, hashlib.sha256(), 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Append ``data``."""
        view = memoryview(data).cast("B")
        self.sha256.update(view)
        self.file.write(view)
        self.size += len(view)
        return len(view)

    def tell(self) -> int:
        """The number of bytes written."""
        return self.size

    def flush(self) -> None:
        """Pass what is buffered to the operating system."""
        self.file.flush()

    def writable(self) -> bool:
        """True: it can be written."""
        return True

    def readable(self) -> bool:
        """False: it cannot be read."""
        return False

    def seekable(self) -> bool:
        """False: it only grows."""
        return False

    def close(self) -> None:
        """Nothing: whoever opened the file closes it."""


def write_hashed(path: Path, write: Any) -> dict[str, Any]:
    """Call ``write(file)`` on a new file at ``path``, fsync it; its SHA-256 and size as for the manifest."""
    with path.open("xb") as file:
        hashed = HashedFile(file)
        write(hashed)
        file.flush()
        os.fsync(file.fileno())
    return {"sha256": hashed.sha256.hexdigest(), "bytes": hashed.size}


def published_table(name: str, content: Table | Mapping[str, AnyColumn] | None) -> Any:
    """The pyarrow.Table that file ``name`` publishes: its columns in their published types, labels as dictionaries.

    None gives no rows. A column that the file must have and ``content`` lacks is a defect: ValueError.
    """
    import pyarrow as pa

    needed = TABLES[name]
    if content is None:
        return pa.table({column: pa.array([], type=arrow_type(kind)) for column, kind in needed.items()})
    columns = content.coded_columns() if isinstance(content, Table) else content
    missing = sorted(set(needed) - set(columns))
    if missing:
        raise ValueError(f"{name}: the columns {missing} are missing; there are {sorted(columns)}")
    return pa.table({column: _published_column(values, needed.get(column)) for column, values in columns.items()})


def _published_column(values: AnyColumn, kind: str | None) -> Any:
    if isinstance(values, LabelColumn) and not isinstance(values, WordColumn):
        return arrow_labels(values)
    if isinstance(values, np.ndarray) and values.dtype == object and kind not in (None, "string"):
        raise ValueError(f"a column of {kind} was given as objects")
    array = to_arrow({"column": values})["column"]
    if kind is None or isinstance(values, ListColumn):
        return array
    return array.cast(arrow_type(kind))


def write_parquet(table: Any, file: Any) -> None:
    """Write a pyarrow.Table with fixed options: no writer schema, zstd 1, dictionaries for what is not a float."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    others = [_leaf(field) for field in table.schema if not pa.types.is_floating(field.type)]
    pq.write_table(
        table.replace_schema_metadata(None),
        file,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=1,
        use_dictionary=others or False,
        use_byte_stream_split=floats or False,
        row_group_size=ROWS_A_GROUP,
        store_schema=False,
        write_page_index=False,
    )


def _leaf(field: Any) -> str:
    import pyarrow as pa

    return f"{field.name}.list.element" if pa.types.is_list(field.type) else str(field.name)


def write_table(table: Table | Mapping[str, AnyColumn], path: str | Path) -> Path:
    """Write a table to a .parquet, .csv or .json file (by the ending), labels not codes; other endings are an error.

    In CSV a list is its texts with " + " between them, and nothing is a formula (see `affinity.release.download`). The file
    is written aside and moved in one rename.
    """
    path = Path(path)
    writers = {".parquet": write_parquet, ".csv": _write_csv, ".json": _write_json}
    if path.suffix.lower() not in writers:
        raise OutputError(
            f"{str(path)!r} has the ending {path.suffix!r}, which is no table file.",
            do=f"End the name in {', '.join(writers)}.",
        )
    rows = to_arrow(table.coded_columns() if isinstance(table, Table) else table)
    try:
        with replacing(path) as aside, aside.open("wb") as file:
            writers[path.suffix.lower()](rows, file)
    except OSError as error:
        raise OutputError(
            f"{str(path)!r} cannot be written: {error.strerror or error}.", do="Name a file in a folder that can be written."
        ) from None
    return path


def _write_csv(table: Any, file: Any) -> None:
    from pyarrow import csv

    csv.write_csv(defuse(table), file)


def _write_json(table: Any, file: Any) -> None:
    import json

    for start in range(0, max(len(table), 1), ROWS_A_GROUP):
        lines = (json.dumps(row, default=str, ensure_ascii=False) for row in table.slice(start, ROWS_A_GROUP).to_pylist())
        text = ",\n".join(lines)
        file.write((("[" if start == 0 else ",\n") + text).encode())
    file.write(b"]\n")
