"""A metric tree, and a change of one, as lines of text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from affinity.tables.metric_tree import TreeChange, TreeNode

METHODS = {"shapley": "Shapley", "lmdi": "LMDI"}


def format_value(value: float, unit: str) -> str:
    """A value in its unit: 12.0 %, 5,000, 1.25, 48.20; "–" where it is undefined.

    >>> format_value(0.1234, "share"), format_value(5000, "count"), format_value(24000, "money")
    ('12.3 %', '5,000', '24,000')
    """
    if not math.isfinite(value):
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "ratio":
        return f"{value:,.2f}"
    return f"{value:,.0f}" if unit == "count" or abs(value) >= 1000 else f"{value:,.2f}"


def format_change(before: float, after: float, unit: str) -> str:
    """From → to, and by how much: points for shares, relative for the rest."""
    text = f"{format_value(before, unit)} → {format_value(after, unit)}"
    if not (math.isfinite(before) and math.isfinite(after)):
        return text
    if unit == "share":
        return f"{text}  ({100 * (after - before):+.1f} points)"
    return text if before == 0 else f"{text}  ({100 * (after / before - 1):+.1f} %)"


def format_part(value: float, unit: str) -> str:
    """A signed contribution in the root's unit."""
    if not math.isfinite(value):
        return "–"
    text = format_value(abs(value), unit)
    return ("−" if value < 0 else "+") + text


def draw_tree(nodes: Sequence[TreeNode], describe: Callable[[TreeNode], str]) -> list[str]:
    """One line a node: box-drawing branches, label, what ``describe`` says, owner; columns aligned."""
    by_name = {node.name: node for node in nodes}
    rows: list[tuple[str, TreeNode]] = []

    def walk(node: TreeNode, lead: str, mark: str, below: str) -> None:
        rows.append((f"{lead}{mark}{node.label}", node))
        sign = "+" if node.kind == "sum" else "×"
        for place, part in enumerate(node.parts):
            last = place == len(node.parts) - 1
            walk(by_name[part], lead + below, ("└─ " if last else "├─ ") + f"{sign} ", "   " if last else "│  ")

    walk(nodes[0], "", "", "")
    width = max(len(text) for text, _ in rows)
    said = [describe(node) for _, node in rows]
    wide = max(len(text) for text in said)
    return [
        f"{text:<{width}}  {words:<{wide}}" + (f"  [{node.owner}]" if node.owner else "")
        for (text, node), words in zip(rows, said)
    ]


def draw_change(change: TreeChange) -> str:
    """What was, what is, what each driver contributed; then size, mix and rate, the largest segments, the warnings."""
    root = change.nodes[0]
    place = {node.name: i for i, node in enumerate(change.nodes)}

    def figures(node: TreeNode) -> str:
        row = place[node.name]
        return format_change(float(change.before[row, 0]), float(change.after[row, 0]), node.unit)

    wide = max(len(figures(node)) for node in change.nodes)

    def describe(node: TreeNode) -> str:
        part = format_part(float(change.contribution[place[node.name], 0]), root.unit)
        return f"{figures(node):<{wide}}  {part:>12}"

    first, second = change.windows
    lines = [f"{first or 'before'}  against  {second or 'after'}, contributions by {METHODS[change.method]}"]
    lines += [line.rstrip() for line in draw_tree(change.nodes, describe)]
    if change.came_or_went[0]:
        lines.append(f"   Segments that came or went {format_part(float(change.came_or_went[0]), root.unit)}")
    if change.segments and math.isfinite(change.mix_effect):
        effects = (("size", change.size_effect), ("mix", change.mix_effect), ("rate", change.rate_effect))
        lines.append("Of the change: " + ", ".join(f"{name} {format_part(value, root.unit)}" for name, value in effects))
    lines += largest_segments(change)
    return "\n".join([*lines, *change.notes, *(f"Warning: {warning}" for warning in change.warnings)])


def largest_segments(change: TreeChange, most: int = 5) -> list[str]:
    """The segments that moved the root most, with the driver that did most of it."""
    root = change.nodes[0]
    drivers = [i for i, node in enumerate(change.nodes) if node.name in root.parts]
    moved = sorted(range(len(change.segments)), key=lambda s: -abs(change.contribution[0, s + 1]))
    lines = []
    for s in moved[:most]:
        total = float(change.contribution[0, s + 1])
        if total == 0:
            continue
        if change.came_or_went[s + 1]:
            why = "came" if total > 0 else "went"
        else:
            driver = max(drivers, key=lambda i: abs(change.contribution[i, s + 1]))
            part = format_part(float(change.contribution[driver, s + 1]), root.unit)
            why = f"most by {change.nodes[driver].label.lower()} {part}"
        lines.append(f"   {change.segments[s]}: {format_part(total, root.unit)} ({why})")
    return [f"Segments that moved it most ({change.segment_by}):", *lines] if lines else []
