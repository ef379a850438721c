"""Dataframe engines at the edge: any frame in (as Arrow), a table's columns out as pandas, Polars or Arrow.

Columns are NumPy arrays, or `ListColumn` for a list a row. Object arrays hold strings and None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity.errors import InputError, MissingExtra


@dataclass(frozen=True)
class ListColumn:
    """A list a row: ``values[indptr[i]:indptr[i + 1]]`` is row i."""

    indptr: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.indptr) - 1


Columns = Mapping[str, "np.ndarray | ListColumn"]


def to_arrow(columns: Columns) -> Any:
    """A pyarrow.Table of ``columns``: strings as string, lists as list<string>, days as they are."""
    import pyarrow as pa

    return pa.table({name: _arrow_array(column) for name, column in columns.items()})


def to_pandas(columns: Columns) -> Any:
    """A pandas.DataFrame of ``columns``; a list column holds tuples."""
    import pandas as pd

    return pd.DataFrame({name: _pandas_values(column) for name, column in columns.items()})


def to_polars(columns: Columns) -> Any:
    """A polars.DataFrame of ``columns``."""
    try:
        import polars as pl
    except ModuleNotFoundError:
        raise MissingExtra("Polars is not installed.", do="pip install 'affinity-engine[polars]'") from None
    return pl.from_arrow(to_arrow(columns))


def is_frame(source: Any) -> bool:
    """Whether ``source`` is a dataframe of some engine (pandas, Polars, Arrow, DuckDB relation, …)."""
    return hasattr(source, "__arrow_c_stream__") or hasattr(source, "to_arrow_table") or hasattr(source, "columns")


def as_arrow(source: Any) -> Any:
    """Any dataframe as a pyarrow.Table (pandas, Polars eager or lazy, Arrow, DuckDB relation, Ibis, …).

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
    return frame.to_arrow()


def _arrow_array(column: np.ndarray | ListColumn) -> Any:
    import pyarrow as pa

    if isinstance(column, ListColumn):
        values = _arrow_array(column.values)
        return pa.ListArray.from_arrays(pa.array(column.indptr.astype(np.int32)), values)
    if column.dtype == object:
        texts = (None if value is None else value if isinstance(value, str) else str(value) for value in column)
        return pa.array(texts, type=pa.string(), size=len(column))
    if column.dtype.kind == "f":
        return pa.array(column, from_pandas=True)  # NaN is "no value", written as null
    return pa.array(column)


def _pandas_values(column: np.ndarray | ListColumn) -> Any:
    if isinstance(column, ListColumn):
        rows = np.empty(len(column), dtype=object)
        for i in range(len(column)):
            rows[i] = tuple(column.values[column.indptr[i] : column.indptr[i + 1]])
        return rows
    return column
