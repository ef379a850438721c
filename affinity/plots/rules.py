"""Association rules as a picture: support against confidence, coloured by lift."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.figure import new_figure, plain_axes, shorten
from affinity.plots.place_labels import place_labels
from affinity.tables import Rules

MOST_POINTS = 20_000


def plot_rules(rules: Rules, *, label: int = 8) -> Any:
    """Every rule as a point: support (log scale) × confidence, colour lift (log scale); a matplotlib Figure.

    The ``label`` rules of highest lift are named where there is room. Beyond 20,000 rules only those of the highest
    lift are drawn, and the subtitle says so.
    """
    lift = rules.measures["lift"] if "lift" in rules.measures else rules.n * rules.n_xy / (rules.n_x * rules.n_y)
    support, confidence = rules.n_xy / max(rules.n, 1), rules.n_xy / np.maximum(rules.n_x, 1)
    order = np.argsort(-lift, kind="stable")[:MOST_POINTS]
    cut = f", the {MOST_POINTS:,} of highest lift shown" if len(order) < len(rules) else ""
    figure = new_figure(9.0, 5.5)
    axes = plain_axes(figure, "Association rules", f"{len(rules):,} rules over {rules.n:,} baskets{cut}")
    axes.set_xlabel("support: share of baskets with both sides (log scale)")
    axes.set_ylabel("confidence: share of the antecedent's baskets")
    if not len(order):
        axes.text(0.5, 0.5, "No rules.", ha="center", transform=axes.transAxes)
        return figure
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    shown = np.maximum(lift[order], 1e-9)
    low, high = float(shown.min()), float(shown.max())
    norm = LogNorm(low, high if high > low else low * 1.01)
    weak_first = order[::-1]
    marks = axes.scatter(
        support[weak_first], confidence[weak_first], c=shown[::-1], norm=norm, cmap="viridis_r", s=22, alpha=0.85, linewidths=0
    )
    axes.set_xscale("log")
    percent = FuncFormatter(lambda value, _: f"{value:.3%}".rstrip("0%").rstrip(".") + "%")
    axes.xaxis.set_major_formatter(percent)
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, position: ""))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
    axes.set_ylim(0, min(1.05, float(confidence[order].max()) * 1.15))
    axes.margins(x=0.12)
    bar = figure.colorbar(marks, ax=axes, pad=0.02)
    bar.set_label("lift (log scale; 1 is independence)")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if high / low < 20 else ""))
    named = order[:label]
    texts = [f"{_side(rules, row, 'antecedent')} → {_side(rules, row, 'consequent')}" for row in named]
    points = np.column_stack([support[named], confidence[named]])
    place_labels(axes, points, texts, radius=np.full(len(named), 3.0), fontsize=7.5)
    return figure


def _side(rules: Rules, row: int, side: str) -> str:
    indptr, item = getattr(rules, f"{side}_indptr"), getattr(rules, f"{side}_item")
    return shorten(" + ".join(map(str, rules.products.decode(item[indptr[row] : indptr[row + 1]]))), 40)
