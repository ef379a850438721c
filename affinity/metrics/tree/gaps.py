"""Where the tree is furthest below its own best: an earlier period, or another segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.statistics.attribution import product_slopes
from affinity.tables.metric_tree import MetricTree, TreeNode

#: A segment or period whose denominator is smaller is nobody's best.
MIN_SIZE = 30


@dataclass(frozen=True)
class Gap:
    """How far a node is below its own best, and what reaching it would be worth.

    value  : over everybody, now; best : the value of the best place; reachable : the lower bound of best, since the best of
             many is partly luck; the gap is reckoned to it
    where  : the segment or the window that is best; against : which of the two
    worth  : in the root's unit, ≥ 0: every segment below lifted to ``reachable`` (history: the whole), all else as it is
    """

    node: str
    label: str
    owner: str | None
    value: float
    best: float
    reachable: float
    where: str
    against: Literal["segment", "history"]
    worth: float

    def __str__(self) -> str:
        from affinity.tables.tree_text import format_value

        unit = "share" if self.best <= 1 else "ratio"
        owner = f", owned by {self.owner}" if self.owner else ""
        return (
            f"Largest gap: {self.label}{owner}: {format_value(self.value, unit)} against {format_value(self.best, unit)} "
            f"({self.against} {self.where}); reaching at least {format_value(self.reachable, unit)} is worth {self.worth:,.0f}"
        )


def list_gaps(tree: MetricTree, history: Sequence[MetricTree] = ()) -> list[Gap]:
    """The gap of each driver of ``tree`` to its own best, the largest worth first.

    Drivers are the highest nodes with a denominator: reach, conversion, value each, and the share that could be sold more. A
    best has at least 30 in its denominator and known bounds. ``history`` are earlier trees of the same nodes.
    """
    gaps = []
    now = np.where(np.isnan(tree.value), tree.value[:, :1], tree.value)
    slope = _slopes(tree, np.nan_to_num(now))
    for i, node in enumerate(tree.nodes):
        if not _is_driver(tree, node):
            continue
        columns = np.arange(1, tree.value.shape[1])
        if len(columns):
            found = _best(tree.value[i, 1:], tree.lower[i, 1:], tree.denominator[i, 1:])
            if found is not None:
                reachable = float(tree.lower[i, 1 + found])
                worth = float((slope[i, columns] * np.maximum(reachable - now[i, columns], 0.0)).sum())
                gaps.append(_gap(tree, i, float(tree.value[i, 1 + found]), reachable, (tree.segments[found], "segment"), worth))
        earlier = [old for old in history if node.name in {n.name for n in old.nodes}]
        if earlier:
            rows = [(old.place(node.name), old) for old in earlier]
            figures = [
                np.array([getattr(old, name)[row, 0] for row, old in rows]) for name in ("value", "lower", "denominator")
            ]
            found = _best(*figures)
            if found is not None:
                reachable = float(figures[1][found])
                worth = float(slope[i, 0] * max(reachable - now[i, 0], 0.0))
                when = earlier[found].window or earlier[found].as_of or "earlier"
                gaps.append(_gap(tree, i, float(figures[0][found]), reachable, (when, "history"), worth))
    return sorted(gaps, key=lambda gap: (-gap.worth, gap.node, gap.against))


def find_largest_gap(tree: MetricTree, history: Sequence[MetricTree] = ()) -> Gap | None:
    """The driver whose own best is worth most, None where none is below its best."""
    gaps = list_gaps(tree, history)
    return gaps[0] if gaps and gaps[0].worth > 0 else None


def _is_driver(tree: MetricTree, node: TreeNode) -> bool:
    """A node with a denominator, and none above it."""
    if not np.isfinite(tree.denominator[tree.place(node.name), 0]):
        return False
    above = tree.parent_of(node.name)
    while above is not None:
        if np.isfinite(tree.denominator[tree.place(above), 0]):
            return False
        above = tree.parent_of(above)
    return True


def _slopes(tree: MetricTree, value: np.ndarray) -> np.ndarray:
    """float64[n_nodes, 1 + n_segments]: what one more of a node is worth in the root, all else as it is."""
    slope = np.zeros_like(value)
    slope[0] = 1.0
    for i, node in enumerate(tree.nodes):
        parts = [tree.place(part) for part in node.parts]
        if node.kind == "product":
            slope[parts] = slope[i] * product_slopes(value[parts].T, value[parts].T).T
        elif node.kind == "sum":
            slope[parts] = slope[i]
    return slope


def _best(value: np.ndarray, lower: np.ndarray, denominator: np.ndarray) -> int | None:
    """The place whose lower bound is highest among those that are large enough."""
    usable = (denominator >= MIN_SIZE) & np.isfinite(lower) & np.isfinite(value)
    return int(np.argmax(np.where(usable, lower, -np.inf))) if usable.any() else None


def _gap(
    tree: MetricTree, i: int, best: float, reachable: float, where: tuple[str, Literal["segment", "history"]], worth: float
) -> Gap:
    node = tree.nodes[i]
    return Gap(node.name, node.label, node.owner, float(tree.value[i, 0]), best, reachable, where[0], where[1], worth)
