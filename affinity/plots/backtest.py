"""A backtest as a picture: every method's figure with its interval, and the calibration of the probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.errors import UnknownLabel, did_you_mean
from affinity.plots.calibration import draw_calibration
from affinity.plots.figure import BLUE, GREY, ORANGE, dress_axes, new_figure, shorten
from affinity.tables import Backtest
from affinity.tables.backtest import MINUS, POOLED

NAMES = {
    "ndcg": "NDCG@{k}",
    "hit_rate_at_1": "share with a hit in the first place",
    "hit_rate": "share with a hit in {k} places",
    "recall": "recall in {k} places",
    "reciprocal_rank": "mean reciprocal rank in {k} places",
    "coverage": "share of the catalogue shown",
    "novelty": "novelty in bits",
}


def plot_backtest(table: Backtest, *, metric: str = "ndcg") -> Any:
    """A dot and its 95 % interval a method, a panel a protocol and landmark; a matplotlib Figure.

    The first method (what is tested) is blue; orange is any whose paired difference to it is not told from zero. Where
    there are probabilities, a panel below shows the deciles of the first method that has them.
    Raises UnknownLabel for a metric that the table does not hold.
    """
    known = [name for name in dict.fromkeys(table.metric.tolist()) if name in NAMES]
    if metric not in known:
        raise UnknownLabel(f"The backtest has no metric {metric!r}.", do=did_you_mean(metric, known))
    groups = table.groups()
    calibrated = _find_deciles(table)
    longest = max(len(table.methods(*group)) for group in groups)
    columns = min(len(groups), 3)
    lines = -(-len(groups) // columns)
    heights = [1.2 + 0.28 * longest] * lines + ([4.6] if calibrated else [])
    figure = new_figure(max(6.5, 5.2 * columns), sum(heights))
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    for i, group in enumerate(groups):
        _draw_methods(figure.add_subplot(grid[i // columns, i % columns]), table, group, metric)
    if calibrated:
        method, protocol, at, deciles = calibrated
        axes = dress_axes(
            figure.add_subplot(grid[lines, 0]), f"Calibration of {method}", f"{protocol.replace('_', ' ')}, {_when(at)}"
        )
        draw_calibration(axes, *deciles)
    first = shorten(table.methods(*groups[0])[0])
    figure.supxlabel(f"blue: {first}; orange: not told from {first} (the paired 95 % interval holds zero)", fontsize=9)
    return figure


def _draw_methods(axes: Any, table: Backtest, group: tuple[str, str], metric: str) -> None:
    protocol, at = group
    methods = table.methods(*group)
    found = {name: table.find(name, metric, protocol=protocol, at=at) for name in methods}
    order = sorted(methods, key=lambda name: found[name][0])
    rows = (table.protocol == protocol) & (table.at == at) & (table.metric == metric) & (table.method == methods[0])
    dress_axes(axes, protocol.replace("_", " "), f"{_when(at)}; {int(table.customers[rows][0]):,} customers")
    for place, name in enumerate(order):
        value, lower, upper = found[name]
        colour = BLUE if name == methods[0] else ORANGE if _is_tie(table, methods[0], name, metric, group) else GREY
        if np.isfinite(lower):
            axes.plot([lower, upper], [place, place], color=colour, linewidth=2)
        axes.plot([value], [place], "o", color=colour, markersize=7)
    axes.set_yticks(range(len(order)), [shorten(name, 24) for name in order])
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(NAMES[metric].format(k=table.info.get("cutoff", 10)) + ", 95 % interval over customers")


def _when(at: str) -> str:
    return "over all landmarks" if at == POOLED else f"at {at}"


def _is_tie(table: Backtest, first: str, name: str, metric: str, group: tuple[str, str]) -> bool:
    try:
        _, lower, upper = table.find(f"{first}{MINUS}{name}", metric, protocol=group[0], at=group[1])
    except KeyError:
        return False
    return lower <= 0 <= upper


def _find_deciles(table: Backtest) -> tuple[str, str, str, tuple[np.ndarray, ...]] | None:
    """(method, protocol, at, (predicted, observed, lower, upper)) of the last group with probabilities."""
    rows = np.flatnonzero(table.metric == "calibration_slope")
    if not len(rows):
        return None
    method, protocol, at = (getattr(table, name)[rows[-1]] for name in ("method", "protocol", "at"))
    mine = (table.method == method) & (table.protocol == protocol) & (table.at == at)
    observed = np.flatnonzero(mine & np.char.startswith(table.metric.astype(str), "observed_decile"))
    predicted = np.flatnonzero(mine & np.char.startswith(table.metric.astype(str), "predicted_decile"))
    deciles = (table.value[predicted], table.value[observed], table.lower[observed], table.upper[observed])
    return method, protocol, at, deciles
