"""Dataframe engines at the edge: any frame in (as Arrow), a table's columns out as pandas, Polars or Arrow.

Columns are NumPy arrays, `ListColumn` for a list a row, or `LabelColumn` for codes and their labels. Object
arrays hold strings and None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity.errors import InputError, MissingExtra


@dataclass(frozen=True)
class ListColumn:
    """A list a row: ``values[indptr[i]:indptr[i + 1]]`` is row i."""

    indptr: np.ndarray
    values: np.ndarray | LabelColumn

    def __len__(self) -> int:
        return len(self.indptr) - 1


@dataclass(frozen=True)
class LabelColumn:
    """A label a row, kept as codes: ``labels[codes[i]]`` is row i, None where a code is negative.

    codes : int32[n]; labels : object[n_labels]
    """

    codes: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def decode(self) -> np.ndarray:
        """object[n]: the label of each row."""
        known = np.full(len(self.labels) + 1, None, dtype=object)
        known[:-1] = self.labels
        return known[np.where(self.codes < 0, len(self.labels), self.codes)]


AnyColumn = np.ndarray | ListColumn | LabelColumn
Columns = Mapping[str, AnyColumn]


def take_rows(columns: Columns, rows: np.ndarray) -> dict[str, np.ndarray | LabelColumn]:
    """The picked ``rows`` (indices) of columns that are no lists; nothing else is decoded."""
    taken: dict[str, np.ndarray | LabelColumn] = {}
    for name, column in columns.items():
        if isinstance(column, LabelColumn):
            taken[name] = LabelColumn(column.codes[rows], column.labels)
        elif isinstance(column, np.ndarray):
            taken[name] = column[rows]
    return taken


def to_arrow(columns: Columns) -> Any:
    """A pyarrow.Table of ``columns``: strings as string, lists as list<string>, days as they are."""
    import pyarrow as pa

    return pa.table({name: _arrow_array(column) for name, column in columns.items()})


def to_pandas(columns: Columns) -> Any:
    """A pandas.DataFrame of ``columns``; a list column holds tuples."""
    import pandas as pd

    return pd.DataFrame({name: _pandas_values(column) for name, column in columns.items()})


def show_as(frame: Any, write: Callable[[], str]) -> Any:
    """The pandas.DataFrame ``frame``, shown in a notebook as the HTML that ``write`` gives; frames made from it are plain."""
    object.__setattr__(frame, "_repr_html_", write)
    return frame


def to_polars(columns: Columns) -> Any:
    """A polars.DataFrame of ``columns``."""
    try:
        import polars as pl
    except ModuleNotFoundError:
        raise MissingExtra("Polars is not installed.", do="pip install 'affinity-engine[polars]'") from None
    return pl.from_arrow(to_arrow(columns))


def without_progress_bar(connection: Any) -> Any:
    """A DuckDB connection that draws no progress bar among what is printed.

    In a notebook without ipywidgets there is none, and saying so again would be an error there.
    """
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchone()[0]:
        connection.execute("SET enable_progress_bar = false")
    return connection


def is_frame(source: Any) -> bool:
    """Whether ``source`` is a dataframe of some engine (pandas, Polars, Arrow, DuckDB relation, …)."""
    kind = type(source)  # not the instance: asking a lazy frame for its columns makes it work
    return any(hasattr(kind, name) for name in ("__arrow_c_stream__", "to_arrow_table", "columns"))


def as_arrow(source: Any) -> Any:
    """Any dataframe as a pyarrow.Table (pandas, Polars eager or lazy, Arrow, DuckDB relation, Ibis, …).

    A pandas index with a name becomes a column, one without a name is left out.

    Raises InputError when ``source`` is no dataframe.
    """
    import pyarrow as pa

    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatchReader):
        return source.read_all()
    import narwhals as nw

    try:
        frame = nw.from_native(source)
    except TypeError:
        if hasattr(source, "__arrow_c_stream__"):
            return pa.table(source)
        raise InputError(
            f"{type(source).__name__} is no dataframe that can be read.",
            do="Pass a path, or a pandas, Polars, Arrow or DuckDB frame.",
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow")
    table = frame.to_arrow()
    return table.drop_columns([name for name in table.column_names if name.startswith("__index_level_")])


def _arrow_array(column: AnyColumn) -> Any:
    import pyarrow as pa

    if isinstance(column, LabelColumn):
        return arrow_labels(column).dictionary_decode()
    if isinstance(column, ListColumn):
        return pa.ListArray.from_arrays(pa.array(column.indptr.astype(np.int32)), _arrow_array(column.values))
    if column.dtype == object:
        return arrow_texts(column)
    if column.dtype.kind == "f":
        return pa.array(column, from_pandas=True)  # NaN is "no value", written as null
    return pa.array(column)


def arrow_labels(column: LabelColumn) -> Any:
    """A pyarrow.DictionaryArray of ``column`` (int32 indices into its labels as strings)."""
    import pyarrow as pa

    codes = np.asarray(column.codes, dtype=np.int32)
    missing = codes < 0
    indices = pa.array(codes, mask=missing) if missing.any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, arrow_texts(column.labels))


def arrow_texts(column: np.ndarray) -> Any:
    """A pyarrow string array of objects: None stays null, what is no str becomes its str().

    What UTF-8 cannot hold (half of a surrogate pair) becomes "?".
    """
    import pyarrow as pa

    try:
        return pa.array(column, type=pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        texts = (None if value is None else str(value).encode("utf-8", "replace").decode() for value in column)
        return pa.array(texts, type=pa.string(), size=len(column))


def _pandas_values(column: AnyColumn) -> Any:
    if isinstance(column, LabelColumn):
        return column.decode()
    if isinstance(column, ListColumn):
        values = column.values.decode() if isinstance(column.values, LabelColumn) else column.values
        rows = np.empty(len(column), dtype=object)
        for i in range(len(column)):
            rows[i] = tuple(values[column.indptr[i] : column.indptr[i + 1]])
        return rows
    return column
