"""Adoption to explore: the velocity curve by segment, and the cohort triangle as a heat map."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.adoption import extend_segment, pick_segments
from affinity.plots.figure import DARK, GREY, GROUPS, cut
from affinity.plots.interactive.chart import (
    MOST_ROWS,
    disarm,
    dress_chart,
    load_altair,
    make_rows,
    say_counts,
    say_nothing,
    say_shares,
    tell,
)
from affinity.tables import AdoptionCurves, CohortTriangle
from affinity.tables.number_text import format_count
from affinity.tables.number_text import format_share_interval as format_within


def chart_adoption(curves: AdoptionCurves, *, last_day: int | None = None) -> Any:
    """The share of customers who have added a family, by days since the first purchase, with its 95 % band; an altair.Chart.

    Segments and numbers are those of `affinity.plots.plot_adoption`; a click in the legend picks a segment. Beyond 5,000
    steps in all a curve keeps every second, third, … step and its last, and the subtitle says so.
    """
    title = "How fast customers add a product family"
    shown, subtitle = pick_segments(curves)
    if not shown:
        return say_nothing(title, "Nobody was followed a day.")
    altair = load_altair()
    end = last_day or max(curves.segments[name][1] for name in shown)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("segment", "day", "rate", "lower", "upper", "said", "at_risk", "added")
    }
    every = -(-len(curves) // (MOST_ROWS - 4 * len(shown)))
    for name in shown:
        _add_segment(columns, curves, name, min(end, curves.segments[name][1]), every)
    if every > 1:
        subtitle += f"; one step of every {every} drawn"
    order = [_label(curves, name) for name in sorted(shown, key=str)]
    picked = altair.selection_point(fields=["segment"], bind="legend")
    near = altair.selection_point(on="pointerover", fields=["day", "segment"], empty=False)
    colour = altair.Color(
        "segment:N",
        title=disarm(curves.segment_by or "") or None,
        scale=altair.Scale(domain=order, range=list(GROUPS)),
        legend=altair.Legend(orient="bottom", columns=2, symbolOpacity=1),
    )
    base = altair.Chart(make_rows(columns), width=620, height=380).encode(
        altair.X("day:Q", title="days since the first purchase", scale=altair.Scale(domain=[0, end], nice=False)), color=colour
    )
    axis = altair.Axis(format="~%", title="share who have added a family")
    y = altair.Y("rate:Q", axis=axis, scale=altair.Scale(domain=[0, 1]))
    band = base.mark_area(interpolate="step-after").encode(
        altair.Y("lower:Q", axis=axis), y2="upper:Q", opacity=altair.condition(picked, altair.value(0.15), altair.value(0.02))
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        y, opacity=altair.condition(picked, altair.value(1), altair.value(0.12))
    )
    told = tell(
        segment="segment", day="day", said="have added [95 %]", added="customers so far", at_risk="still open on the day"
    )
    dots = base.mark_circle(size=110).encode(y, opacity=altair.condition(near, altair.value(1), altair.value(0)), tooltip=told)
    half = altair.Chart(make_rows({"rate": [0.5]})).mark_rule(color=GREY, strokeDash=[2, 3]).encode(y)
    return dress_chart(altair.layer(band, half, lines, dots.add_params(near)).add_params(picked), title, subtitle)


def _label(curves: AdoptionCurves, name: str | None) -> str:
    return f"{disarm(cut(name, 24))} ({curves.segments[name][0]:,})" if name is not None else "everybody"


def _add_segment(columns: dict[str, list[Any]], curves: AdoptionCurves, name: str | None, end: int, every: int) -> None:
    rows, day, rate, lower, upper = extend_segment(curves, name, end)
    added = np.concatenate([[0], np.cumsum(curves.events[rows]), [int(curves.events[rows].sum())]])
    open_still = [format_count(curves.segments[name][0]), *map(format_count, curves.at_risk[rows].tolist()), "–"]
    kept = sorted({0, len(rows), len(rows) + 1, *range(1, len(rows) + 1, every)})
    for place in kept:
        values = (float(column[place]) for column in (rate, lower, upper))
        share, low, high = values
        row = (_label(curves, name), int(day[place]), share, low, high, format_within(share, low, high),
               open_still[place], format_count(int(added[place])))  # fmt: skip
        for column, value in zip(columns.values(), row):
            column.append(value)


def chart_cohorts(triangle: CohortTriangle) -> Any:
    """The cohort triangle as a heat map: the share that has added a family, cohorts down, months across; an altair.Chart.

    A tilde marks Kaplan–Meier (not everybody of the cohort was followed that long); empty was not observed.
    """
    title = "Adoption by cohort of the first purchase"
    rows = np.flatnonzero(np.isfinite(triangle.rate))
    if not len(rows):
        return say_nothing(title, "No cohort was followed for a month.")
    altair = load_altair()
    left_out = len(rows) - MOST_ROWS
    rows = rows[-MOST_ROWS:]  # in time order: the newest cohorts
    share, lower, upper = (getattr(triangle, name)[rows] for name in ("rate", "lower", "upper"))
    complete, low, high = triangle.complete[rows].tolist(), float(share.min()), float(share.max())
    cohorts = [
        f"{disarm(cut(name, 14))} ({n:,})" for name, n in zip(triangle.cohort[rows].tolist(), triangle.customers[rows].tolist())
    ]
    data = make_rows({
        "cohort": cohorts, "month": triangle.month[rows], "rate": share,
        "text": [f"{x:.0%}" if whole else f"~{x:.0%}" for x, whole in zip(share.tolist(), complete)],
        "said": say_shares(share, lower, upper),
        "how": ["all followed so long" if whole else "Kaplan–Meier: not all followed so long" for whole in complete],
        **{name: say_counts(getattr(triangle, name)[rows]) for name in ("customers", "followed", "adopted")},
    })  # fmt: skip
    wide, tall = len(set(triangle.month[rows].tolist())), len(set(cohorts))
    cells = altair.Chart(data, width=max(46 * wide, 260), height=26 * tall).encode(
        altair.X("month:O", title="months since the first purchase", axis=altair.Axis(labelAngle=0)),
        altair.Y("cohort:N", title=None, sort=list(dict.fromkeys(cohorts)), axis=altair.Axis(labelLimit=240)),
        tooltip=tell(cohort="cohort", month="month", said="have added [95 %]", customers="customers",
                     followed="followed so long", adopted="seen to add", how="how known"),
    )  # fmt: skip
    colours = altair.Scale(scheme="blues", domain=[low - 0.5 * (high - low), high + 1e-9])
    tiles = cells.mark_rect(stroke="white").encode(altair.Color("rate:Q", scale=colours, legend=None))
    dark = altair.condition(f"datum.rate > {low + 0.35 * (high - low)}", altair.value("white"), altair.value(DARK))
    words = cells.mark_text(fontSize=11).encode(text="text:N", color=dark)
    subtitle = "share who have added a family; ~ not all were followed so long; empty: not observed"
    if left_out > 0:
        subtitle += f"\nthe {MOST_ROWS:,} newest cells; {left_out:,} older ones left out"
    return dress_chart(altair.layer(tiles, words), title, subtitle)
