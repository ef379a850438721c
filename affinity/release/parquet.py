"""Tables to Parquet with fixed options, so that the same rows give the same bytes; and small tables to other files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from affinity.errors import OutputError
from affinity.frames import AnyColumn, LabelColumn, ListColumn, WordColumn, arrow_labels, take_rows, to_arrow
from affinity.mapped import split_rows
from affinity.progress import track
from affinity.release.download import defuse
from affinity.release.schema import FLAG, NUMBER, SHORT, TABLES, WHOLE, arrow_type
from affinity.release.values import ValuesChecksum
from affinity.replacing import replacing
from affinity.tables import Table

ROWS_A_GROUP = 1 << 18

#: The type of an empty column; the others are texts.
_EMPTY = {WHOLE: np.int64, SHORT: np.int32, NUMBER: np.float64, FLAG: np.bool_}


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


def published_columns(name: str, content: Table | Mapping[str, AnyColumn] | None) -> Mapping[str, AnyColumn]:
    """The columns that file ``name`` publishes, labels as codes; None gives those that it must have, without rows.

    A column that the file must have and ``content`` lacks is a defect: ValueError.
    """
    needed = TABLES[name]
    if content is None:
        return {column: np.empty(0, dtype=_EMPTY.get(kind, object)) for column, kind in needed.items()}
    columns = content.coded_columns() if isinstance(content, Table) else content
    missing = sorted(set(needed) - set(columns))
    if missing:
        raise ValueError(f"{name}: the columns {missing} are missing; there are {sorted(columns)}")
    return columns


def published_blocks(name: str, content: Table | Mapping[str, AnyColumn] | None) -> Iterator[Any]:
    """The rows of file ``name`` as pyarrow.Tables of ROWS_A_GROUP rows (the last of fewer; at least one), made one by one.

    Of several blocks each holds only the labels that it uses.
    """
    import pyarrow as pa

    if content is None:
        yield pa.table({column: pa.array([], type=arrow_type(kind)) for column, kind in TABLES[name].items()})
        return
    columns = published_columns(name, content)
    n = len(next(iter(columns.values())))
    if n <= ROWS_A_GROUP or any(isinstance(column, ListColumn) for column in columns.values()):
        whole = _published_table(name, columns)
        yield from (whole.slice(rows.start, ROWS_A_GROUP) for rows in split_rows(n, ROWS_A_GROUP))
        return
    for rows in track(list(split_rows(n, ROWS_A_GROUP)), f"{name} written"):
        part = take_rows(columns, rows)
        yield _published_table(name, {key: _narrowed(column) for key, column in part.items()})


def _narrowed(column: AnyColumn) -> AnyColumn:
    return column.narrowed() if isinstance(column, LabelColumn) and not isinstance(column, WordColumn) else column


def _published_table(name: str, columns: Mapping[str, AnyColumn]) -> Any:
    import pyarrow as pa

    needed = TABLES[name]
    return pa.table({key: _published_column(values, needed.get(key)) for key, values in columns.items()})


def write_published(name: str, content: Table | Mapping[str, AnyColumn] | None, file: Any) -> tuple[int, str]:
    """Write file ``name`` as Parquet, a row group at a time; how many rows it has, and the checksum of their values."""
    import pyarrow.parquet as pq

    rows, checksum, writer = 0, ValuesChecksum(), None
    for block in published_blocks(name, content):
        if writer is None:
            writer = pq.ParquetWriter(file, block.schema, **_options(block.schema))
        writer.write_table(block, row_group_size=ROWS_A_GROUP)
        checksum.add(block)
        rows += len(block)
    assert writer is not None
    writer.close()
    return rows, checksum.hexdigest()


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
    import pyarrow.parquet as pq

    plain = table.replace_schema_metadata(None)
    pq.write_table(plain, file, row_group_size=ROWS_A_GROUP, **_options(table.schema))


def _options(schema: Any) -> dict[str, Any]:
    import pyarrow as pa

    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    others = [_leaf(field) for field in schema if not pa.types.is_floating(field.type)]
    return {
        "version": "2.6",
        "data_page_version": "1.0",
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": others or False,
        "use_byte_stream_split": floats or False,
        "store_schema": False,
        "write_page_index": False,
    }


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
