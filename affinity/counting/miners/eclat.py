"""Eclat in NumPy: a bitset of baskets for every item, intersected depth first. Nothing is compiled.

Source: Zaki (2000), with bitsets for the tid-lists. Meant for small data, and as a second opinion.
"""

from __future__ import annotations

import numpy as np

from affinity.counting.mining_task import LimitReached, Mined, MiningTask, mined_from_levels


def mine(task: MiningTask) -> Mined:
    """All frequent itemsets of the task."""
    codes = task.frequent_items
    if len(codes) == 0:
        return mined_from_levels([], task.min_size)
    deepest = task.max_size or len(codes)
    found: list[tuple[list[np.ndarray], list[np.ndarray]]] = []
    written = 0
    # an open prefix: its items, the items that may follow, the baskets that hold it and each of these
    open_prefixes = [(np.empty(0, dtype=np.int64), codes, _bitsets(task, codes), task.item_count[codes])]
    while open_prefixes:
        prefix, tails, baskets, counts = open_prefixes.pop()
        size = len(prefix) + 1
        if len(found) < size:
            found.append(([], []))
        found[size - 1][0].append(np.column_stack([np.tile(prefix, (len(tails), 1)), tails]))
        found[size - 1][1].append(counts)
        written += len(tails) if size >= task.min_size else 0
        if written > task.limit:
            raise LimitReached
        if size == deepest:
            continue
        for k in range(len(tails) - 1):
            both = baskets[k + 1 :] & baskets[k]
            count = np.bitwise_count(both).sum(axis=1, dtype=np.int64)
            kept = count >= task.min_count
            if kept.any():
                open_prefixes.append((np.append(prefix, tails[k]), tails[k + 1 :][kept], both[kept], count[kept]))
    return mined_from_levels([(np.concatenate(rows), np.concatenate(counts)) for rows, counts in found], task.min_size)


def _bitsets(task: MiningTask, codes: np.ndarray) -> np.ndarray:
    """uint64[len(codes), words]: bit b of a row is set when basket b holds the item."""
    n_baskets = len(task.indptr) - 1
    row_of = np.full(len(task.item_count), -1, dtype=np.int64)
    row_of[codes] = np.arange(len(codes))
    row, basket = row_of[task.item], np.repeat(np.arange(n_baskets), np.diff(task.indptr))
    words = -(-n_baskets // 64)
    held = np.zeros((len(codes), words * 64), dtype=bool)
    held[row[row >= 0], basket[row >= 0]] = True
    return np.packbits(held, axis=1, bitorder="little").view(np.uint64)
