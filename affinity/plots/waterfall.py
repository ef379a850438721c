"""The change of a metric tree as a waterfall: from what was, over what each driver contributed, to what is."""

from __future__ import annotations

from textwrap import fill
from typing import Any, NamedTuple

from affinity.plots.figure import BLUE, DARK, GREY, ORANGE, new_figure, plain_axes, shorten
from affinity.tables.metric_tree import TreeChange
from affinity.tables.tree_text import METHODS, format_part, format_value


class Bar(NamedTuple):
    """A bar from ``start`` over ``width`` (negative: to the left) in the root's unit, its colour, and what it says."""

    name: str
    start: float
    width: float
    colour: str
    text: str


def stack_bars(change: TreeChange) -> list[Bar]:
    """What was, each driver from where the last ended, what is."""
    root = change.nodes[0]
    drivers = [(node.label, change.contribution_of(node.name)) for node in change.nodes if node.name in root.parts]
    if change.came_or_went[0]:
        drivers.append(("Segments that came or went", float(change.came_or_went[0])))
    at, after = float(change.before[0, 0]), float(change.after[0, 0])
    bars = [Bar("before", 0.0, at, GREY, format_value(at, root.unit))]
    for name, part in drivers:
        bars.append(Bar(name, at, part, BLUE if part > 0 else ORANGE, format_part(part, root.unit)))
        at += part
    return [*bars, Bar("after", 0.0, after, DARK, format_value(after, root.unit))]


def say_change(change: TreeChange) -> tuple[str, str]:
    """Title and subtitle of the picture."""
    root = change.nodes[0]
    windows = f"{change.windows[0] or 'before'} against {change.windows[1] or 'after'}"
    return f"{root.label}: {format_part(change.change, root.unit)}", f"{windows}; by {METHODS[change.method]}, exact"


def plot_waterfall(change: TreeChange) -> Any:
    """A bar for the window before, one for each driver from where the last ended, one for the window after; a Figure.

    The drivers are the parts of the root, then segments that came or went; their parts add up to the change.
    """
    root = change.nodes[0]
    bars = stack_bars(change)
    figure = new_figure(8.0, 1.5 + 0.42 * len(bars))
    axes = plain_axes(figure, *say_change(change))
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    ends = [0.0, *(bar.start + bar.width for bar in bars)]
    span = max(ends) - min(ends) or 1.0
    for row, (_, start, width, colour, text) in enumerate(bars):
        axes.barh(row, width, left=start, height=0.62, color=colour, zorder=3)
        axes.text(max(start, start + width) + 0.015 * span, row, text, va="center", fontsize=9, color=DARK)
        if row:
            axes.plot([start if width else ends[row], start], [row - 1, row], color=GREY, linewidth=0.8, zorder=2)
    axes.set_yticks(range(len(bars)), [fill(shorten(bar.name, 38), 20) for bar in bars])
    axes.invert_yaxis()
    axes.set_xlim(min(0.0, *ends), max(ends) + 0.24 * span)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if span >= 10 else "{x:,.4g}"))
    axes.set_xlabel(shorten(root.label.lower(), 40))
    return figure
