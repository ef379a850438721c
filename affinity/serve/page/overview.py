"""The overview: how fresh the release is, what was read, the metrics and their course."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from affinity.ingest.clean import EXPORT_REASONS, REASONS
from affinity.serve.page.desk import Desk
from affinity.serve.page.metric_lines import course, form_of, themes, title_of, unit_of
from affinity.serve.page.pictures import draw
from affinity.serve.page.shell import NotHere, View

#: What the tables of a release are called on the page.
HELD = {"recommendations": "recommendations", "conversions": "conversion rates", "pairs": "pairs", "rules": "rules",
        "products": "products", "metrics": "metrics"}  # fmt: skip

#: What rows are set aside for after they were read; why before, ingest says.
LATER = {
    "after_as_of": "on or after the as-of day", "return": "taken back: it ends the ownership of what was bought",
    "return_unmatched": "taken back, but nothing was bought before", "returned": "bought and given back",
}  # fmt: skip

#: The metrics that stand in large at the top, where they have a value.
HEADLINES = ("customer_cross_sell_rate", "repeat_customer_rate", "average_order_value", "cross_sell_revenue_share")


def view(desk: Desk, request: Request) -> View:
    """What the release is and holds, its metrics, what was read, and the releases before it."""
    found = desk.once("themes", lambda: themes(desk))
    lines = {line["metric"]: line for theme in found for line in theme["known"]}
    return View(
        "overview.html",
        {
            "age": desk.age_days,
            "headlines": [lines[name] for name in HEADLINES if name in lines],
            "themes": found,
            "course": {metric: _points(metric, rows) for metric, rows in course(desk).items() if len(rows) > 1},
            "releases": desk.releases()[::-1],
            "held": HELD,
            **_read(desk),
        },
    )


def _points(metric: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    form = form_of(metric)
    return [row | {"said": form(row["value"]), "bounds": [form(row["lower"]), form(row["upper"])]} for row in rows]


def _read(desk: Desk) -> dict[str, Any]:
    """What was read, kept, set aside; what the run warns of."""
    report = desk.report
    said = [str(one) for one in report.get("warnings", [])]
    said += [str(one) for one in dict(report.get("capped") or {}).values()]
    said += [f"{part}: {why}" for part, why in dict(report.get("notes") or {}).items()]
    return {
        "report": report,
        "reasons": read_reasons(desk),
        "warnings": [one[:1].upper() + one[1:] for one in said],
        "found": report.get("found", {}),
    }


def read_reasons(desk: Desk) -> list[tuple[str, str, int]]:
    """(reason, what it means, rows set aside for it), the most rows first."""
    meanings = {**REASONS, **EXPORT_REASONS, **LATER}
    reasons = sorted(desk.report.get("reasons", {}).items(), key=lambda one: (-one[1], one[0]))
    return [(reason, meanings.get(reason, ""), rows) for reason, rows in reasons]


def trend(desk: Desk, request: Request) -> Response:
    """The picture of a metric over the kept releases (?metric=)."""
    metric = request.query_params.get("metric", "")
    rows = course(desk).get(metric, [])
    if len(rows) < 2:
        raise NotHere("Fewer than two of the kept releases have a value of this metric.")

    def plot() -> Any:
        from affinity.plots.trend import plot_trend

        columns = {name: [row[name] for row in rows] for name in ("as_of", "value", "lower", "upper")}
        return plot_trend(
            title_of(desk, metric), columns.pop("as_of"), columns.pop("value"), **columns, share=_is_share(metric)
        )

    return draw(desk, request, plot)


def _is_share(metric: str) -> bool:
    return unit_of(metric) == "share"
