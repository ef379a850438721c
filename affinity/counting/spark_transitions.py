"""Transitions of sharded customers on a Spark cluster: equal to those of one machine, integer by integer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity.counting.transitions import count_transitions as count_shard
from affinity.sharded import Sharded
from affinity.tables import Baskets, Holdings
from affinity.tables.transitions import SquareCounts, Transitions

_MATRICES = ("co_owned", "owned_at_order", "new_at_order", "lasting_co_owned")
_VECTORS = ("first_purchases", "recent_lines", "buyers")


@dataclass(frozen=True, eq=False)
class Bought:
    """What the customers of a shard own, and their steps (None without a clock)."""

    steps: Baskets | None
    holdings: Holdings


def count_transitions(shards: Sharded[Bought | None], nobody: Bought, **rules: Any) -> Transitions:
    """The transitions of all shards (see `affinity.counting.count_transitions`, whose arguments ``rules`` are).

    A shard is None where it had bought nothing yet; nobody : a shard without customers
    """
    blank = count_shard(nobody.steps, nobody.holdings, **rules)
    n = len(blank.products)
    summed = shards.sum_rows(lambda one: _rows(one, rules), ("part", "a", "b"), ("total",), along=("a", n))
    bounds = np.searchsorted(summed["part"], np.arange(len(_MATRICES) + len(_VECTORS) + 2))
    found: dict[str, Any] = {}
    for part, name in enumerate((*_MATRICES, *_VECTORS, "left_out_customers")):
        rows = slice(bounds[part], bounds[part + 1] if part + 1 < len(bounds) else None)
        a, b, total = (summed[key][rows] for key in ("a", "b", "total"))
        if name in _MATRICES:
            if getattr(blank, name) is not None:
                indptr = np.concatenate([[0], np.cumsum(np.bincount(a, minlength=n))]).astype(np.int64)
                found[name] = SquareCounts(indptr, b, total)
        elif name in _VECTORS:
            found[name] = np.zeros(n, dtype=np.int64)
            found[name][b] = total
        else:
            found[name] = int(total.sum())
    return replace(blank, **found)


def _rows(one: Bought | None, rules: dict[str, Any]) -> dict[str, np.ndarray]:
    """The matrices, the vectors and the customers left out of one shard, as rows of integers that are not zero."""
    blocks: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
    if one is not None:
        counts = count_shard(one.steps, one.holdings, **rules, threads=1)
        for part, name in enumerate(_MATRICES):
            matrix = getattr(counts, name)
            if matrix is not None:
                rows = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
                blocks.append((part, rows, matrix.column, matrix.total))
        for part, name in enumerate(_VECTORS, start=len(_MATRICES)):
            product = np.flatnonzero(getattr(counts, name))
            blocks.append((part, np.zeros(len(product)), product, getattr(counts, name)[product]))
        left_out = np.array([counts.left_out_customers])
        blocks.append((len(_MATRICES) + len(_VECTORS), np.zeros(1), np.zeros(1), left_out))
    kinds = {"a": np.int32, "b": np.int32, "total": np.int64}
    columns = {
        name: np.concatenate([np.empty(0), *(block[i] for block in blocks)]).astype(kind)
        if name != "total"
        else np.concatenate([np.empty(0, dtype=np.int64), *(block[i] for block in blocks)])
        for i, (name, kind) in enumerate(kinds.items(), start=1)
    }
    part_of = [np.full(len(block[1]), block[0], dtype=np.int32) for block in blocks]
    return {"part": np.concatenate([np.empty(0, dtype=np.int32), *part_of]), **columns}
