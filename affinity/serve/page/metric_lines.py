"""Metrics as the overview shows them: in themes, in their units, with names for products, and their course over releases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from affinity.errors import AffinityError
from affinity.metrics.definitions import DEFINITIONS, SOURCES
from affinity.release.query import TableReader
from affinity.serve.page import formats
from affinity.serve.page.desk import Desk

#: Themes in the order of the page; what belongs to none is shown last.
THEMES: dict[str, tuple[str, ...]] = {
    "Cross-sell": (
        "customer_cross_sell_rate", "eligible_conversion_rate", "post_initial_adoption_rate", "cohort_adoption_rate",
        "cross_sell_velocity_unconditional", "cross_sell_velocity_converters", "customer_upsell_rate",
    ),
    "Revenue": (
        "cross_sell_revenue", "cross_sell_revenue_share", "cross_sell_revenue_rate_opening", "upsell_revenue",
        "expansion_revenue_share", "cross_sell_recurring_revenue", "upsell_recurring_revenue", "average_order_value",
    ),
    "Customers": (
        "repeat_customer_rate", "multi_product_rate", "third_given_second_rate", "customer_churn_rate", "retention_gap",
        "net_revenue_retention", "gross_revenue_retention", "simple_ltv", "customer_lifetime_value",
    ),
    "Offers and campaigns": (
        "offer_conversion_rate", "offer_event_conversion_rate", "campaign_conversion_rate", "campaign_roi_gross",
        "campaign_roi_net", "net_trial_conversion_rate",
    ),
    "Baskets and pairs": ("multi_item_order_rate", "attach_rate", "pair_conversion_rate"),
}  # fmt: skip

_MONEY = {"cross_sell_revenue", "upsell_revenue", "cross_sell_recurring_revenue", "upsell_recurring_revenue",
          "average_order_value", "simple_ltv", "customer_lifetime_value"}  # fmt: skip
_DAYS = {"cross_sell_velocity_unconditional", "cross_sell_velocity_converters"}
_TIMES = {"campaign_roi_gross", "campaign_roi_net", "retention_gap"}
_AMOUNTS = {"cross_sell_revenue_share", "cross_sell_revenue_rate_opening", "expansion_revenue_share", "net_revenue_retention",
            "gross_revenue_retention", "average_order_value", "campaign_roi_gross", "campaign_roi_net"}  # fmt: skip
_PAIR = re.compile(r"(\w+)\((.+?), (.+?)(?:, (\d+) days)?\)")
_TITLES = {"simple_ltv": "Simple lifetime value", "campaign_roi_gross": "Campaign return, gross",
           "campaign_roi_net": "Campaign return, net"}  # fmt: skip


def unit_of(metric: str) -> str:
    """ "money", "days", "times" or "share"."""
    name = metric.split("(", maxsplit=1)[0]
    return "money" if name in _MONEY else "days" if name in _DAYS else "times" if name in _TIMES else "share"


def form_of(metric: str) -> Callable[[float | None], str]:
    """How its value is written."""
    ways = {"money": formats.money, "days": formats.days, "times": formats.times, "share": formats.percent}
    return ways[unit_of(metric)]


def title_of(desk: Desk, metric: str) -> str:
    """Its name as words; products by their names."""
    pair = _PAIR.fullmatch(metric)
    if pair is None:
        return _TITLES.get(metric, formats.words(metric))
    name, first, second, days = pair.groups()
    within = f" within {days} days" if days else ""
    return f"{formats.words(name)}: {desk.name(first)} → {desk.name(second)}{within}"


def themes(desk: Desk) -> list[dict[str, Any]]:
    """Themes with their lines: "known" with a value, "unknown" without one and why."""
    rows = desk.ask("SELECT * FROM metrics WHERE segment_by IS NULL")
    found = []
    for theme, names in {**THEMES, "Others": ()}.items():
        placed = {name: place for place, name in enumerate(names)}
        others = {name for one in THEMES.values() for name in one} if theme == "Others" else set()
        mine = [row for row in rows if (_base(row) not in others if theme == "Others" else _base(row) in placed)]
        mine.sort(key=lambda row: placed.get(_base(row), 0))
        lines = [_line(desk, row) for row in mine]
        if lines:
            known = [line for line in lines if line["value"] is not None]
            found.append({"name": theme, "known": known, "unknown": [line for line in lines if line["value"] is None]})
    return found


def _base(row: dict[str, Any]) -> str:
    return str(row["metric"]).split("(")[0]


def _line(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    metric = str(row["metric"])
    form, definition = form_of(metric), DEFINITIONS.get(_base(row))
    bounds = (row["lower"], row["upper"])
    none = "No interval" + (f": {row['interval'].removeprefix('none: ')}" if str(row["interval"]).startswith("none: ") else "")
    spread = None
    if row["spread_by"] and row["spread_low"] is not None and row["spread_high"] is not None:
        low = f"{form(row['spread_low'])} ({row['spread_low_segment']})"
        spread = (
            f"{low} to {form(row['spread_high'])} ({row['spread_high_segment']}), by {formats.words(row['spread_by']).lower()}"
        )
    amount = formats.whole if _base(row) in _AMOUNTS else formats.number
    over = "÷" if _base(row) in _MONEY | _TIMES else "of"
    return row | {
        "title": title_of(desk, metric),
        "said": form(row["value"]),
        "interval": none if None in bounds else formats.between(bounds, form),
        "of": None if row["denominator"] is None else f"{amount(row['numerator'])} {over} {amount(row['denominator'])}",
        "spread": spread,
        "formula": None if definition is None else definition.formula,
        "from": ", ".join(SOURCES.get(name, name) for name in str(row["source"] or "").split(", ")),
        "notes": _notes(row),
    }


def _notes(row: dict[str, Any]) -> list[str]:
    """Its notes one by one, without codes and without the spread, which has a column of its own."""
    parts = [part for part in str(row["note"] or "").split("; ") if part and not re.match(r"by [\w ]+: .+ to ", part)]
    return [re.sub(r"^[A-Z_]+: ", "", part) for part in parts]


def course(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    """metric -> its values over the kept releases, oldest first (as_of, value, lower, upper); the newest of a day."""
    return desk.once(("course", tuple(one["id"] for one in desk.releases())), lambda: _course(desk))


def _course(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    asked = "SELECT metric, as_of, value, lower, upper FROM metrics WHERE segment_by IS NULL AND value IS NOT NULL"
    for one in desk.releases():
        if one["as_of"] is None:
            continue
        try:
            alone = desk.folder is None or one["id"] == desk.id
            rows = desk.ask(asked) if alone else TableReader(desk.folder / "releases" / one["id"]).ask(asked)  # type: ignore[operator]
        except (AffinityError, OSError, RuntimeError):
            continue  # a release that was removed meanwhile
        days[one["as_of"]] = [row | {"release": one["id"], "as_of": one["as_of"]} for row in rows]
    found: dict[str, list[dict[str, Any]]] = {}
    for _, rows in sorted(days.items()):
        for row in rows:
            found.setdefault(str(row["metric"]), []).append(row)
    return found
