"""The segment heat map: metrics by segment, coloured only where a segment can be told apart from the whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.requests import Request

from affinity.serve.page.asked import read_name
from affinity.serve.page.desk import Desk
from affinity.serve.page.formats import NONE, between, percent, points, whole
from affinity.serve.page.heat import Cell, Figure, judge_cells
from affinity.serve.page.metric_lines import THEMES, form_of, title_of
from affinity.serve.page.shell import View

#: Segments that the map of all metrics has room for, and pairs that are shown by segment.
MOST_SEGMENTS, MOST_PAIRS = 6, 15

#: Customers below whom a segment has no colour, whatever it is that is measured of them.
LEAST = 10

#: Metrics whose denominator counts customers, which says how large a segment is; metrics of one pair, shown by themselves only.
_OF_CUSTOMERS = ("multi_product_rate", "customer_cross_sell_rate", "eligible_conversion_rate", "repeat_customer_rate")
_OF_PAIRS = ("attach_rate", "pair_conversion_rate")

#: Customers of whom the segment column says nothing.
UNKNOWN = "(unknown)"

#: Every metric, in the form.
ALL = "all"

SAID = {
    "few": "too few",
    "unjudged": "no interval",
    "same": "not told apart",
    "chance": "may be chance",
    "low": "below the whole",
    "high": "above the whole",
}


def view(desk: Desk, request: Request) -> View:
    """Metrics by the segments of one column, or all segments of one metric; and conversion by segment where there is any."""
    ways = [one["segment_by"] for one in desk.ask("SELECT DISTINCT segment_by FROM metrics WHERE segment_by IS NOT NULL")]
    ways.sort(key=lambda name: (name in ("cohort", "campaign"), name))
    if not ways:
        return View("segments.html", {"ways": [], "pairs": list_pairs(desk, request)})
    by = read_name(request, "by", ways, ways[0])
    rows = desk.once(("metrics by", by), lambda: read_rows(desk, by))
    metric = read_name(request, "metric", [ALL, *(row["metric"] for row in rows)], ALL)
    found = [row for row in rows if row["metric"] == metric or (metric == ALL and _base(row["metric"]) not in _OF_PAIRS)]
    segments = list(dict.fromkeys(name for row in rows for name in row["cells"]))
    segments.sort(key=lambda name: -max((row["cells"][name]["base"] for row in rows if name in row["cells"]), default=0))
    shown = sorted(segments[:MOST_SEGMENTS], key=lambda name: (name == UNKNOWN, name)) if metric == ALL else segments
    values = {
        "ways": ways,
        "by": by,
        "metric": metric,
        "metrics": [(row["metric"], row["title"]) for row in rows],
        "segments": shown,
        "left_out": len(segments) - len(shown),
        "rows": found,
        "counts": count_states(rows),
        "warnings": _warnings(desk, by),
        "pairs": list_pairs(desk, request),
    }
    return View("segments.html", values)


def read_rows(desk: Desk, by: str) -> list[dict[str, Any]]:
    """A row a metric that is cut by ``by``: its whole, and what may be said of each segment, judged all together."""
    lines = desk.ask("SELECT * FROM metrics WHERE segment_by = ? OR segment_by IS NULL", [by])
    wholes = {one["metric"]: one for one in lines if one["segment_by"] is None}
    parts = [one for one in lines if one["segment_by"] == by and one["metric"] in wholes]
    small = _small_segments(parts)
    few = ["SMALL_CELL" in (one["note"] or "") or one["segment"] in small for one in parts]
    judged = judge_cells([(_figure(one), _figure(wholes[one["metric"]]), thin) for one, thin in zip(parts, few)])
    order = {name: place for place, name in enumerate(name for names in THEMES.values() for name in names)}
    rows: dict[str, dict[str, Any]] = {}
    for one, cell in zip(parts, judged):
        name, total = one["metric"], wholes[one["metric"]]
        row = rows.setdefault(name, {"metric": name, "title": title_of(desk, name), "cells": {}, **_shown(name, total)})
        row["cells"][one["segment"]] = _cell(name, one, cell)
    return sorted(rows.values(), key=lambda row: (order.get(_base(row["metric"]), len(order)), row["metric"]))


def count_states(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many cells are in each state, and ``judged``: those with a value and an interval."""
    states = Counter(cell["state"] for row in rows for cell in row["cells"].values())
    return {**states, "judged": sum(states[name] for name in ("same", "chance", "low", "high"))}


def list_pairs(desk: Desk, request: Request) -> dict[str, Any]:
    """Conversion by segment: pairs whose pooled figure says the opposite of the segments first, then those that the mix moves
    most, at the horizon asked for; empty where the release has none."""
    horizons = desk.ask("SELECT DISTINCT horizon_days AS days FROM segment_conversions ORDER BY days")
    if not horizons:
        return {}
    known = [str(one["days"]) for one in horizons]
    horizon = int(read_name(request, "horizon", known, known[len(known) // 2]))
    asked = (
        "SELECT * FROM segment_conversions WHERE horizon_days = ? AND (antecedent, consequent) IN ("
        "SELECT (antecedent, consequent) FROM segment_conversions WHERE horizon_days = ? GROUP BY antecedent, consequent "
        "ORDER BY bool_or(reversal) DESC, max(abs(CASE WHEN isnan(mix_effect) THEN 0 ELSE mix_effect END)) DESC, "
        "antecedent, consequent LIMIT ?)"
    )
    lines = desk.once(("segment pairs", horizon), lambda: desk.ask(asked, [horizon, horizon, MOST_PAIRS]))
    reversed_ = desk.ask(
        "SELECT count(DISTINCT (antecedent, consequent)) AS n FROM segment_conversions WHERE reversal AND horizon_days = ?",
        [horizon],
    )[0]["n"]
    wholes = [Figure(one["pooled_rate"], one["pooled_rate"], one["pooled_rate"]) for one in lines]
    few = [one["rate"] is None or one["eligible"] < 10 for one in lines]
    judged = judge_cells([(_figure(one, "rate"), total, small) for one, total, small in zip(lines, wholes, few)])
    sizes: Counter[str] = Counter()
    for one in lines:
        sizes[str(one["segment"] or UNKNOWN)] += one["eligible"]
    segments = sorted(name for name, _ in sizes.most_common(MOST_SEGMENTS))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one, cell in zip(lines, judged):
        row = rows.setdefault((one["antecedent"], one["consequent"]), _pair(desk, one))
        row["reversal"] = row["reversal"] or one["reversal"]
        row["cells"][str(one["segment"] or UNKNOWN)] = {
            "said": percent(one["rate"]) if cell.state != "few" else f"{one['converted']:,} of {one['eligible']:,}",
            "interval": between((one["lower"], one["upper"]), percent),
            "words": SAID.get(cell.state, "no value"),
            "style": cell.style,
        }
    ordered = sorted(rows.values(), key=lambda row: (not row["reversal"], -abs(row["mix_effect"] or 0)))
    return {
        "horizon": str(horizon),
        "horizons": known,
        "segments": segments,
        "left_out": len(sizes) - len(segments),
        "rows": ordered,
        "reversed": reversed_,
    }


def _pair(desk: Desk, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": f"{desk.name(one['antecedent'])} → {desk.name(one['consequent'])}",
        "pooled": percent(one["pooled_rate"]),
        "standardised": percent(one["standardised_rate"]),
        "mix": points(one["mix_effect"]),
        "mix_effect": one["mix_effect"],
        "reversal": False,
        "cells": {},
    }


def _figure(one: dict[str, Any], value: str = "value") -> Figure:
    return Figure(one[value], one["lower"], one["upper"])


def _base(metric: str) -> str:
    """The metric without its pair."""
    return metric.split("(", maxsplit=1)[0]


def _small_segments(parts: list[dict[str, Any]]) -> set[str]:
    """Segments of fewer than LEAST customers by every metric that counts them, for whom an interval of a mean has no worth."""
    sizes: dict[str, float] = {}
    for one in parts:
        if one["metric"] in _OF_CUSTOMERS:
            sizes[one["segment"]] = max(sizes.get(one["segment"], 0.0), one["denominator"] or 0.0)
    return {name for name, size in sizes.items() if size < LEAST}


def _shown(metric: str, one: dict[str, Any]) -> dict[str, Any]:
    form = form_of(metric)
    bounds = (one["lower"], one["upper"])
    return {
        "said": form(one["value"]),
        "interval": "no interval" if None in bounds else between(bounds, form),
        "window": one["window"],
        "population": one["population"],
    }


def _cell(metric: str, one: dict[str, Any], cell: Cell) -> dict[str, Any]:
    shown = _shown(metric, one)
    counts = (one["numerator"], one["denominator"])
    counted = None not in counts and counts[0] <= counts[1] and all(float(count).is_integer() for count in counts)
    of = f"{whole(counts[0])} of {whole(counts[1])}" if counted and counts[1] else ""
    reason = (one["note"] or "").split("; ")[0].split(": ")[-1].replace("_", " ").lower() if cell.state == "none" else ""
    return {
        "said": (of or NONE) if cell.state == "few" else shown["said"],
        "interval": shown["interval"],
        "of": of,
        "words": SAID.get(cell.state, reason or "no value"),
        "state": cell.state,
        "style": cell.style,
        "base": one["denominator"] or 0,
    }


def _warnings(desk: Desk, by: str) -> list[str]:
    """What a blend hides: reversals of the metric tree between the two windows, where it is cut by the same column."""
    if not (desk.release.path / "metric_change.parquet").is_file():
        return []
    cut = desk.ask("SELECT DISTINCT segment_by FROM metric_change WHERE segment_by IS NOT NULL")
    same = [one["segment_by"] for one in cut] == [by]
    return list(desk.report.get("metric_change", {}).get("warnings", [])) if same else []
