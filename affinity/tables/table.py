"""What every table has: frozen columns, checks, and a way out to a dataframe."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from affinity import frames

AnyTable = TypeVar("AnyTable")
Found = TypeVar("Found")


def once_a_table(make: Callable[[AnyTable], Found]) -> Callable[[AnyTable], Found]:
    """``make(table)``, worked out once for each table (which never changes) and kept with it; an array is read-only."""
    name = f"{make.__module__}.{make.__qualname__}"

    @wraps(make)
    def kept(table: AnyTable) -> Found:
        if name not in table.__dict__:
            made = make(table)
            if isinstance(made, np.ndarray):
                made.flags.writeable = False
            table.__dict__[name] = made
        found: Found = table.__dict__[name]
        return found

    return kept


class Table:
    """Base of the frozen struct-of-arrays tables.

    A subclass is a frozen dataclass whose array fields become read-only, and defines `columns`:
    its rows as users see them (labels, not codes).
    """

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value = value.view()
                value.flags.writeable = False
                object.__setattr__(self, field.name, value)

    def columns(self) -> dict[str, np.ndarray | frames.ListColumn]:
        """The rows as named columns of labels and numbers."""
        raise NotImplementedError

    def coded_columns(self) -> dict[str, frames.AnyColumn]:
        """The same rows for writers: label columns as codes and labels, where the table has them so."""
        return {**self.columns()}

    def to_pandas(self) -> Any:
        """The rows as a pandas.DataFrame (labels, not codes)."""
        return frames.to_pandas(self.columns())

    def rows_to_pandas(self, rows: np.ndarray) -> Any:
        """The picked ``rows`` (indices, in their order) as a pandas.DataFrame, list columns left out."""
        return frames.to_pandas(frames.take_rows(self.coded_columns(), rows))

    def to_polars(self) -> Any:
        """The rows as a polars.DataFrame (labels, not codes)."""
        return frames.to_polars(self.coded_columns())

    def to_arrow(self) -> Any:
        """The rows as a pyarrow.Table (labels, not codes)."""
        return frames.to_arrow(self.coded_columns())

    def plot(self, **options: Any) -> Any:
        """A picture of the table as a matplotlib.figure.Figure (see affinity.plots for the options).

        interactive=True : an altair.Chart of the same numbers, to point at and zoom (see affinity.plots.interactive)
        """
        registry = importlib.import_module("affinity.plots.registry")
        return registry.plot_table(self, **options)

    def __len__(self) -> int:
        return len(next(iter(self.columns().values())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} rows)"

    def _repr_html_(self) -> str:
        """The table in a notebook: what a row is, how many there are, the first by evidence, numbers as people read them."""
        return str(importlib.import_module("affinity.tables.notebook").show(self))


def pick_rows(indptr: np.ndarray, who: np.ndarray) -> tuple[np.ndarray, slice | np.ndarray]:
    """(int64[len(who) + 1] bounds, rows) of the lists ``who`` (rising codes) of a CSR alone.

    The rows are a slice where the lists follow each other.
    """
    if len(who) and int(who[-1]) - int(who[0]) + 1 == len(who):
        bounds = indptr[int(who[0]) : int(who[-1]) + 2]
        return bounds - bounds[0], slice(int(bounds[0]), int(bounds[-1]))
    sizes = indptr[who + 1] - indptr[who]
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return bounds, np.arange(int(bounds[-1])) + np.repeat(indptr[who] - bounds[:-1], sizes)


def check_lengths(table: Table, length: int, *names: str) -> None:
    """AssertionError unless each named column (if present) has ``length`` rows: a defect, not user input."""
    for name in names:
        column = getattr(table, name)
        assert column is None or len(column) == length, f"{type(table).__name__}.{name}: {len(column)} != {length}"


def optional_dates(days: np.ndarray) -> np.ndarray:
    """datetime64[D] of int days since the epoch; NaT where a day is negative (unknown)."""
    dates = days.astype("datetime64[D]")
    dates[days < 0] = np.datetime64("NaT")
    return dates
