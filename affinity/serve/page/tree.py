"""The metric tree: what cross-sell revenue is made of, and what moved it since the window before."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from affinity.serve.page.desk import Desk
from affinity.serve.page.pictures import draw
from affinity.serve.page.shell import NotHere, View
from affinity.tables.metric_tree import MetricTree, TreeChange, TreeNode
from affinity.tables.tree_rows import read_metric_tree, read_tree_change
from affinity.tables.tree_text import format_part, format_value

#: Segments whose drivers are listed, at most.
MOST_SEGMENTS = 10


def view(desk: Desk, request: Request) -> View:
    """The tree as nested lists and as tables, and the account of its change."""
    tree, change = find_tree(desk), find_change(desk)
    notes = desk.report.get("notes", {})
    values = {
        "tree": None if tree is None else describe_tree(tree),
        "change": None if change is None else describe_change(change),
        "other": tell_apart(tree, change),
        "no_tree": notes.get("metric_tree", "The release holds no metric tree."),
        "no_change": notes.get("metric_change") or "This release does not hold the change. Run again to publish it.",
    }
    return View("tree.html", values)


def tell_apart(tree: MetricTree | None, change: TreeChange | None) -> str:
    """That the tree and the account of the change have different headlines, where they have."""
    if tree is None or change is None or tree.root.label == change.nodes[0].label:
        return ""
    return (
        f"Two different figures: what moved is told of all {change.nodes[0].label.lower()}, the tree now of "
        f"{tree.root.label.lower()} only, a part of it. The window before holds no offers that can be judged, so that the part "
        "cannot be compared over time."
    )


def tree_picture(desk: Desk, request: Request) -> Response:
    """The tree, drawn."""
    tree = find_tree(desk)
    if tree is None:
        raise NotHere("This release holds no metric tree.")
    return draw(desk, request, tree.plot)


def change_picture(desk: Desk, request: Request) -> Response:
    """The tree of the change, drawn."""
    return draw(desk, request, _require_change(desk).plot)


def waterfall_picture(desk: Desk, request: Request) -> Response:
    """The change as a waterfall, drawn."""
    from affinity.plots import plot_waterfall

    change = _require_change(desk)
    return draw(desk, request, lambda: plot_waterfall(change))


def find_tree(desk: Desk) -> MetricTree | None:
    """The published tree; None where the release has none."""
    rows = _rows(desk, "metric_tree")
    return None if rows is None else desk.once("tree", lambda: read_metric_tree(rows))


def find_change(desk: Desk) -> TreeChange | None:
    """The published change since the window before; None where the release has none."""
    rows = _rows(desk, "metric_change")
    whole = desk.report.get("metric_change", {})
    return None if rows is None else desk.once("change", lambda: read_tree_change(rows, whole))


def _require_change(desk: Desk) -> TreeChange:
    change = find_change(desk)
    if change is None:
        raise NotHere("This release does not hold the change of the metric tree.")
    return change


def _rows(desk: Desk, name: str) -> dict[str, list[Any]] | None:
    """The columns of a small table in the order of its rows; None without any."""
    if not (desk.release.path / f"{name}.parquet").is_file():
        return None
    found = desk.once(("rows", name), lambda: desk.release.arrow(name).to_pydict())
    return found if found["node"] else None


def describe_tree(tree: MetricTree) -> dict[str, Any]:
    """What the page says of the tree: nested nodes, and a row a segment."""
    place = {node.name: row for row, node in enumerate(tree.nodes)}

    def figures(node: TreeNode, column: int) -> dict[str, str]:
        row = place[node.name]
        bounds = [format_value(float(side[row, column]), node.unit) for side in (tree.lower, tree.upper)]
        known = bool(tree.lower[row, column] <= tree.upper[row, column])
        return {
            "value": format_value(float(tree.value[row, column]), node.unit),
            "interval": " to ".join(bounds).replace("-", "−") if known else "",
        }

    return {
        "root": _nest(tree.nodes, lambda node: figures(node, 0)),
        "title": tree.root.label,
        "window": tree.window,
        "by": tree.segment_by,
        "nodes": [{"label": node.label, "level": _level(tree.nodes, node.name)} for node in tree.nodes],
        "segments": [
            {"name": name, "cells": [figures(node, column) for node in tree.nodes]}
            for column, name in enumerate(("Everybody", *tree.segments))
        ],
        "notes": list(tree.notes),
    }


def describe_change(change: TreeChange) -> dict[str, Any]:
    """What the page says of the change: nested nodes with contributions, effects, and the largest drivers by segment."""
    root = change.nodes[0]
    place = {node.name: row for row, node in enumerate(change.nodes)}

    def figures(node: TreeNode) -> dict[str, Any]:
        row = place[node.name]
        part = float(change.contribution[row, 0])
        return {
            "before": format_value(float(change.before[row, 0]), node.unit),
            "after": format_value(float(change.after[row, 0]), node.unit),
            "part": format_part(part, root.unit),
            "way": "up" if part > 0 else "down" if part < 0 else "",
        }

    effects = (("Size", change.size_effect), ("Mix", change.mix_effect), ("Rate", change.rate_effect))
    known = [(name, format_part(value, root.unit)) for name, value in effects if math.isfinite(value)]
    return {
        "root": _nest(change.nodes, figures),
        "title": root.label,
        "windows": change.windows,
        "by": change.segment_by,
        "total": format_part(change.change, root.unit),
        "before": format_value(float(change.before[0, 0]), root.unit),
        "after": format_value(float(change.after[0, 0]), root.unit),
        "rows": [{"label": node.label, "level": _level(change.nodes, node.name), **figures(node)} for node in change.nodes],
        "came_or_went": format_part(float(change.came_or_went[0]), root.unit) if change.came_or_went[0] else "",
        "effects": known if change.segments else [],
        "segments": list_segments(change),
        "warnings": list(change.warnings),
        "notes": list(change.notes),
    }


def list_segments(change: TreeChange) -> list[dict[str, Any]]:
    """The segments that moved the headline most, with what each of the headline's drivers did in them."""
    root = change.nodes[0]
    drivers = [row for row, node in enumerate(change.nodes) if node.name in root.parts]
    moved = sorted(range(len(change.segments)), key=lambda s: (-abs(change.contribution[0, s + 1]), change.segments[s]))
    found = []
    for s in moved[:MOST_SEGMENTS]:
        parts = [(change.nodes[row].label, float(change.contribution[row, s + 1])) for row in drivers]
        most = max(parts, key=lambda part: abs(part[1]))[0]
        came = float(change.came_or_went[s + 1])
        found.append(
            {
                "name": change.segments[s],
                "total": format_part(float(change.contribution[0, s + 1]), root.unit),
                "parts": [(label, format_part(value, root.unit), bool(value) and label == most) for label, value in parts],
                "why": ("only in the later window" if came > 0 else "only in the earlier window") if came else "",
            }
        )
    return found


def _nest(nodes: tuple[TreeNode, ...], figures: Any) -> dict[str, Any]:
    """The nodes as dictionaries within each other, with the sign that joins the parts of each."""
    by_name = {node.name: node for node in nodes}

    def dress(node: TreeNode) -> dict[str, Any]:
        return {
            "label": node.label,
            "owner": node.owner,
            "sign": "" if not node.parts else "+" if node.kind == "sum" else "×",
            "parts": [dress(by_name[part]) for part in node.parts],
            **figures(node),
        }

    return dress(nodes[0])


@cache
def _level(nodes: tuple[TreeNode, ...], name: str) -> int:
    """How far a node is below the root."""
    above = next((node.name for node in nodes if name in node.parts), None)
    return 0 if above is None else 1 + _level(nodes, above)
