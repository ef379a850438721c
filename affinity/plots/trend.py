"""A metric over the releases that are kept, with its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from affinity.plots.figure import BLUE, new_figure, plain_axes


def plot_trend(
    title: str,
    as_of: Sequence[str],
    value: Sequence[float],
    *,
    lower: Sequence[float | None],
    upper: Sequence[float | None],
    share: bool,
) -> Any:
    """Points in time with 95 % bars; a matplotlib Figure.

    as_of : ISO dates, increasing; lower, upper : None without an interval; share : write values as per cent
    """
    figure = new_figure(8.0, 3.4)
    axes = plain_axes(figure, title, "one point a release, each over its own window; bars are 95 % intervals")
    days = [date.fromisoformat(day[:10]) for day in as_of]
    below = [0.0 if low is None else max(0.0, one - low) for one, low in zip(value, lower)]
    above = [0.0 if high is None else max(0.0, high - one) for one, high in zip(value, upper)]
    axes.errorbar(days, value, yerr=[below, above], fmt="o-", color=BLUE, capsize=4, linewidth=1.5)
    axes.set_xticks(days)
    axes.tick_params(axis="x", labelrotation=20)
    axes.margins(x=0.08)
    top = max(one + more for one, more in zip(value, above))
    axes.set_ylim(min(0.0, *(one - less for one, less in zip(value, below))), 1.12 * top if top > 0 else 0.1)
    if share:
        from matplotlib.ticker import PercentFormatter

        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
    return figure
