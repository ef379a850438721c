"""Adoption as pictures: the velocity curve by segment, and the cohort triangle."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.figure import DARK, GREY, GROUPS, new_figure, plain_axes, shorten
from affinity.tables import AdoptionCurves, CohortTriangle

#: Segments drawn in one picture, those of most customers first.
MOST_SEGMENTS = 6


def plot_adoption(curves: AdoptionCurves, *, last_day: int | None = None) -> Any:
    """The share of customers who have added a family, by days since the first purchase, with its 95 % band.

    The dotted line is the median, where a curve reaches it. ``last_day``: up to which day; a curve ends where nobody was
    followed further. Beyond six segments those of most customers are drawn, and the subtitle says so.
    """
    of = curves.segments
    shown, subtitle = pick_segments(curves)
    figure = new_figure()
    axes = plain_axes(figure, "How fast customers add a product family", subtitle)
    axes.set_xlabel("days since the first purchase")
    axes.set_ylabel("share who have added a family")
    if not shown:
        axes.text(0.5, 0.5, "Nobody was followed a day.", ha="center", transform=axes.transAxes)
        return figure
    from matplotlib.ticker import PercentFormatter

    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
    end = last_day or max(of[name][1] for name in shown)
    for colour, name in zip(GROUPS, sorted(shown, key=str)):
        _draw_curve(axes, curves, name, min(end, of[name][1]), colour)
    axes.axhline(0.5, color=GREY, linewidth=1, linestyle=":")
    axes.set_xlim(0, end)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, loc="lower right")
    return figure


def pick_segments(curves: AdoptionCurves) -> tuple[list[str | None], str]:
    """The segments drawn, those of most customers first, and what to say of them."""
    of = curves.segments
    shown = sorted(of, key=lambda name: -of[name][0])[:MOST_SEGMENTS]
    split = f"by {curves.segment_by}" if curves.segment_by else f"{sum(size for size, _ in of.values()):,} customers"
    left_out = f", the {len(shown)} largest of {len(of)}" if len(shown) < len(of) else ""
    return shown, f"{split}{left_out}; bands are 95 % intervals"


def extend_segment(curves: AdoptionCurves, name: str | None, end: int) -> tuple[np.ndarray, ...]:
    """(rows, day, rate, lower, upper): the rows of a segment up to day ``end``, and its curve from day 0 to that day."""
    rows = np.flatnonzero(np.array([segment == name for segment in curves.segment.tolist()], dtype=bool))
    rows = rows[curves.day[rows] <= end]
    rate, lower, upper = (
        np.concatenate([[0.0], column[rows], column[rows][-1:] if len(rows) else [0.0]])
        for column in (curves.rate, curves.lower, curves.upper)
    )
    return rows, np.concatenate([[0], curves.day[rows], [end]]), rate, lower, upper


def _draw_curve(axes: Any, curves: AdoptionCurves, name: str | None, end: int, colour: str) -> None:
    rows, x, rate, lower, upper = extend_segment(curves, name, end)
    axes.fill_between(x, lower, upper, step="post", color=colour, alpha=0.15, linewidth=0)
    reached = curves.day[rows][curves.rate[rows] >= 0.5]
    median = f", half by day {int(reached[0])}" if len(reached) else ", half not reached"
    label = f"{shorten(name, 24)} ({curves.segments[name][0]:,})" if name is not None else "everybody"
    axes.step(x, rate, where="post", color=colour, linewidth=2, label=label + median)
    if len(reached):
        axes.plot([reached[0]] * 2, [0, 0.5], color=colour, linewidth=1, linestyle=":")


def plot_cohorts(triangle: CohortTriangle) -> Any:
    """The cohort triangle: cohorts down, months since the first purchase across, the share that has added a family.

    A cell in italics with a tilde is Kaplan–Meier (not everybody of the cohort was followed that long); an empty one was not
    observed.
    """
    cohorts = list(dict.fromkeys(triangle.cohort.tolist()))
    months = sorted(set(triangle.month.tolist()))
    share = triangle.rate.reshape(len(cohorts), len(months)) if cohorts else np.empty((0, 0))
    complete = triangle.complete.reshape(share.shape)
    customers = triangle.customers.reshape(share.shape)[:, 0] if cohorts else np.empty(0, dtype=int)
    figure = new_figure(max(6.0, 1.9 + 0.72 * len(months)), max(2.8, 1.7 + 0.42 * len(cohorts)))
    subtitle = "share who have added a family; ~ not all were followed so long; empty: not observed"
    axes = plain_axes(figure, "Adoption by cohort of the first purchase", subtitle)
    axes.set_xlabel("months since the first purchase")
    if not cohorts or np.isnan(share).all():
        axes.text(0.5, 0.5, "No cohort was followed for a month.", ha="center", transform=axes.transAxes)
        return figure
    low, high = float(np.nanmin(share)), float(np.nanmax(share))
    axes.imshow(np.ma.masked_invalid(share), cmap="Blues", vmin=low - 0.5 * (high - low), vmax=high + 1e-9, aspect="auto")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xticks(range(len(months)), [str(month) for month in months])
    axes.set_yticks(range(len(cohorts)), [f"{shorten(name, 14)}  ({n:,})" for name, n in zip(cohorts, customers.tolist())])
    axes.tick_params(length=0)
    for (i, j), value in np.ndenumerate(share):
        if np.isfinite(value):
            whole = bool(complete[i, j])
            axes.text(
                j,
                i,
                f"{value:.0%}" if whole else f"~{value:.0%}",
                ha="center",
                va="center",
                fontsize=9,
                style="normal" if whole else "italic",
                color="white" if value > low + 0.35 * (high - low) else DARK,
            )
    return figure
