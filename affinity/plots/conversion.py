"""Conversion A→B as a picture: the share of A's buyers who have bought B, by days since, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from affinity.errors import UnknownLabel
from affinity.plots.figure import BLUE, GREY, ORANGE, new_figure, plain_axes, shorten
from affinity.statistics.intervals import wilson_interval
from affinity.statistics.survival import cumulative_curve
from affinity.tables import Conversion, LifeTables


def plot_conversion(
    table: Conversion | LifeTables, antecedent: Any = None, consequent: Any = None, *, horizon_days: int | None = None
) -> Any:
    """How conversion from ``antecedent`` to ``consequent`` (labels) grows with time; a matplotlib Figure.

    From LifeTables: the whole Kaplan–Meier curve up to ``horizon_days`` with Wilson 95 % on the effective number.
    From Conversion: the rate at each horizon with its interval, and what similar buyers do. Without labels: the pair
    with the most converted customers.
    """
    if isinstance(table, LifeTables):
        return _plot_curve(table, find_pair(table, antecedent, consequent), horizon_days)
    return _plot_horizons(table, find_pair(table, antecedent, consequent), horizon_days)


def find_pair(table: Conversion | LifeTables, antecedent: Any, consequent: Any) -> np.ndarray:
    """The rows of the pair."""
    known = np.ones(len(table), dtype=bool)
    if antecedent is not None:
        known &= table.antecedent == table.products.code(antecedent)
    if consequent is not None:
        known &= table.consequent == table.products.code(consequent)
    rows = np.flatnonzero(known)
    if not len(rows):
        raise UnknownLabel(
            f"There is no conversion from {antecedent!r} to {consequent!r}.",
            why="Only pairs with enough converted customers are kept.",
            do="Name another pair, or lower conversion.min_converted.",
        )
    if isinstance(table, LifeTables):
        converted = np.add.reduceat(np.append(table.events, 0), table.indptr[rows]) * (np.diff(table.indptr)[rows] > 0)
    else:
        converted = table.converted[rows]
    best = rows[np.argmax(converted)]
    same = (table.antecedent == table.antecedent[best]) & (table.consequent == table.consequent[best])
    return np.flatnonzero(same)


def _titled_axes(figure: Any, table: Conversion | LifeTables, row: int, subtitle: str) -> Any:
    a, b = table.products.decode(np.array([table.antecedent[row], table.consequent[row]]))
    return _dressed(figure, a, b, subtitle)


def _dressed(figure: Any, antecedent: object, consequent: object, subtitle: str) -> Any:
    axes = plain_axes(figure, f"From {shorten(antecedent, 34)} to {shorten(consequent, 34)}", subtitle)
    axes.set_xlabel("days since the first purchase of the antecedent")
    axes.set_ylabel("share who have bought the consequent")
    axes.yaxis.set_major_formatter(_percent())
    return axes


def _percent() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(xmax=1, decimals=None)


def _plot_curve(life: LifeTables, rows: np.ndarray, horizon_days: int | None) -> Any:
    row = int(rows[0])
    part = slice(int(life.indptr[row]), int(life.indptr[row + 1]))
    last = horizon_days or min(max(life.horizons_days), life.longest_followed_days)
    eligible, events = int(life.eligible[row]), life.events[part]
    said = f"{eligible:,} eligible customers, {int(events[life.day[part] <= last].sum()):,} seen to convert by day {last}"
    followed = [f"{n:,} at day {h}" for h, n in zip(life.horizons_days, life.followed[row].tolist()) if h <= last]
    figure = new_figure()
    axes = _titled_axes(figure, life, row, said + ("; still at risk: " + ", ".join(followed) if followed else ""))
    day, at_risk = life.day[part], life.at_risk[part]
    _draw_curve(axes, bound_curve(day, at_risk, events, eligible=eligible), last)
    return figure


class BoundedCurve(NamedTuple):
    """A conversion curve just after each event day: day int[n]; rate, lower, upper float64[n], Wilson 95 % bounds."""

    day: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def bound_curve(day: np.ndarray, at_risk: np.ndarray, events: np.ndarray, *, eligible: int) -> BoundedCurve:
    """The Kaplan–Meier curve of a life table with Wilson 95 % on the effective number rate·(1 − rate)/variance ≤ eligible."""
    curve = cumulative_curve(np.array([0, len(day)], dtype=np.int64), day, at_risk, events)
    rate, variance = curve.rate, curve.variance
    spread = np.divide(rate * (1 - rate), variance, out=np.full(len(rate), float(eligible)), where=variance > 0)
    trials = np.minimum(eligible, spread)
    lower, upper = wilson_interval(rate * trials, trials)
    return BoundedCurve(np.asarray(day), rate, np.asarray(lower), np.asarray(upper))


def plot_curve(antecedent: str, consequent: str, curve: BoundedCurve, *, last_day: int) -> Any:
    """A conversion curve from 0 to ``last_day`` days after the antecedent, with its interval; a matplotlib Figure."""
    figure = new_figure()
    axes = _dressed(figure, antecedent, consequent, f"up to day {last_day}")
    _draw_curve(axes, curve, last_day)
    return figure


def extend_curve(curve: BoundedCurve, last: int) -> BoundedCurve:
    """The curve from day 0, where it is 0, to day ``last``, where it is what it was after the last event."""
    shown = curve.day <= last
    ends = (
        np.concatenate([[0.0], values[shown], values[shown][-1:] if shown.any() else [0.0]])
        for values in (curve.rate, curve.lower, curve.upper)
    )
    return BoundedCurve(np.concatenate([[0], curve.day[shown], [last]]), *ends)


def _draw_curve(axes: Any, curve: BoundedCurve, last: int) -> None:
    x, rate, lower, upper = extend_curve(curve, last)
    axes.fill_between(x, lower, upper, step="post", color=BLUE, alpha=0.15, linewidth=0, label="95 % interval")
    axes.step(x, rate, where="post", color=BLUE, linewidth=2, label="observed conversion")
    axes.set_xlim(0, last)
    axes.set_ylim(0, max(float(upper.max()) * 1.1, 0.01))
    axes.legend(frameon=False, loc="lower right")


def plot_horizons(antecedent: str, consequent: str, rates: Sequence[Mapping[str, Any]]) -> Any:
    """Conversion at each horizon with its interval, and that of similar buyers; a matplotlib Figure.

    rates : one a horizon, with horizon_days, rate, lower, upper, baseline (None where not identified) and note
    """
    figure = new_figure()
    axes = _dressed(figure, antecedent, consequent, "bars are 95 % intervals")
    _draw_horizons(axes, sorted(rates, key=lambda one: int(one["horizon_days"])))
    return figure


def _plot_horizons(conversion: Conversion, rows: np.ndarray, horizon_days: int | None) -> Any:
    rows = rows[np.argsort(conversion.horizon_days[rows], kind="stable")]
    if horizon_days is not None:
        rows = rows[conversion.horizon_days[rows] <= horizon_days]
    eligible = int(conversion.eligible[rows].max(initial=0))
    figure = new_figure()
    axes = _titled_axes(figure, conversion, int(rows[0]), f"{eligible:,} eligible customers; bars are 95 % intervals")
    names = ("horizon_days", "rate", "lower", "upper", "baseline", "note")
    _draw_horizons(axes, [{name: getattr(conversion, name)[row] for name in names} for row in rows.tolist()])
    return figure


def _draw_horizons(axes: Any, rates: Sequence[Mapping[str, Any]]) -> None:
    days, rate, lower, upper, baseline = (
        np.array([np.nan if one[name] is None else one[name] for one in rates], dtype=np.float64)
        for name in ("horizon_days", "rate", "lower", "upper", "baseline")
    )
    known = np.isfinite(rate)
    x = days[known]
    error = np.maximum(0, [rate[known] - lower[known], upper[known] - rate[known]])
    axes.errorbar(x, rate[known], yerr=error, fmt="o-", color=BLUE, capsize=4, linewidth=1.5, label="buyers of the antecedent")
    if np.isfinite(baseline[known]).any():
        axes.plot(x, baseline[known], "s--", color=ORANGE, linewidth=1.5, label="similar buyers (baseline)")
    for day, value in zip(x, rate[known]):
        axes.annotate(
            f"{value:.1%}", (day, value), xytext=(-6, 5), textcoords="offset points", ha="right", fontsize=9, color=BLUE
        )
    for one, day in zip(rates, days):
        if day not in x:
            note = f"{day:.0f} d: {one['note'] or 'unknown'}"
            axes.annotate(note, (day, 0), xytext=(0, 4), textcoords="offset points", fontsize=8, color=GREY)
    axes.set_xticks(days.astype(int).tolist())
    axes.set_xlim(0, float(days.max()) * 1.12)
    axes.set_ylim(0, max(1.12 * float(np.max(upper[known], initial=0.0)), 0.01))
    marks, names = axes.get_legend_handles_labels()
    axes.legend(marks[::-1], names[::-1], frameon=False, loc="best")
