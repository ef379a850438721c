"""Association rules to explore: support against confidence, coloured by lift; hover tells a rule's counts and measures."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.figure import cut
from affinity.plots.interactive.chart import MOST_ROWS, dress_chart, load_altair, make_rows, say_nothing, tell
from affinity.plots.rules import name_side, place_rules
from affinity.statistics.intervals import wilson_interval
from affinity.tables import Rules
from affinity.tables.number_text import format_count, format_interval, format_number, format_q, format_share
from affinity.tables.number_text import format_share_interval as format_within


def chart_rules(rules: Rules, *, most: int = MOST_ROWS) -> Any:
    """Every rule as a point: support (log scale) × confidence, colour lift (log scale); an altair.Chart to zoom.

    Beyond ``most`` rules those whose lift is surely highest (lower bound of its 95 % interval) are drawn, and the subtitle
    says so.
    """
    title = "Association rules"
    if not len(rules):
        return say_nothing(title, "No rules.")
    altair = load_altair()
    points = place_rules(rules, most)
    weak_first = points.row[::-1]
    found = {
        "support": points.support[weak_first],
        "confidence": points.confidence[weak_first],
        "lift": np.maximum(points.lift[weak_first], 1e-9),
    }
    told = _tell_rules(rules, points, weak_first)
    drawn = altair.Chart(make_rows(found | {name: words for name, (_, words) in told.items()}), width=620, height=400)
    low, high = float(found["lift"].min()), float(found["lift"].max())
    colour = altair.Scale(scheme="viridis", reverse=True, type="log", domain=[low, high if high > low else low * 1.01])
    marks = drawn.mark_circle(size=55, opacity=0.85).encode(
        x=altair.X("support:Q", scale=altair.Scale(type="log", nice=False, padding=18), axis=altair.Axis(format=".2~%"),
                   title="support: share of baskets with both sides (log scale)"),
        y=altair.Y("confidence:Q", axis=altair.Axis(format="%"), title="confidence: share of the antecedent's baskets"),
        color=altair.Color("lift:Q", scale=colour, title="lift (log scale)"),
        tooltip=tell(**{name: title for name, (title, _) in told.items()}),
    )  # fmt: skip
    shown = f", the {most:,} of surely highest lift shown" if len(points.row) < len(rules) else ""
    subtitle = f"{len(rules):,} rules over {rules.n:,} baskets{shown}; hover for the counts, scroll to zoom, drag to move"
    return dress_chart(marks.interactive(), title, subtitle)


def _tell_rules(rules: Rules, points: Any, rows: np.ndarray) -> dict[str, tuple[str, list[str]]]:
    """field -> (what it is called, what each of ``rows`` says)."""
    both, given, follows = (column[rows].tolist() for column in (rules.n_xy, rules.n_x, rules.n_y))
    bounds = [np.asarray(bound).tolist() for bound in wilson_interval(rules.n_xy[rows], np.maximum(rules.n_x[rows], 1))]
    lift = zip(*(column[rows].tolist() for column in (points.lift, points.lift_lower, points.lift_upper)))
    confidence = zip(points.confidence[rows].tolist(), *bounds)
    told = {
        "rule": ("rule", [f"{name_side(rules, row, 'antecedent', 60)} → {name_side(rules, row, 'consequent', 60)}"
                          for row in rows.tolist()]),
        "n_xy": ("baskets with both", [format_count(n) for n in both]),
        "n_x": ("with the antecedent", [format_count(n) for n in given]),
        "n_y": ("with the consequent", [format_count(n) for n in follows]),
        "said_support": ("support", [format_share(x) for x in points.support[rows].tolist()]),
        "said_confidence": ("confidence [95 %]", [format_within(*three) for three in confidence]),
        "said_lift": ("lift [95 %]", [format_interval(*three) for three in lift]),
        "q": ("q-value", [format_q(x) for x in rules.q_value[rows].tolist()]),
    }  # fmt: skip
    for place, (name, column) in enumerate(rules.measures.items()):
        if name not in ("support", "confidence", "lift"):
            told[f"measure_{place}"] = (name.replace("_", " "), [format_number(x) for x in column[rows].tolist()])
    return {name: (title, [cut(text, 160) for text in words]) for name, (title, words) in told.items()}
