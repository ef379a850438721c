"""What a one-hot frame holds: the cells that are one, and those that are not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.tables import Baskets
from affinity.vocabulary import Vocabulary


def read_cells(df: Any, null_values: bool) -> tuple[Any, np.ndarray]:
    """(scipy CSR of the ones, bool[rows, columns] of the unknown cells; of shape (0, 0) without ``null_values``).

    df : pandas.DataFrame, dense, sparse or nullable; ValueError where a cell is none of True, False, 0, 1 (and NaN).
    """
    from scipy import sparse

    unknown = np.zeros(df.shape if null_values else (0, 0), dtype=bool)
    if df.size == 0:
        return sparse.csr_array(df.shape, dtype=bool), unknown
    if hasattr(df, "sparse") and all(dtype.fill_value == 0 for dtype in df.dtypes):
        values = df.sparse.to_coo()
        data, at = values.data, (values.row, values.col)
    else:
        data, at = (df.sparse.to_dense() if hasattr(df, "sparse") else df).to_numpy(), None
    numbers = _as_numbers(data, null_values)
    missing = np.isnan(numbers) if numbers.dtype == float else None
    if at is None:
        if null_values and missing is not None:
            unknown = missing
        columns, rows = np.nonzero((numbers == 1).T)  # frames lie column by column
    else:
        if null_values and missing is not None:
            unknown[at[0][missing], at[1][missing]] = True
        ones = numbers == 1
        rows, columns = at[0][ones], at[1][ones]
    held = sparse.csr_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=df.shape)
    held.sort_indices()
    return held, unknown


def _as_numbers(data: np.ndarray, null_values: bool) -> np.ndarray:
    """bool, or float64 with NaN where a cell is missing; ValueError where it is anything else but 0 and 1."""
    if data.dtype == bool:
        return data
    import pandas as pd

    missing = pd.isna(data)
    if missing.any() and not null_values:
        raise ValueError("NaN values are not permitted in the DataFrame when null_values=False.")
    wrong = ~missing & (data != 0) & (data != 1) if data.dtype != object else _neither_0_nor_1(data, missing)
    if wrong.any():
        allowed = "True, False, 0, 1, NaN" if null_values else "True, False, 0, 1"
        raise ValueError(f"The allowed values for a DataFrame are {allowed}. Found value {data[wrong][0]}")
    return np.where(missing, np.nan, np.where(missing, 0, data).astype(float))


def _neither_0_nor_1(data: np.ndarray, missing: np.ndarray) -> np.ndarray:
    flat = [not gone and cell not in (0, 1) for cell, gone in zip(data.ravel().tolist(), missing.ravel().tolist())]
    return np.array(flat, dtype=bool).reshape(data.shape)


def as_baskets(held: Any) -> Baskets:
    """Rows as baskets of column positions."""
    columns = Vocabulary("column", range(held.shape[1]))
    return Baskets(held.indptr.astype(np.int64), held.indices.astype(np.int32), columns)


class Bits:
    """Columns of a table of cells as bits, 64 rows a word: which rows hold, or do not know, items of an itemset.

    ones, unknown : bool[rows, columns]
    """

    def __init__(self, ones: np.ndarray, unknown: np.ndarray) -> None:
        self.ones, self.unknown = _pack(ones), _pack(unknown)

    def all_held(self, items: np.ndarray) -> np.ndarray:
        """uint64[n, words]: rows that hold all of the items; items : int[n, size]."""
        return np.asarray(np.bitwise_and.reduce(self.ones[items], axis=1))

    def some_unknown(self, items: np.ndarray) -> np.ndarray:
        """uint64[n, words]: rows that do not know one of the items or more."""
        return np.asarray(np.bitwise_or.reduce(self.unknown[items], axis=1))


def count_bits(words: np.ndarray) -> np.ndarray:
    """int64[n]: bits set in each row of words."""
    return np.asarray(np.bitwise_count(words).sum(axis=1, dtype=np.int64))


def _pack(cells: np.ndarray) -> np.ndarray:
    packed = np.packbits(cells.T, axis=1)
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))).view(np.uint64)
