"""Dataframe engines at the edge: any frame in (as Arrow), a table's columns out as pandas, Polars or Arrow.

Columns are NumPy arrays, `ListColumn` for a list a row, or `LabelColumn` for codes and their labels. Object
arrays hold strings and None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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

    codes : int32[n]; labels : object[n_labels], or packed texts (``take(rows)`` and ``texts()`` of them)
    """

    codes: np.ndarray
    labels: Any

    def __len__(self) -> int:
        return len(self.codes)

    def decode(self) -> np.ndarray:
        """object[n]: the label of each row."""
        known = np.full(len(self.labels) + 1, None, dtype=object)
        known[:-1] = self.labels if isinstance(self.labels, np.ndarray) else self.labels.texts()
        return known[np.where(self.codes < 0, len(self.labels), self.codes)]

    def narrowed(self) -> LabelColumn:
        """The same rows with the labels that they use and no others, in their order."""
        place = np.full(len(self.labels) + 1, -1, dtype=np.int32)  # the last place is that of code −1
        place[self.codes] = 0
        kept = np.flatnonzero(place[:-1] == 0)
        place[:-1][kept], place[-1] = np.arange(len(kept)), -1
        labels = self.labels[kept] if isinstance(self.labels, np.ndarray) else self.labels.take(kept)
        return LabelColumn(place[self.codes], labels)


class WordColumn(LabelColumn):
    """A label column of few words that looks like an object array: compared, picked and gone through word by word.

    codes : int8[n]; labels : object[n_labels]
    """

    @classmethod
    def of(cls, codes: np.ndarray, words: Sequence[str]) -> WordColumn:
        """The words of ``codes``, −1 None."""
        return cls(codes.astype(np.int8), np.array([*words], dtype=object))

    def take(self, rows: np.ndarray) -> WordColumn:
        """Some of the rows (indices, in their order)."""
        return WordColumn(self.codes[rows], self.labels)

    def decode(self) -> np.ndarray:
        """object[n]: the word of each row."""
        return np.asarray(self._words[self.codes])

    def tolist(self) -> list[str | None]:
        """The words."""
        return list(self.decode().tolist())

    def __getitem__(self, rows: Any) -> Any:
        return self._words[self.codes[rows]]

    @property
    def _words(self) -> np.ndarray:
        """The words, and None for code −1."""
        return np.array([*self.labels, None], dtype=object)

    def __iter__(self) -> Iterator[str | None]:
        return iter(self.tolist())

    def __eq__(self, word: object) -> Any:
        return self.decode() == word

    def __ne__(self, word: object) -> Any:
        return self.decode() != word

    __hash__ = object.__hash__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.decode()


class TextColumn:
    """A text a row, made when it is asked for; looks like an object array."""

    def __len__(self) -> int:
        raise NotImplementedError

    def take(self, rows: Any) -> TextColumn:
        """Some of the rows (a slice, or indices in their order), none of them made yet."""
        raise NotImplementedError

    def parts(self) -> tuple[LabelColumn, ...]:
        """What the text of each row is put together from, one part after another; nothing where a code is −1."""
        raise NotImplementedError

    def decode(self) -> np.ndarray:
        """object[n]: the text of each row."""
        texts: np.ndarray | None = None
        for part in self.parts():
            known = np.array([*part.labels, ""], dtype=object)
            piece = known[np.where(part.codes < 0, len(part.labels), part.codes)]
            texts = piece if texts is None else texts + piece
        return np.empty(len(self), dtype=object) if texts is None else texts

    def tolist(self) -> list[str]:
        """The texts."""
        return list(self.decode().tolist())

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, (int, np.integer)):
            return self.take(np.array([range(len(self))[rows]])).decode()[0]
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return self.take(rows).decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.decode()


AnyColumn = np.ndarray | ListColumn | LabelColumn | TextColumn
Columns = Mapping[str, AnyColumn]


def take_rows(columns: Columns, rows: np.ndarray | slice) -> dict[str, np.ndarray | LabelColumn | TextColumn]:
    """The picked ``rows`` (indices, or a slice) of columns that are no lists; nothing else is decoded."""
    taken: dict[str, np.ndarray | LabelColumn | TextColumn] = {}
    for name, column in columns.items():
        if isinstance(column, LabelColumn):
            taken[name] = type(column)(column.codes[rows], column.labels)
        elif isinstance(column, TextColumn):
            taken[name] = column.take(rows)
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
    if isinstance(column, TextColumn):
        return _joined_texts(column)
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


def _joined_texts(column: TextColumn) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = pa.scalar("", pa.string())
    pieces = [pc.fill_null(arrow_labels(part).dictionary_decode(), empty) for part in column.parts()]
    return pc.binary_join_element_wise(*pieces, empty)


def arrow_texts(column: Any) -> Any:
    """A pyarrow string array of objects: None stays null, what is no str becomes its str(); or of packed texts.

    What UTF-8 cannot hold (half of a surrogate pair) becomes "?".
    """
    import pyarrow as pa

    if not isinstance(column, np.ndarray):
        if len(column.data) < 2**31:
            offsets, data = column.offsets.astype(np.int32), np.ascontiguousarray(column.data)
            return pa.StringArray.from_buffers(len(column), pa.py_buffer(offsets), pa.py_buffer(data))
        column = np.array([*column.texts()], dtype=object)
    try:
        return pa.array(column, type=pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        texts = (None if value is None else str(value).encode("utf-8", "replace").decode() for value in column)
        return pa.array(texts, type=pa.string(), size=len(column))


def _pandas_values(column: AnyColumn) -> Any:
    if isinstance(column, (LabelColumn, TextColumn)):
        return column.decode()
    if isinstance(column, ListColumn):
        values = column.values.decode() if isinstance(column.values, LabelColumn) else column.values
        rows = np.empty(len(column), dtype=object)
        for i in range(len(column)):
            rows[i] = tuple(values[column.indptr[i] : column.indptr[i + 1]])
        return rows
    return column
