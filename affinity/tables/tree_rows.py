"""A published metric tree, or the change of one, read back from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affinity.errors import InputError
from affinity.tables.metric_tree import MetricTree, TreeChange, TreeNode

Rows = Mapping[str, Sequence[Any]]

#: The node under which the rows of a `TreeChange` keep the segments that are in one period only.
CAME_OR_WENT = "came_or_went"


def read_metric_tree(rows: Rows) -> MetricTree:
    """The tree whose `MetricTree.columns` the ``rows`` are: column name -> values, None where there is none.

    Raises InputError for rows that are no tree's.
    """
    nodes, segments = _declaration(rows)
    notes = rows["note"][0]
    return MetricTree(
        nodes,
        segments,
        **{name: _grid(rows[name], len(nodes)) for name in ("numerator", "denominator", "value", "lower", "upper")},
        segment_by=_first(rows["segment_by"]),
        window=rows["window"][0],
        as_of=rows["as_of"][0],
        notes=(notes,) if notes else (),
    )


def read_tree_change(rows: Rows, whole: Mapping[str, Any]) -> TreeChange:
    """The change whose `TreeChange.columns` the ``rows`` are, and whose `TreeChange.describe` is ``whole``.

    Raises InputError for rows that are no change of a tree.
    """
    nodes, segments = _declaration(rows)
    if nodes[-1].name != CAME_OR_WENT:
        raise InputError("The rows are no change of a metric tree.", do="Give those of metric_change.parquet.")
    grids = {name: _grid(rows[name], len(nodes)) for name in ("before", "after", "contribution", "rate_effect", "mix_effect")}
    effects = {name: _number(whole.get(name)) for name in ("size_effect", "mix_effect", "rate_effect")}
    return TreeChange(
        nodes[:-1],
        segments,
        before=grids["before"][:-1],
        after=grids["after"][:-1],
        contribution=grids["contribution"][:-1],
        came_or_went=grids["contribution"][-1],
        rate=grids["rate_effect"][:-1],
        mix=grids["mix_effect"][:-1],
        **effects,
        method=rows["method"][0],
        segment_by=_first(rows["segment_by"]),
        windows=(rows["window_before"][0], rows["window_after"][0]),
        warnings=tuple(whole.get("warnings", ())),
        notes=tuple(whole.get("notes", ())),
    )


def _declaration(rows: Rows) -> tuple[tuple[TreeNode, ...], tuple[str, ...]]:
    """The nodes, the root first, and the segments: a node's rows stand together, everybody's first."""
    names = list(rows["node"])
    width = next((place for place, name in enumerate(names) if name != names[0]), len(names))
    if not names or len(names) % width or names != [name for name in names[::width] for _ in range(width)]:
        raise InputError("The rows are no metric tree.", do="Give them in the order in which they were published.")
    starts = range(0, len(names), width)
    parts: dict[str, list[str]] = {}
    for row in starts:
        if names[row] != CAME_OR_WENT and rows["parent"][row] is not None:
            parts.setdefault(rows["parent"][row], []).append(names[row])
    nodes = [
        TreeNode(
            name=names[row],
            label=rows["label"][row],
            kind=rows["kind"][row],
            unit=rows["unit"][row],
            definition=rows["definition"][row],
            parts=tuple(parts.get(names[row], ())),
            owner=rows["owner"][row],
        )
        for row in starts
    ]
    return tuple(nodes), tuple(rows["segment"][1:width])


def _grid(values: Sequence[Any], n_nodes: int) -> np.ndarray:
    return np.array([_number(value) for value in values], dtype=np.float64).reshape(n_nodes, -1)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _first(values: Sequence[Any]) -> Any:
    """The first that is there."""
    return next((value for value in values if value is not None), None)
