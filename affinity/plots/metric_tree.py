"""A metric tree as a picture: a box a node with its value, what it changed and contributed, and who owns it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from affinity.plots.figure import BLUE, DARK, GREY, ORANGE, new_figure, shorten
from affinity.tables.metric_tree import MetricTree, TreeChange, TreeNode
from affinity.tables.tree_text import METHODS, format_part, format_value

#: Width and height of a box, and the room around it, in inches.
WIDE, HIGH, APART, DOWN = 2.15, 1.22, 0.28, 0.62
PALE, LINE, SOFT = "#f7f9fb", "#cbd2d9", "#616e7c"

#: Segments drawn as bars below the tree, at most.
MOST_BARS = 10


@dataclass(frozen=True)
class _Box:
    """What a box says: value in large, a line under it, a coloured line (contribution), and the colour of its edge."""

    value: str
    line: str
    part: str
    colour: str


def plot_metric_tree(tree: MetricTree) -> Any:
    """The tree over everybody, bounds under each value, and the root by segment below it; a matplotlib Figure."""
    place = {node.name: i for i, node in enumerate(tree.nodes)}

    def box(node: TreeNode) -> _Box:
        low, high = float(tree.lower[place[node.name], 0]), float(tree.upper[place[node.name], 0])
        bounds = f"{format_value(low, node.unit)} to {format_value(high, node.unit)}" if low < high else ""
        return _Box(format_value(tree.value_of(node.name), node.unit), bounds, "", BLUE)

    bars = list(zip(tree.segments, np.nan_to_num(tree.value[0, 1:]).tolist()))
    title = f"{tree.root.label}, {tree.window}" if tree.window else tree.root.label
    return _draw(tree.nodes, box, title, _below(tree.segment_by, "under each value its 95 % bounds"), bars)


def plot_tree_change(change: TreeChange) -> Any:
    """What each node was and is and what it contributed, and the change by segment below it; a matplotlib Figure."""
    root = change.nodes[0]
    place = {node.name: i for i, node in enumerate(change.nodes)}

    def box(node: TreeNode) -> _Box:
        row = place[node.name]
        before, after = float(change.before[row, 0]), float(change.after[row, 0])
        part = float(change.contribution[row, 0])
        line = f"was {format_value(before, node.unit)}"
        if np.isfinite(before) and np.isfinite(after) and node.unit == "share":
            line += f"  ·  {100 * (after - before):+.1f} points"
        elif np.isfinite(before) and np.isfinite(after) and before:
            line += f"  ·  {100 * (after / before - 1):+.1f} %"
        colour = GREY if abs(part) < 1e-9 * max(abs(change.change), 1e-9) else BLUE if part > 0 else ORANGE
        return _Box(format_value(after, node.unit), line.replace("-", "−"), format_part(part, root.unit), colour)

    first, second = (window or name for window, name in zip(change.windows, ("before", "after")))
    bars = list(zip(change.segments, change.contribution[0, 1:].tolist()))
    said = f"{first} against {second}; in colour what a node contributed to the change ({METHODS[change.method]}, exact)"
    if change.came_or_went[0]:
        said += (
            f"\nSegments that are in one period only are no node's: they add {format_part(change.came_or_went[0], root.unit)}"
        )
    if change.segments and np.isfinite(change.mix_effect):
        parts = (("size", change.size_effect), ("mix", change.mix_effect), ("rate", change.rate_effect))
        said += "\n" + "Of the change: " + ", ".join(f"{name} {format_part(value, root.unit)}" for name, value in parts)
    title = f"{root.label}: {format_part(change.change, root.unit)}"
    return _draw(change.nodes, box, title, said, bars, by=change.segment_by, warnings=change.warnings)


def _below(segment_by: str | None, text: str) -> str:
    return f"{text}; below by {segment_by}" if segment_by else text


def _draw(
    nodes: Sequence[TreeNode],
    box: Callable[[TreeNode], _Box],
    title: str,
    subtitle: str,
    bars: Sequence[tuple[str, float]],
    *,
    by: str | None = None,
    warnings: Sequence[str] = (),
) -> Any:
    middle, level, columns = _place_boxes(nodes)
    depth = max(level.values()) + 1
    shown = sorted((bar for bar in bars if bar[1]), key=lambda bar: -abs(bar[1]))[:MOST_BARS]
    width = max(columns * (WIDE + APART) + APART, 8.2)
    head = 0.95 + 0.22 * subtitle.count("\n")
    trunk = depth * HIGH + (depth - 1) * DOWN
    foot = (0.75 + 0.27 * len(shown) if shown else 0.15) + 0.24 * len(warnings)
    figure = new_figure(width, head + trunk + foot)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, head + trunk + foot)
    top = head + trunk + foot
    axes.text(APART, top - 0.3, shorten(title, 90), fontsize=13, fontweight="bold", color=DARK, va="center")
    axes.text(APART, top - 0.5, subtitle.replace("$", r"\$"), fontsize=9, color=SOFT, va="top", linespacing=1.5)
    shift = (width - columns * (WIDE + APART)) / 2
    at = {name: (shift + x * (WIDE + APART), top - head - level[name] * (HIGH + DOWN)) for name, x in middle.items()}
    owned = any(node.owner for node in nodes)
    for node in nodes:
        _connect(axes, node, at)
        _draw_box(axes, node, box(node), at[node.name], owned=owned)
    for number, warning in enumerate(warnings):
        axes.text(APART, 0.14 + 0.24 * number, shorten(f"! {warning}", 170), fontsize=8.5, color=ORANGE, va="center")
    if shown:
        floor = 0.24 * len(warnings)
        _draw_bars(axes, shown, by, (width, floor + 0.2, floor + 0.2 + 0.27 * len(shown)))
    return figure


def _place_boxes(nodes: Sequence[TreeNode]) -> tuple[dict[str, float], dict[str, int], int]:
    """(middle of each box in columns, its level from the root, columns): leaves side by side, a node over its parts."""
    by_name = {node.name: node for node in nodes}
    middle: dict[str, float] = {}
    level: dict[str, int] = {}
    leaves = 0

    def walk(node: TreeNode, depth: int) -> None:
        nonlocal leaves
        level[node.name] = depth
        for part in node.parts:
            walk(by_name[part], depth + 1)
        if node.parts:
            middle[node.name] = sum(middle[part] for part in node.parts) / len(node.parts)
        else:
            middle[node.name] = leaves + 0.5
            leaves += 1

    walk(nodes[0], 0)
    return middle, level, leaves


def _connect(axes: Any, node: TreeNode, at: dict[str, tuple[float, float]]) -> None:
    """Lines from a box to its parts, with the sign that joins them."""
    if not node.parts:
        return
    x, y = at[node.name]
    bend = y - HIGH - DOWN / 2
    ends = [at[part] for part in node.parts]
    axes.plot([x, x], [y - HIGH, bend], color=LINE, linewidth=1.4, zorder=1)
    axes.plot([ends[0][0], ends[-1][0]], [bend, bend], color=LINE, linewidth=1.4, zorder=1, solid_capstyle="round")
    for part_x, part_y in ends:
        axes.plot([part_x, part_x], [bend, part_y], color=LINE, linewidth=1.4, zorder=1)
    for (left, _), (right, _) in zip(ends, ends[1:]):
        axes.text(
            (left + right) / 2, bend, "+" if node.kind == "sum" else "×", fontsize=11, color=SOFT, ha="center", va="center",
            zorder=2, bbox={"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": LINE, "linewidth": 1.0},
        )  # fmt: skip


def _draw_box(axes: Any, node: TreeNode, box: _Box, at: tuple[float, float], *, owned: bool) -> None:
    """A box at its upper middle; where any node has an owner, the others say that they have none."""
    from matplotlib.patches import FancyBboxPatch, Rectangle

    x, y = at
    left, floor = x - WIDE / 2, y - HIGH
    shape = FancyBboxPatch(
        (left, floor), WIDE, HIGH, boxstyle="round,pad=0,rounding_size=0.08", facecolor=PALE, edgecolor=LINE, linewidth=1.0,
        zorder=3,
    )  # fmt: skip
    axes.add_patch(shape)
    edge = Rectangle((left, floor), 0.07, HIGH, facecolor=box.colour, edgecolor="none", zorder=4)
    axes.add_patch(edge)
    edge.set_clip_path(shape)
    inside = left + 0.17
    axes.text(inside, y - 0.2, shorten(node.label, 31), fontsize=8.6, color=SOFT, va="center", zorder=5)
    axes.text(inside, y - 0.47, box.value, fontsize=14, fontweight="bold", color=DARK, va="center", zorder=5)
    if box.part:
        axes.text(
            left + WIDE - 0.12, y - 1.02, box.part, fontsize=10.5, fontweight="bold", color=box.colour, va="center", ha="right",
            zorder=5,
        )  # fmt: skip
    axes.text(inside, y - 0.74, box.line, fontsize=8.2, color=SOFT, va="center", zorder=5)
    owner = shorten(node.owner, 18 if len(box.part) < 8 else 15) if node.owner else "no owner" if owned else ""
    axes.text(
        inside, y - 1.02, owner, fontsize=7.8, color=DARK if node.owner else GREY, va="center", zorder=5,
        fontstyle="normal" if node.owner else "italic",
        bbox={"boxstyle": "round,pad=0.28", "facecolor": "#e4ecf5", "edgecolor": "none"} if node.owner else None,
    )  # fmt: skip


def _draw_bars(axes: Any, bars: Sequence[tuple[str, float]], by: str | None, room: tuple[float, float, float]) -> None:
    """The root by segment as bars around a common zero: ``room`` is (width, floor, top)."""
    width, floor, top = room
    axes.text(APART, top + 0.2, f"By {by}" if by else "By segment", fontsize=9.5, fontweight="bold", color=DARK, va="center")
    start, end = APART + 2.4, max(0.72 * width, width - 4.5)
    values = np.array([value for _, value in bars])
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = (end - start - (0.9 if low < 0 else 0.0)) / max(high - low, 1e-300)
    zero = start + (0.9 if low < 0 else 0.0) - low * scale
    for row, (label, value) in enumerate(bars):
        y = top - 0.13 - 0.27 * row
        axes.barh(y, value * scale, left=zero, height=0.17, color=BLUE if value > 0 else ORANGE, zorder=3)
        axes.text(APART, y, shorten(label, 34), fontsize=8.4, color=DARK, va="center")
        side, where = ("left", 0.06) if value > 0 else ("right", -0.06)
        text = format_part(value, "money") if low < 0 or by else format_value(value, "money")
        axes.text(zero + value * scale + where, y, text, fontsize=8.4, color=SOFT, va="center", ha=side)
    axes.plot([zero, zero], [floor, top], color=LINE, linewidth=1.0, zorder=2)
