"""Metric tree: a headline figure over the drivers that make it, by segment, with an owner on each node.

Made by affinity.metrics.tree, published by affinity.release.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from affinity.errors import SettingsError, did_you_mean
from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths

Kind = Literal["product", "sum", "leaf"]
Unit = Literal["count", "share", "ratio", "money"]


@dataclass(frozen=True)
class TreeNode:
    """One node of a declared tree.

    name       : unique in the tree; label : for people
    kind       : "product" or "sum" of its parts, or a "leaf", which is counted
    parts      : names of the nodes below, in their order; none under a leaf
    unit       : "count", "share" (in [0, 1]), "ratio" or "money"
    definition : id of the definition that the figure follows; only a benchmark of the same id may be held against it
    owner      : who answers for it, None nobody
    """

    name: str
    label: str
    kind: Kind
    unit: Unit
    definition: str
    parts: tuple[str, ...] = ()
    owner: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class MetricTree(Table):
    """One row a node and segment; a node's first row is over everybody (segment None).

    nodes      : the declaration, the root first, parts after their node
    segments   : labels, in the order of the columns from the second on
    numerator, denominator : float64[n_nodes, 1 + n_segments]; the denominator is NaN where the node is a plain amount,
                 both where the node is only reckoned from its parts
    value      : float64, the same shape; NaN over a zero denominator
    lower, upper : its 95 % bounds over customers (Wilson for a share, else by linearisation); NaN where not known
    segment_by : the column or columns of the segments, None without
    info       : what else there is to say: notes, currency
    """

    nodes: tuple[TreeNode, ...]
    segments: tuple[str, ...]
    numerator: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    segment_by: str | None = None
    window: str | None = None
    as_of: str | None = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.nodes), "numerator", "denominator", "value", "lower", "upper")

    def __len__(self) -> int:
        return self.value.size

    @property
    def root(self) -> TreeNode:
        """The headline."""
        return self.nodes[0]

    def place(self, name: str) -> int:
        """The row of node ``name`` in the arrays; SettingsError with the nearest name."""
        names = [node.name for node in self.nodes]
        if name not in names:
            raise SettingsError(f"The tree has no node {name!r}.", do=did_you_mean(name, names))
        return names.index(name)

    def node(self, name: str) -> TreeNode:
        """The node ``name``; SettingsError with the nearest name."""
        return self.nodes[self.place(name)]

    def column(self, segment: str | None) -> int:
        """The column of a segment (None: everybody) in the arrays; SettingsError with the nearest label."""
        if segment is None:
            return 0
        if segment not in self.segments:
            raise SettingsError(f"The tree has no segment {segment!r}.", do=did_you_mean(segment, self.segments))
        return 1 + self.segments.index(segment)

    def value_of(self, name: str, segment: str | None = None) -> float:
        """The value of node ``name``, over everybody or in one segment."""
        return float(self.value[self.place(name), self.column(segment)])

    def parent_of(self, name: str) -> str | None:
        """The node above, None above the root."""
        return next((node.name for node in self.nodes if name in node.parts), None)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """node, label, parent, kind, unit, definition, owner, segment_by, segment, the figures, window, as_of, note."""
        width = 1 + len(self.segments)
        columns: dict[str, np.ndarray | ListColumn] = node_columns(self.nodes, width)
        columns["segment_by"] = _texts([None, *[self.segment_by] * len(self.segments)], len(self.nodes))
        columns["segment"] = _texts([None, *self.segments], len(self.nodes))
        figures = ("numerator", "denominator", "value", "lower", "upper")
        columns |= {name: getattr(self, name).reshape(-1) for name in figures}
        columns |= {name: np.full(len(self), getattr(self, name), dtype=object) for name in ("window", "as_of")}
        columns["note"] = np.array(["; ".join(self.notes) or None, *[None] * (len(self) - 1)], dtype=object)
        return columns

    def to_text(self) -> str:
        """The tree over everybody as lines for a terminal."""
        from affinity.tables.tree_text import draw_tree, format_value

        def describe(node: TreeNode) -> str:
            return format_value(self.value_of(node.name), node.unit)

        return "\n".join([*draw_tree(self.nodes, describe), *self.notes])


@dataclass(frozen=True, eq=False, repr=False)
class TreeChange(Table):
    """What changed between two trees, one row a node and segment; a node's first row is over everybody.

    before, after : float64[n_nodes, 1 + n_segments], the values; NaN undefined
    contribution  : float64, the same shape: what the node's change was worth in the root, in the root's unit; the parts
                    of a node add up to it, and the root's drivers and ``came_or_went`` to the root's change
    came_or_went  : float64[1 + n_segments]: the change of segments that are in one period only; 0 for the others
    rate, mix     : float64[n_nodes, 1 + n_segments], in the unit of the node: the change of a ratio by its segments
                    getting better and by their shares shifting; NaN where the node has no denominator
    size_effect, mix_effect, rate_effect : the root's change by more (or fewer) customers to sell to, by who they are, and
                    by what the same segments bring; they add up to it
    warnings      : sentences; notes : those of the two trees
    """

    nodes: tuple[TreeNode, ...]
    segments: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray
    contribution: np.ndarray
    came_or_went: np.ndarray
    rate: np.ndarray
    mix: np.ndarray
    size_effect: float
    mix_effect: float
    rate_effect: float
    method: str
    segment_by: str | None = None
    windows: tuple[str | None, str | None] = (None, None)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.nodes), "before", "after", "contribution", "rate", "mix")

    def __len__(self) -> int:
        return self.before.size + len(self.came_or_went)

    @property
    def change(self) -> float:
        """The change of the root."""
        return float(self.after[0, 0] - self.before[0, 0])

    def contribution_of(self, name: str, segment: str | None = None) -> float:
        """What node ``name`` contributed to the root's change, over everybody or in one segment."""
        row = [node.name for node in self.nodes].index(name)
        return float(self.contribution[row, 0 if segment is None else 1 + self.segments.index(segment)])

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """node, label, parent, kind, unit, definition, owner, segment_by, segment, window_before, window_after,
        before, after, points, relative, …

        The rows of node "came_or_went" are the segments that are in one period only.
        """
        width = 1 + len(self.segments)
        root = self.nodes[0]
        extra = TreeNode("came_or_went", "Segments that came or went", "leaf", root.unit, root.definition)
        nodes = (*self.nodes, extra)
        columns: dict[str, np.ndarray | ListColumn] = node_columns(nodes, width)
        columns["parent"][-width:] = root.name  # type: ignore[index]
        columns["segment_by"] = _texts([None, *[self.segment_by] * len(self.segments)], len(nodes))
        columns["segment"] = _texts([None, *self.segments], len(nodes))
        for name, window in zip(("window_before", "window_after"), self.windows):
            columns[name] = np.full(len(self), window, dtype=object)
        nothing = np.full(width, np.nan)
        before, after = np.append(self.before, nothing), np.append(self.after, nothing)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(before == 0, np.nan, (after - before) / before)
        return columns | {
            "before": before,
            "after": after,
            "points": after - before,
            "relative": relative,
            "contribution": np.append(self.contribution, self.came_or_went),
            "rate_effect": np.append(self.rate, nothing),
            "mix_effect": np.append(self.mix, nothing),
            "method": np.full(len(before), self.method, dtype=object),
        }

    def describe(self) -> dict[str, object]:
        """What is of the change as a whole: method, size_effect, mix_effect, rate_effect, warnings, notes."""
        effects = {name: getattr(self, name) for name in ("size_effect", "mix_effect", "rate_effect")}
        return {"method": self.method, **effects, "warnings": list(self.warnings), "notes": list(self.notes)}

    def to_text(self) -> str:
        """The change over everybody as lines for a terminal: what was, what is, and what each driver contributed."""
        from affinity.tables.tree_text import draw_change

        return draw_change(self)


def node_columns(nodes: tuple[TreeNode, ...], width: int) -> dict[str, np.ndarray | ListColumn]:
    """node, label, parent, kind, unit, definition and owner of each of ``width`` rows a node."""
    parent = {part: node.name for node in nodes for part in node.parts}
    columns = {
        "node": [node.name for node in nodes],
        "label": [node.label for node in nodes],
        "parent": [parent.get(node.name) for node in nodes],
        **{name: [getattr(node, name) for node in nodes] for name in ("kind", "unit", "definition", "owner")},
    }
    return {name: np.repeat(np.array(values, dtype=object), width) for name, values in columns.items()}


def _texts(row: list[str | None], times: int) -> np.ndarray:
    return np.tile(np.array(row, dtype=object), times)
