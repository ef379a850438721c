"""Conversion A→B to explore: the curve with its interval band, or the rate at each horizon; hover tells who was at risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.plots.conversion import bound_curve, extend_curve, find_pair
from affinity.plots.figure import BLUE, ORANGE, cut
from affinity.plots.interactive.chart import dress_chart, load_altair, make_rows, say_counts, say_shares, tell
from affinity.tables import Conversion, LifeTables
from affinity.tables.number_text import format_count, format_interval, format_share

_DAYS = "days since the first purchase of the antecedent"
_SHARE = "share who have bought the consequent"


def chart_conversion(
    table: Conversion | LifeTables, antecedent: Any = None, consequent: Any = None, *, horizon_days: int | None = None
) -> Any:
    """How conversion from ``antecedent`` to ``consequent`` (labels) grows with time; an altair.Chart.

    The pair and the numbers are those of `affinity.plots.plot_conversion`.
    """
    rows = find_pair(table, antecedent, consequent)
    a, b = table.products.decode(np.array([table.antecedent[rows[0]], table.consequent[rows[0]]]))
    title = f"From {cut(a, 40)} to {cut(b, 40)}"
    if isinstance(table, LifeTables):
        return _chart_curve(table, int(rows[0]), title, horizon_days)
    return _chart_horizons(table, rows, title, horizon_days)


def _chart_curve(life: LifeTables, row: int, title: str, horizon_days: int | None) -> Any:
    altair = load_altair()
    part = slice(int(life.indptr[row]), int(life.indptr[row + 1]))
    last = horizon_days or min(max(life.horizons_days), life.longest_followed_days)
    day, at_risk, events = life.day[part], life.at_risk[part], life.events[part]
    eligible = int(life.eligible[row])
    x, rate, lower, upper = extend_curve(bound_curve(day, at_risk, events, eligible=eligible), last)
    within = day <= last
    converted = np.concatenate([[0], np.cumsum(events[within]), [int(events[within].sum())]]).tolist()
    followed = [format_count(eligible), *map(format_count, at_risk[within].tolist()), "–"]
    rows = make_rows({
        "day": x, "next": np.append(x[1:], x[-1]), "rate": rate, "lower": lower, "upper": upper,
        "said": say_shares(rate, lower, upper),
        "at_risk": followed, "converted": [format_count(n) for n in converted],
    })  # fmt: skip
    base = altair.Chart(rows, width=620, height=380).encode(x=altair.X("day:Q", title=_DAYS, scale=altair.Scale(nice=False)))
    percent = altair.Axis(format="~%", title=_SHARE)
    band = base.mark_area(interpolate="step-after", color=BLUE, opacity=0.15).encode(
        altair.Y("lower:Q", axis=percent), y2="upper:Q"
    )
    line = base.mark_line(interpolate="step-after", color=BLUE, strokeWidth=2).encode(altair.Y("rate:Q", axis=percent))
    near = altair.selection_point(on="pointerover", fields=["day"], empty=False)
    told = tell(day="day", said="converted [95 %]", converted="customers converted so far", at_risk="at risk on the day")
    steps = base.mark_rect(opacity=0).encode(x2="next:Q", tooltip=told)  # each tells its step at any height
    dots = base.mark_circle(size=70, color=BLUE).encode(
        altair.Y("rate:Q", axis=percent), opacity=altair.condition(near, altair.value(1), altair.value(0))
    )
    said = f"{eligible:,} eligible customers, {converted[-1]:,} seen to convert by day {last}; the band is the 95 % interval"
    return dress_chart(altair.layer(band, line, dots, steps.add_params(near)), title, said)


def _chart_horizons(table: Conversion, rows: np.ndarray, title: str, horizon_days: int | None) -> Any:
    altair = load_altair()
    rows = rows[np.argsort(table.horizon_days[rows], kind="stable")]
    if horizon_days is not None:
        rows = rows[table.horizon_days[rows] <= horizon_days]
    known = rows[np.isfinite(table.rate[rows])]
    rate, lower, upper, base_rate = (getattr(table, name)[known] for name in ("rate", "lower", "upper", "baseline"))
    hazard = zip(*(getattr(table, f"hazard_ratio{end}")[known].tolist() for end in ("", "_lower", "_upper")))
    data = make_rows({
        "day": table.horizon_days[known], "rate": rate, "lower": lower, "upper": upper, "baseline": base_rate,
        "said": say_shares(rate, lower, upper),
        "similar": [format_share(x) for x in base_rate.tolist()],
        "ratio": [format_interval(*three) for three in hazard],
        **{name: say_counts(getattr(table, name)[known]) for name in ("eligible", "converted", "censored")},
    })  # fmt: skip
    days = sorted(set(table.horizon_days[rows].tolist()))
    base = altair.Chart(data, width=620, height=380).encode(
        x=altair.X(
            "day:Q", title=_DAYS, scale=altair.Scale(domain=[0, 1.08 * max(days)], nice=False), axis=altair.Axis(values=days)
        )
    )
    percent = altair.Axis(format="~%", title=_SHARE)
    told = tell(day="days", said="converted [95 %]", similar="similar buyers", ratio="hazard ratio [90 %]", eligible="eligible",
                converted="converted", censored="not followed so long")  # fmt: skip
    names = altair.Scale(domain=["buyers of the antecedent", "similar buyers (baseline)"], range=[BLUE, ORANGE])
    colour = altair.Color("who:N", scale=names, title=None, legend=altair.Legend(orient="top-left", offset=0))
    mine = base.transform_calculate(who="'buyers of the antecedent'")
    others = base.transform_calculate(who="'similar buyers (baseline)'").transform_filter("isValid(datum.baseline)")
    drawn = [
        others.mark_line(strokeDash=[5, 4]).encode(altair.Y("baseline:Q", axis=percent), color=colour),
        others.mark_square(size=60, opacity=1).encode(altair.Y("baseline:Q", axis=percent), color=colour, tooltip=told),
        mine.mark_rule(strokeWidth=2).encode(altair.Y("lower:Q", axis=percent), y2="upper:Q", color=colour, tooltip=told),
        mine.mark_line().encode(altair.Y("rate:Q", axis=percent), color=colour),
        mine.mark_circle(size=90, opacity=1).encode(altair.Y("rate:Q", axis=percent), color=colour, tooltip=told),
    ]
    eligible = int(table.eligible[rows].max(initial=0))
    unknown = [f"{table.horizon_days[row]} d: {table.note[row] or 'unknown'}" for row in rows.tolist() if row not in known]
    said = f"{eligible:,} eligible customers; bars are 95 % intervals" + "".join(f"\n{words}" for words in unknown)
    return dress_chart(altair.layer(*drawn), title, said)
