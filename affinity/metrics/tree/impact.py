"""Did an intervention move its node? Checked against what the node did, and labelled by how far that can be known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from affinity.statistics.intervals import newcombe_interval
from affinity.tables.interventions import Impact, Intervention, Label
from affinity.tables.metric_tree import MetricTree
from affinity.tables.tree_text import format_value

#: Segments whose value before was among the lowest so many of all are expected to rise by themselves.
LOW_SHARE = 1 / 3


@dataclass(frozen=True)
class _Figure:
    """A node over some segments: counts, value, and its bounds."""

    x: float
    n: float
    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class _Difference:
    value: float
    lower: float
    upper: float


def check_intervention(
    intervention: Intervention,
    before: MetricTree,
    after: MetricTree,
    *,
    observed_days: int,
    others: Sequence[Intervention] = (),
) -> Impact:
    """What the node of ``intervention`` did from ``before`` (its window ends on the day) to ``after`` (it begins then).

    observed_days : days of the window after; 0: nothing is known yet
    others        : further interventions of those two windows; a comparison that one of them touched is none

    The label says what the figure is worth. "randomised": the segments and the comparison were split by lot, the effect is
    their difference afterwards. "difference_in_differences": an untouched comparison; right if both would have moved alike.
    "before_after_unverified": anything else; the season, other changes and, where the worst were chosen, the return to the
    mean are in the figure, so it is never called an effect. Bounds are 95 %: Newcombe for shares, else from the bounds of the
    two figures; the windows are taken as independent. Raises SettingsError for an unknown node or segment.
    """
    unit, node = after.node(intervention.node).unit, intervention.node
    was = _figure(before, node, intervention.segments)
    if observed_days <= 0:
        text = f"{_place(intervention)}: nothing has been observed from {np.datetime64(intervention.day, 'D')} on."
        nan = math.nan
        return Impact(intervention, "not_yet_observed", was.value, nan, nan, nan, nan, 0, text)
    now = _figure(after, node, intervention.segments)
    label, reason = _label(intervention, others)
    found = _subtract(now, was, unit)
    if label == "randomised":
        found = _subtract(now, _figure(after, node, intervention.comparison), unit)
    elif label == "difference_in_differences":
        compared = _subtract(
            _figure(after, node, intervention.comparison), _figure(before, node, intervention.comparison), unit
        )
        found = _less(found, compared)
    text = _sentence(intervention, label, (was.value, now.value), found, unit)
    doubts = [reason, _low_before(before, intervention) if label != "randomised" else "", _short(before, observed_days)]
    text = " ".join([text, *(doubt for doubt in doubts if doubt)])
    return Impact(intervention, label, was.value, now.value, found.value, found.lower, found.upper, observed_days, text)


def _label(intervention: Intervention, others: Sequence[Intervention]) -> tuple[Label, str]:
    """The label, and why it is not a better one."""
    if not intervention.comparison:
        lot = (
            "The lot is recorded, but no comparison segment." if intervention.randomised else "There is no comparison segment."
        )
        return "before_after_unverified", lot
    if set(intervention.comparison) & set(intervention.segments) or not intervention.segments:
        return "before_after_unverified", "The comparison segment was changed too."
    touched = next(
        (
            one
            for one in others
            if one != intervention and (not one.segments or set(one.segments) & set(intervention.comparison))
        ),
        None,
    )
    if touched is not None:
        return "before_after_unverified", f"The comparison was not left alone: {touched.what!r}."
    return ("randomised" if intervention.randomised else "difference_in_differences"), ""


def _figure(tree: MetricTree, node: str, segments: Sequence[str]) -> _Figure:
    """The node over ``segments`` together (none: everybody)."""
    row = tree.place(node)
    columns = [tree.column(segment) for segment in segments] or [0]
    x, n = float(np.nansum(tree.numerator[row, columns])), float(np.nansum(tree.denominator[row, columns]))
    if len(columns) == 1:
        one = columns[0]
        return _Figure(x, n, *(float(getattr(tree, name)[row, one]) for name in ("value", "lower", "upper")))
    weight = tree.denominator[row, columns] / n if n else np.ones(len(columns))
    value = x / n if n else x
    known = np.nan_to_num(weight * (tree.upper[row, columns] - tree.lower[row, columns]) / 2)
    half = float(np.sqrt((known**2).sum()))
    return _Figure(x, n, value, value - half, value + half)


def _subtract(now: _Figure, was: _Figure, unit: str) -> _Difference:
    if unit == "share" and min(now.n, was.n) > 0:
        lower, upper = newcombe_interval(now.x, now.n, was.x, was.n)
        return _Difference(now.value - was.value, float(lower), float(upper))
    return _less(_Difference(now.value, now.lower, now.upper), _Difference(was.value, was.lower, was.upper))


def _less(a: _Difference, b: _Difference) -> _Difference:
    """a − b, its bounds from the distances of theirs (Newcombe's square-and-add)."""
    value = a.value - b.value
    return _Difference(
        value,
        value - math.hypot(a.value - a.lower, b.upper - b.value),
        value + math.hypot(a.upper - a.value, b.value - b.lower),
    )


def _place(intervention: Intervention) -> str:
    where = f" in {', '.join(intervention.segments)}" if intervention.segments else ""
    return f"{intervention.what}{where}"


def _sentence(intervention: Intervention, label: Label, values: tuple[float, float], found: _Difference, unit: str) -> str:
    went = f"{intervention.node} went from {format_value(values[0], unit)} to {format_value(values[1], unit)}"
    bounds = f"{_signed(found.value, unit)} [{_signed(found.lower, unit)}, {_signed(found.upper, unit)}]"
    if label == "before_after_unverified":
        return (
            f"{_place(intervention)}: {went}, {bounds}; before against after only, unverified: it may as well be the season,"
            " another change or a return to the mean."
        )
    against = ", ".join(intervention.comparison)
    clear = "clear of zero" if found.lower > 0 or found.upper < 0 else "not clear of zero"
    if label == "randomised":
        return f"{_place(intervention)}: {went}; against {against}, split by lot: {bounds}, {clear}."
    return f"{_place(intervention)}: {went}; less the change in {against}: {bounds}, {clear}, if both would have moved alike."


def _signed(value: float, unit: str) -> str:
    return "–" if not math.isfinite(value) else f"{100 * value:+.1f} points" if unit == "share" else f"{value:+,.2f}"


def _low_before(before: MetricTree, intervention: Intervention) -> str:
    """A warning where the segments were among the lowest before: they are expected to rise by themselves."""
    if not intervention.segments or len(before.segments) < 2:
        return ""
    values = before.value[before.place(intervention.node), 1:]
    chosen = values[[before.column(segment) - 1 for segment in intervention.segments]]
    low = np.sort(values[np.isfinite(values)])[: max(int(len(values) * LOW_SHARE), len(chosen))]
    if len(low) and np.isfinite(chosen).all() and (chosen <= low[-1]).all():
        return "These segments were among the lowest before; such segments rise by themselves (regression to the mean)."
    return ""


def _short(before: MetricTree, observed_days: int) -> str:
    first, _, end = (before.window or "").partition("/")
    if not end or first == "..":
        return ""
    days = int((np.datetime64(end, "D") - np.datetime64(first, "D")).astype(int))
    return f"Only {observed_days} days have been observed, against {days} before." if observed_days < days else ""
