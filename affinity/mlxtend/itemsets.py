"""Frozensets to flat arrays and back."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, count
from operator import index
from typing import Any

import numpy as np


def make_frozensets(indptr: np.ndarray, item: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """object[n]: the itemsets of a CSR as frozensets of labels, object or int[n_items]."""
    itemsets, sizes = np.empty(len(indptr) - 1, dtype=object), np.diff(indptr)
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        items = labels[item[indptr[rows][:, None] + np.arange(size)]]
        itemsets[rows] = np.fromiter(map(frozenset, items.tolist()), dtype=object, count=len(rows))
    return itemsets


@dataclass(frozen=True, eq=False)
class ItemsetColumn:
    """The itemsets of a frame.

    sets   : frozensets, a row each; labels : the items, by code
    indptr : int64[n + 1]; item : int32, codes, rising within a row
    place  : int8 beside ``item``, where each item, in the order the set is iterated, stands among the rising ones
    """

    sets: list[frozenset[Any]]
    labels: list[Any]
    indptr: np.ndarray
    item: np.ndarray
    place: np.ndarray


def read_itemsets(sets: list[Any]) -> ItemsetColumn:
    """Rows of frozensets, or of anything that can be iterated, by code; NumPy's scalars become Python's."""
    from affinity.kernels.rules_lattice import sort_items

    if set(map(type, sets)) != {frozenset} or isinstance(next(chain.from_iterable(sets), None), np.generic):
        sets = _with_plain_items(sets)
    codes: defaultdict[Any, int] = defaultdict(count().__next__)
    sizes = np.fromiter(map(len, sets), dtype=np.int64, count=len(sets))
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    item = np.fromiter(map(codes.__getitem__, chain.from_iterable(sets)), dtype=np.int32, count=int(indptr[-1]))
    if any(isinstance(label, np.generic) for label in codes):
        return read_itemsets(_with_plain_items(sets))
    place = np.empty(len(item), dtype=np.int8)
    sort_items(indptr, item, place)
    return ItemsetColumn(sets, list(codes), indptr, item, place)


def _with_plain_items(sets: list[Any]) -> list[frozenset[Any]]:
    """The same rows as frozensets, with Python's scalars for NumPy's."""
    with contextlib.suppress(TypeError):  # not whole numbers only
        return [frozenset(map(index, row)) for row in sets]
    return [frozenset(item.item() if isinstance(item, np.generic) else item for item in row) for row in sets]


def add_parts(sets: list[frozenset[Any]]) -> list[frozenset[Any]]:
    """The itemsets, and behind them all of their parts that are not among them."""
    every = list(sets)
    known = set(every)
    for itemset in every:  # grows as parts are added
        for item in itemset if len(itemset) > 1 else ():
            part = itemset - {item}
            if part not in known:
                known.add(part)
                every.append(part)
    return every
