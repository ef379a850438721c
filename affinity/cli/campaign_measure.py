"""What came of a campaign: incremental conversions and revenue, return on its cost, by segment, and a verdict.

affinity campaign measure orders.csv --plan plan.json --as-of 2024-09-01 --by region
affinity campaign measure --outcomes hillstrom.parquet --map arm=segment,converted=visit,revenue=spend --control "No E-Mail" --treated "Womens E-Mail" --randomised --by newbie
"""  # noqa: E501 - an example is one line

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affinity.cli import options
from affinity.cli.output import format_frame

if TYPE_CHECKING:
    from affinity.tables import CampaignResult

SHOWN = ["outcome", "method", "segment", "treated", "control", "treated_mean", "control_mean", "effect", "lower", "upper"]


Plan = Annotated[Path | None, typer.Option(help="What `campaign plan --out` wrote: its assignment counts.", show_default=False)]
Outcomes = Annotated[
    Path | None,
    typer.Option(help="Instead of ORDERS: converted, arm, revenue, exposed, segments; a row a customer.", show_default=False),
]
Names = Annotated[
    list[str] | None, typer.Option("--map", help="Columns of OUTCOMES: arm=segment,converted=visit.", show_default=False)
]
Exposed = Annotated[Path | None, typer.Option(help="Offer log: who was reached.", show_default=False)]
By = Annotated[list[str] | None, typer.Option(help="Segment column; repeat for more.", show_default=False)]
Treated = Annotated[str | None, typer.Option(help="The arm that was treated.", show_default=False)]
Control = Annotated[str | None, typer.Option(help="The arm that was not.", show_default=False)]
Randomised = Annotated[bool, typer.Option("--randomised", help="The arms of OUTCOMES were drawn by chance.")]
RevenueOf = Annotated[Literal["product", "all"], typer.Option(help="Revenue of the assigned product, or of all purchases.")]
Cost = Annotated[float | None, typer.Option(help="Of the campaign. Default: the plan's.", show_default=False)]
Value = Annotated[float | None, typer.Option(help="Money of a conversion, where revenue is not known.", show_default=False)]
Level = Annotated[float, typer.Option(help="Of the intervals.", min=0.5, max=0.999)]
Plot = Annotated[Path | None, typer.Option(help="Picture of the effects: .png, .svg.", show_default=False)]


@options.reads_orders
def command(
    reading: options.Reading,
    plan: Plan = None,
    outcomes: Outcomes = None,
    names: Names = None,
    exposed: Exposed = None,
    by: By = None,
    treated: Treated = None,
    control: Control = None,
    randomised: Randomised = False,
    revenue_of: RevenueOf = "product",
    cost: Cost = None,
    value: Value = None,
    level: Level = 0.95,
    plot: Plot = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity.measuring import measure_campaign
    from affinity.release import write_table

    settings = reading.settings()
    lines = reading.lines(settings) if reading.given else None
    result = measure_campaign(
        lines, plan=plan, outcomes=outcomes, columns=options.read_mapping(names), exposed=exposed, by=tuple(by or ()),
        treated=treated, control=control, randomised=randomised, revenue_of=revenue_of, cost=cost, value=value, level=level,
        settings=settings,
    )  # fmt: skip
    if out is not None:
        write_table(result, out)
    if plot is not None:
        from affinity.plots import save_figure

        save_figure(result.plot(), plot)
    if as_json:
        typer.echo(json.dumps({"info": dict(result.info), "effects": result.to_arrow().to_pylist()}, ensure_ascii=False))
    else:
        written = [f"Wrote {path}." for path in (out, plot) if path is not None]
        typer.echo("\n".join([describe_result(result), *written]))


def describe_result(result: CampaignResult) -> str:
    """A measurement for a person: the verdict, the effects, the money, what to know."""
    info = result.info
    lines = [f"[{result.label}] {result.verdict}", "", format_frame(result.to_pandas(), SHOWN, 60), ""]
    roi, each = info["return_on_cost"], info["cost_per_conversion"]
    if roi["attributed_gross"] is not None:
        multiple = f"{roi['attributed_gross']:.2f} (net {roi['attributed_net']:+.2f})"
        lines.append(f"Attributed revenue / cost {multiple}: partly revenue that would have come anyway.")
    names = {"Incremental revenue / cost": "incremental_gross", "Net": "incremental_net"}
    lines += [text for what, name in names.items() if (text := _interval(what, roi[name]))]
    if each["incremental"] is not None:
        lines.append(f"Cost per incremental conversion {each['incremental']:,.2f}.")
    reasons: dict[str, Any] = {"Return": roi["reason"], "Cost per conversion": each["reason"]}
    lines += [f"{what}: {reason}." for what, reason in reasons.items() if reason]
    return "\n".join([*lines, *info["notes"]])


def _interval(what: str, found: dict[str, float | None] | None) -> str:
    if found is None or found["lower"] is None:
        return ""
    return f"{what} {found['value']:+.2f} [{found['lower']:+.2f}, {found['upper']:+.2f}]."
