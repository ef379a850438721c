"""The change of a metric tree as a waterfall: from what was, over what each driver contributed, to what is."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from affinity.plots.figure import BLUE, DARK, GREY, ORANGE, new_figure, plain_axes, shorten
from affinity.tables.metric_tree import TreeChange
from affinity.tables.tree_text import METHODS, format_part, format_value


def plot_waterfall(change: TreeChange) -> Any:
    """A bar for the window before, one for each driver from where the last ended, one for the window after; a Figure.

    The drivers are the parts of the root, then segments that came or went; their parts add up to the change.
    """
    root = change.nodes[0]
    drivers = [(node.label, change.contribution_of(node.name)) for node in change.nodes if node.name in root.parts]
    if change.came_or_went[0]:
        drivers.append(("Segments that came or went", float(change.came_or_went[0])))
    before, after = float(change.before[0, 0]), float(change.after[0, 0])
    figure = new_figure(8.0, 1.5 + 0.42 * (len(drivers) + 2))
    axes = plain_axes(
        figure,
        f"{root.label}: {format_part(change.change, root.unit)}",
        f"{change.windows[0] or 'before'} against {change.windows[1] or 'after'}; by {METHODS[change.method]}, exact",
    )
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    at, ends = before, [0.0, before]
    bars = [(0.0, before, GREY, format_value(before, root.unit))]
    for _, part in drivers:
        bars.append((at, part, BLUE if part > 0 else ORANGE, format_part(part, root.unit)))
        at += part
        ends.append(at)
    bars.append((0.0, after, DARK, format_value(after, root.unit)))
    ends.append(after)
    span = max(ends) - min(ends) or 1.0
    for row, (start, width, colour, text) in enumerate(bars):
        axes.barh(row, width, left=start, height=0.62, color=colour, zorder=3)
        axes.text(max(start, start + width) + 0.015 * span, row, text, va="center", fontsize=9, color=DARK)
        if row:
            axes.plot([start if width else ends[row], start], [row - 1, row], color=GREY, linewidth=0.8, zorder=2)
    names = ["before", *(name for name, _ in drivers), "after"]
    axes.set_yticks(range(len(names)), [fill(shorten(name, 38), 20) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(min(0.0, *ends), max(ends) + 0.24 * span)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if span >= 10 else "{x:,.4g}"))
    axes.set_xlabel(shorten(root.label.lower(), 40))
    return figure
