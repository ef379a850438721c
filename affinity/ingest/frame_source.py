"""Dataframes, Parquet files and what comes as Arrow batches as sources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from affinity import frames
from affinity.errors import InputError
from affinity.ingest.staging import Column, Source
from affinity.ingest.workbench import BATCH_ROWS, Workbench, first_line, quote_name


def open_frame(bench: Workbench, frame: Any) -> Source:
    """A dataframe of any engine; a DuckDB relation is streamed."""
    if hasattr(frame, "to_arrow_reader") and hasattr(frame, "types"):
        return open_relation(bench, frame, "frame")
    return _open_arrow(bench, _to_arrow(frame), "frame")


def open_columns(bench: Workbench, columns: Mapping[Any, Any]) -> Source:
    """A mapping of names to columns of one length; InputError where it is none."""
    import pandas as pd

    try:
        return open_frame(bench, pd.DataFrame(dict(columns)))
    except ValueError as error:
        raise InputError(
            f"The mapping cannot be read as columns: {first_line(error)}.",
            do="Give one list of the same length for each column.",
        ) from None


def _to_arrow(frame: Any) -> Any:
    import pyarrow as pa
    from narwhals.exceptions import NarwhalsError

    try:
        return frames.as_arrow(frame)
    except NarwhalsError as error:
        raise InputError(f"The frame cannot be read: {' '.join(str(error).split())}.", do="Mend it first.") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        if not hasattr(frame, "dtypes") or not hasattr(frame, "assign"):
            raise InputError(f"{type(frame).__name__} cannot be read as a frame: {first_line(error)}.") from None
    # a pandas column of objects that are not all of one type: invoices 489434 and "C489449"
    mixed = [name for name, dtype in zip(frame.columns, frame.dtypes) if str(dtype) == "object"]
    return frames.as_arrow(frame.assign(**{name: [plain_text(value) for value in frame[name]] for name in mixed}))


def plain_text(value: Any) -> str | None:
    """A cell as text: None for nothing, 17850 for 17850.0, ISO for dates."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return None if text in ("<NA>", "NaT") else text


def _open_arrow(bench: Workbench, table: Any, kind: str) -> Source:
    import duckdb

    if not table.num_columns:
        raise InputError(f"The {kind} has no columns.", do="Pass one row an order line.")
    cells = [f"c{i}" for i in range(table.num_columns)]  # the engine cannot tell Country from country
    try:
        bench.register("arrow_rows", table.rename_columns(cells))
        types = [row[1] for row in bench.run("DESCRIBE arrow_rows")]
    except duckdb.Error as error:  # a decimal of 256 bits
        raise InputError(
            f"The {kind} has a column of a type that cannot be read: {first_line(error)}.",
            do=f"Cast it first. Its types are {', '.join(map(str, table.schema.types))[:300]}.",
        ) from None
    columns = tuple(Column(str(name), type_name) for name, type_name in zip(table.column_names, types))
    return Source(kind, columns, "arrow_rows")


def open_relation(bench: Workbench, relation: Any, kind: str) -> Source:
    """A DuckDB relation, streamed."""
    columns = tuple(Column(name, str(type_)) for name, type_ in zip(relation.columns, relation.types))
    reader = relation.to_arrow_reader(BATCH_ROWS)
    bench.register("arrow_rows", reader)
    return _select(columns, "arrow_rows", {}, kind)


@dataclass(frozen=True)
class ParquetParts:
    """Parquet files, ``paths``, of a folder, in the order in which they are read."""

    folder: Path
    paths: tuple[Path, ...]


def open_parquet(bench: Workbench, path: Path, parts: Sequence[Path] = ()) -> Source:
    """A Parquet file, or the ``parts`` of the folder ``path``, one after the other; they must have the same columns."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    relation = "read_parquet($path, binary_as_string=true)"
    parameters: dict[str, object] = {"path": [escape(str(part)) for part in parts or [path]]}
    try:
        for looked_at in parts or [path]:  # a damaged footer may name sizes of gigabytes, which DuckDB would allocate
            pq.read_metadata(looked_at)
        looked_at = path
        described = bench.run(f"DESCRIBE SELECT * FROM {relation}", parameters)
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{looked_at.name} cannot be read as Parquet: {first_line(error).rstrip('.')}.",
            do="Export it again, or pass --format by what it is.",
        ) from None
    return _select(tuple(Column(row[0], row[1]) for row in described), relation, parameters, "parquet")


def _select(columns: Sequence[Column], relation: str, parameters: dict[str, object], kind: str) -> Source:
    cells = ", ".join(f"{quote_name(column.name)} AS c{i}" for i, column in enumerate(columns))
    return Source(kind, tuple(columns), f"(SELECT {cells} FROM {relation})", parameters)


def open_reader(bench: Workbench, names: Sequence[str], reader: Any) -> Source:
    """The rows of a query that come as Arrow batches of the columns c0, c1, …, called ``names`` in the database."""
    bench.register("arrow_rows", reader)
    types = [row[1] for row in bench.run("DESCRIBE arrow_rows")]
    return Source("query", tuple(Column(name, type_name) for name, type_name in zip(names, types)), "arrow_rows")
