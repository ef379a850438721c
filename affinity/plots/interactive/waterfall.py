"""The change of a metric tree as a waterfall to explore: what each driver contributed, and from what to what it went."""

from __future__ import annotations

from typing import Any

from affinity.plots.figure import DARK, cut
from affinity.plots.interactive.chart import disarm, dress_chart, load_altair, make_rows, tell
from affinity.plots.waterfall import say_change, stack_bars
from affinity.tables.metric_tree import TreeChange
from affinity.tables.tree_text import format_change, format_value


def chart_waterfall(change: TreeChange) -> Any:
    """A bar for the window before, one for each driver from where the last ended, one for the window after; an altair.Chart.

    The bars are those of `affinity.plots.plot_waterfall`: the drivers' parts add up to the change.
    """
    altair = load_altair()
    bars, root = stack_bars(change), change.nodes[0]
    figures = {
        node.label: format_change(float(change.before[row, 0]), float(change.after[row, 0]), node.unit)
        for row, node in enumerate(change.nodes)
    }
    ends = [bar.start + bar.width for bar in bars]
    names = [disarm(cut(bar.name, 42)) for bar in bars]
    whole = abs(change.change)
    shares = [f"{100 * bar.width / change.change:,.0f} %" if whole > 0 else "–" for bar in bars]
    data = make_rows({
        "name": names, "start": [bar.start for bar in bars], "end": ends, "text": [bar.text for bar in bars],
        "right": [max(bar.start, end) for bar, end in zip(bars, ends)],
        "colour": [bar.colour for bar in bars],
        "went": ["–" if place in (0, len(bars) - 1) else figures.get(bar.name, "–") for place, bar in enumerate(bars)],
        "part": ["–" if place in (0, len(bars) - 1) else share for place, share in enumerate(shares)],
        "total": [format_value(end, root.unit) for end in ends],
    })  # fmt: skip
    base = altair.Chart(data, width=560, height=38 * len(bars)).encode(
        altair.Y("name:N", sort=names, title=None, axis=altair.Axis(labelLimit=260)),
        tooltip=tell(name="driver", text="contributed", went="went from → to", part="of the change", total="then at"),
    )
    axis = altair.Axis(title=disarm(root.label.lower()), format="~s", tickCount=5)
    # room to the right of the longest bar for its figure
    room = altair.Scale(domain=[min(0.0, *ends), 1.16 * max(*ends, 1e-9)], nice=False)
    drawn = base.mark_bar(height=22).encode(
        altair.X("start:Q", axis=axis, scale=room), x2="end:Q", color=altair.Color("colour:N", scale=None)
    )
    words = base.mark_text(align="left", dx=5, color=DARK).encode(altair.X("right:Q", axis=axis, scale=room), text="text:N")
    return dress_chart(altair.layer(drawn, words), *say_change(change))
