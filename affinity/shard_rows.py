"""Rows of integers of several shards, added up by their keys: each shard cuts its rows into stripes, and a stripe is merged
wherever there is room. The stripes lie one after the other, so what was merged stands in the order of the keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

Arrays = Mapping[str, np.ndarray]

#: Stripes of the values of a key, whatever the shards: many more than there are cores, so that no core has most of the rows.
STRIPES = 64
#: Rows that travel together.
ROWS_AT_ONCE = 1 << 20


def split_rows(columns: Arrays, keys: Sequence[str], along: tuple[str, int]) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """(number of the stripe, its rows in the order of the keys), at most `ROWS_AT_ONCE` at a time, as few bytes as hold them.

    columns : equally long arrays of integers that are not negative; ``keys`` among them
    along   : the first or second key and how many values it may have: a stripe is a range of these, within one value of the
              key before it; rows with one value of it are in one stripe
    """
    order = _order(columns, keys)
    held = {name: column if order is None else column[order] for name, column in columns.items()}
    name, values = along
    stripe = np.minimum(held[name].astype(np.int64) * STRIPES // max(values, 1), STRIPES - 1)
    if name != keys[0]:
        stripe += held[keys[0]].astype(np.int64) * STRIPES
    cuts = np.flatnonzero(np.concatenate([[True], stripe[1:] != stripe[:-1], [True]])) if len(stripe) else np.empty(0, np.int64)
    for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist()):
        for rows in cut_rows({name: column[begin:end] for name, column in held.items()}):
            yield int(stripe[begin]), rows


def cut_rows(columns: Arrays) -> Iterator[dict[str, np.ndarray]]:
    """The rows, at most `ROWS_AT_ONCE` at a time, in the narrowest integers that hold them."""
    n = len(next(iter(columns.values())))
    for first in range(0, n, ROWS_AT_ONCE):
        yield {name: narrow(column[first : first + ROWS_AT_ONCE]) for name, column in columns.items()}


def merge_rows(parts: Sequence[Arrays], keys: Sequence[str], sums: Sequence[str]) -> dict[str, np.ndarray]:
    """The rows of all parts, sorted by ``keys`` (int32); rows of the same keys become one, their ``sums`` (int64) added up."""
    columns = {name: np.concatenate([part[name] for part in parts]) for name in (*keys, *sums)}
    order = _order(columns, keys)
    if order is not None:
        columns = {name: column[order] for name, column in columns.items()}
    new = np.zeros(len(columns[keys[0]]), dtype=bool)
    new[:1] = True
    for name in keys:
        new[1:] |= columns[name][1:] != columns[name][:-1]
    first = np.flatnonzero(new)
    merged: dict[str, np.ndarray] = {name: columns[name][first].astype(np.int32) for name in keys}
    for name in sums:
        whole = columns[name].astype(np.int64)
        merged[name] = whole if len(first) == len(whole) else np.add.reduceat(whole, first)
    return merged


def _order(columns: Arrays, keys: Sequence[str]) -> np.ndarray | None:
    """The order of the rows by ``keys``; None where they stand in it. Sorted runs one after another are merged quickly."""
    spans = [int(columns[name].max(initial=0)) + 1 for name in keys]
    if np.prod(np.array(spans, dtype=object)) >= 1 << 63:
        return np.lexsort([columns[name] for name in reversed(keys)])
    key = np.zeros(len(columns[keys[0]]), dtype=np.int64)
    for name, span in zip(keys, spans):
        key = key * span + columns[name]
    return None if bool(np.all(key[1:] >= key[:-1])) else np.argsort(key, kind="stable")


def narrow(column: np.ndarray) -> np.ndarray:
    """The same integers in the smallest type that holds them all; negative ones as int64."""
    least, most = int(column.min(initial=0)), int(column.max(initial=0))
    return column.astype(np.min_scalar_type(most) if least >= 0 else np.int64)
