"""Association rules as a picture: support against confidence, coloured by lift."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from affinity.plots.figure import ORANGE, cut, log_ticks, new_figure, plain_axes, shorten
from affinity.plots.place_labels import place_labels
from affinity.statistics.intervals import gamma_interval
from affinity.tables import Rules

MOST_POINTS = 20_000


def plot_rules(rules: Rules, *, label: int = 8) -> Any:
    """Every rule as a point: support (log scale) × confidence, colour lift (log scale); a matplotlib Figure.

    The ``label`` rules whose lift is surely highest (lower bound of its 95 % interval; one for each set of products) are
    numbered and named below. Beyond 20,000 rules only the highest by that bound are drawn, and the subtitle says so.
    """
    points = place_rules(rules, MOST_POINTS)
    order, support, confidence, lift = points.row, points.support, points.confidence, points.lift
    cut = f", the {MOST_POINTS:,} of surely highest lift shown" if len(order) < len(rules) else ""
    figure = new_figure(9.5, 6.2)
    axes = plain_axes(figure, "Association rules", f"{len(rules):,} rules over {rules.n:,} baskets{cut}")
    axes.set_xlabel("support: share of baskets with both sides (log scale)")
    axes.set_ylabel("confidence: share of the antecedent's baskets")
    if not len(order):
        axes.text(0.5, 0.5, "No rules.", ha="center", transform=axes.transAxes)
        return figure
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import NullLocator, PercentFormatter

    shown = np.maximum(lift[order], 1e-9)
    low, high = float(shown.min()), float(shown.max())
    norm = LogNorm(low, high if high > low else low * 1.01)
    weak_first = order[::-1]
    marks = axes.scatter(
        support[weak_first], confidence[weak_first], c=shown[::-1], norm=norm, cmap="viridis_r", s=22, alpha=0.85, linewidths=0
    )
    axes.set_xscale("log")
    ticks = log_ticks(float(support[order].min()), float(support[order].max()))
    axes.set_xticks(ticks, labels=[f"{100 * tick:.3g}%" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None))
    axes.set_ylim(0, min(1.05, float(confidence[order].max()) * 1.15))
    axes.margins(x=0.12)
    bar = figure.colorbar(marks, ax=axes, pad=0.02)
    bar.set_label("lift (log scale; 1 is independence)")
    ticks = log_ticks(low, high)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    _name_strongest(figure, axes, rules, _one_an_itemset(rules, order, label), np.column_stack([support, confidence]))
    return figure


class RulePoints(NamedTuple):
    """Where rules lie: ``row`` the rules drawn, those of surely highest lift first; the rest float64, a place a rule.

    lift_lower, lift_upper : exact 95 % interval of observed over expected
    """

    row: np.ndarray
    support: np.ndarray
    confidence: np.ndarray
    lift: np.ndarray
    lift_lower: np.ndarray
    lift_upper: np.ndarray


def place_rules(rules: Rules, most: int) -> RulePoints:
    """The points of ``rules``, and which ``most`` of them to draw: by the lower bound of the lift, not by the lift."""
    lift = rules.measures["lift"] if "lift" in rules.measures else rules.n * rules.n_xy / (rules.n_x * rules.n_y)
    lower, upper = map(np.asarray, gamma_interval(rules.n_xy, rules.n_x * (rules.n_y / max(rules.n, 1))))
    order = np.argsort(-lower, kind="stable")[:most]
    support, confidence = rules.n_xy / max(rules.n, 1), rules.n_xy / np.maximum(rules.n_x, 1)
    return RulePoints(order, support, confidence, lift, lower, upper)


def _one_an_itemset(rules: Rules, order: np.ndarray, label: int) -> list[int]:
    """The first ``label`` rules of ``order`` that are not about products which an earlier one is about already."""
    seen: set[frozenset[int]] = set()
    named: list[int] = []
    for row in order.tolist():
        products = frozenset(_items(rules, row, "antecedent").tolist() + _items(rules, row, "consequent").tolist())
        if len(named) < label and products not in seen:
            seen.add(products)
            named.append(row)
        if len(named) == label:
            break
    return named


def _name_strongest(figure: Any, axes: Any, rules: Rules, named: list[int], points: np.ndarray) -> None:
    """Number the points of ``named`` rules and spell the rules out below the axes, in two columns."""
    spelled = [
        f"{number}  {_side(rules, row, 'antecedent')} → {_side(rules, row, 'consequent')}"
        for number, row in enumerate(named, start=1)
    ]
    half = (len(spelled) + 1) // 2
    if spelled:
        left, right = "\n".join(spelled[:half]), "\n".join(spelled[half:])
        for place, text in ((0.0, left), (0.52, right)):
            axes.annotate(
                text, (place, 0), xytext=(0, -52), xycoords="axes fraction", textcoords="offset points", va="top", fontsize=8
            )
    numbers = [str(number) for number in range(1, len(named) + 1)]
    axes.scatter(*points[named].T, s=40, facecolors="none", edgecolors=ORANGE, linewidths=1.2)
    place_labels(axes, points[named], numbers, radius=np.full(len(named), 3.5), avoid=points, fontsize=9, keep_all=True)


def _items(rules: Rules, row: int, side: str) -> np.ndarray:
    indptr, item = getattr(rules, f"{side}_indptr"), getattr(rules, f"{side}_item")
    return np.asarray(item[indptr[row] : indptr[row + 1]])


def _side(rules: Rules, row: int, side: str) -> str:
    return shorten(name_side(rules, row, side), 36)


def name_side(rules: Rules, row: int, side: str, length: int = 200) -> str:
    """The products of one ``side`` ("antecedent" or "consequent") of a rule, joined by +."""
    return cut(" + ".join(map(str, rules.products.decode(_items(rules, row, side)))), length)
