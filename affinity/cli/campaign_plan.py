"""Plan a campaign from orders, a release or fits: who is offered what, who is held out, what can be measured.

affinity campaign plan orders.csv --as-of 2024-06-01 --budget 300 --cost 0.5 --out plan.json --audience audience.csv
affinity campaign plan shop --size 500 --where region=north --out plan.json --audience audience.csv
affinity campaign plan --fits fits.csv --size 1000 --capacity 100 --holdout 0.2 --out plan.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affinity.cli import options
from affinity.cli.output import format_frame

if TYPE_CHECKING:
    from affinity.settings import Settings
    from affinity.tables import CampaignPlan


Name = Annotated[str | None, typer.Option(help="Of the campaign. Default: campaign.", show_default=False)]
Fits = Annotated[
    Path | None, typer.Option(help="Instead of ORDERS: customer_id, product_id, fit[, value].", show_default=False)
]
Size = Annotated[int | None, typer.Option(help="Offers at most.", show_default=False)]
Budget = Annotated[float | None, typer.Option(help="Money for all offers.", show_default=False)]
Cost = Annotated[list[str] | None, typer.Option(help="Of an offer: 0.5, or PRODUCT=0.5 of its own.", show_default=False)]
Capacity = Annotated[
    list[str] | None, typer.Option(help="Offers of a product at most: 100, or PRODUCT=100.", show_default=False)
]
Where = Annotated[
    list[str] | None, typer.Option(help="Audience: COLUMN=VALUE; repeat for more values or columns.", show_default=False)
]
MinTenure = Annotated[int | None, typer.Option(help="Audience: customers for so long.", show_default=False)]
MaxTenure = Annotated[int | None, typer.Option(help="Audience: customers for no longer.", show_default=False)]
MinFit = Annotated[float | None, typer.Option(help="Offers with less fit are not made.", show_default=False)]
Product = Annotated[list[str] | None, typer.Option(help="Offer only these; repeatable.", show_default=False)]
NProducts = Annotated[int | None, typer.Option(help="Pick so many products.", show_default=False)]
Maximise = Annotated[
    Literal["fit", "value", "margin"] | None, typer.Option(help="Default fit: expected buyers.", show_default=False)
]
Holdout = Annotated[float | None, typer.Option(help="Share offered nothing. Default 0.1.", show_default=False)]
Strata = Annotated[str | None, typer.Option(help="Segment column that balances the holdout.", show_default=False)]
Salt = Annotated[str | None, typer.Option(help="What the holdout is drawn with.", show_default=False)]
StartsOn = Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD. Default: as-of.", show_default=False)]
Preset = Annotated[
    str | None, typer.Option(help="Qualification playbook: retail, b2b_saas, financial_services.", show_default=False)
]
OptOuts = Annotated[Path | None, typer.Option(help="Opt-outs: a file with one id a line.", show_default=False)]
Audience = Annotated[Path | None, typer.Option(help="Audience with reasons and arms: .csv or .parquet.", show_default=False)]
Plot = Annotated[Path | None, typer.Option(help="Picture of the plan: .png, .svg.", show_default=False)]
PlanFile = Annotated[Path | None, typer.Option("--out", "-o", help="Plan file (.json), for measure.", show_default=False)]


@options.reads_orders
def command(
    reading: options.Reading,
    fits: Fits = None,
    name: Name = None,
    size: Size = None,
    budget: Budget = None,
    cost: Cost = None,
    capacity: Capacity = None,
    where: Where = None,
    min_tenure_days: MinTenure = None,
    max_tenure_days: MaxTenure = None,
    min_fit: MinFit = None,
    product: Product = None,
    n_products: NProducts = None,
    maximise: Maximise = None,
    holdout: Holdout = None,
    strata: Strata = None,
    salt: Salt = None,
    starts_on: StartsOn = None,
    horizon_days: options.HorizonDays = None,
    preset: Preset = None,
    exclude_customers: OptOuts = None,
    offers: options.OfferFile = None,
    products: options.ProductFile = None,
    customers: options.CustomerFile = None,
    audience: Audience = None,
    plot: Plot = None,
    out: PlanFile = None,
    as_json: options.Json = False,
) -> None:
    one_cost, costs = _numbers(cost, "--cost")
    places, capacities = _numbers(capacity, "--capacity")
    own: dict[str, Any] = {
        "name": name, "size": size, "budget": budget, "cost": one_cost, "costs": costs, "capacity": places,
        "capacities": capacities, "where": _values(where), "min_tenure_days": min_tenure_days,
        "max_tenure_days": max_tenure_days, "min_fit": min_fit, "offer_products": tuple(product or ()),
        "n_products": n_products, "maximise": maximise, "holdout": holdout, "strata": strata, "salt": salt,
        "starts_on": starts_on,
    }  # fmt: skip
    asked = {f"campaign__{key}": value for key, value in own.items() if value not in (None, {}, ())}
    settings = reading.settings(horizon_days=horizon_days, eligibility__preset=preset, **asked)
    known: dict[str, Any] = {"fits": fits, "offers": offers, "products": products, "customers": customers}
    plan = _make(reading, settings, known | {"exclude_customers": options.read_ids(exclude_customers)})
    written = _write(plan, out, audience, plot)
    if as_json:
        typer.echo(json.dumps({"info": dict(plan.info), "audience": plan.to_arrow().to_pylist()}, ensure_ascii=False))
    else:
        typer.echo("\n".join([describe_plan(plan, named=not written), *(f"Wrote {path}." for path in written)]))


def _make(reading: options.Reading, settings: Settings, known: dict[str, Any]) -> CampaignPlan:
    from affinity.planning import plan_campaign

    source: Any = None
    if reading.given:
        source = Path(reading.orders) if reading.orders and Path(reading.orders).is_dir() else reading.lines(settings)
    return plan_campaign(source, settings=settings, **known)


def _write(plan: CampaignPlan, out: Path | None, audience: Path | None, plot: Path | None) -> list[Path]:
    """Write what was asked for; the paths."""
    from affinity.campaigns import write_plan
    from affinity.release import write_table

    if out is not None:
        write_plan(plan, out)
    if audience is not None:
        write_table(plan, audience)
    if plot is not None:
        from affinity.plots import save_figure

        save_figure(plan.plot(), plot)
    return [path for path in (out, audience, plot) if path is not None]


def describe_plan(plan: CampaignPlan, *, named: bool = True) -> str:
    """A plan for a person: sizes, what to expect of each product, what can be measured, what to know.

    named : with the first customers of the audience; without where a file holds them
    """
    info, sizes, power = plan.info, plan.info["sizes"], plan.info["power"]
    gap = f"at most {info['optimum']['gap']:.2%} below the best possible"
    lines = [
        f"{info['name']}: {sizes['treated']:,} customers are offered a product, {sizes['control']:,} are held out.",
        f"Chosen by {info['objective']}; {gap} ({info['optimum']['method']}). Cost {info['cost']:,.2f}.",
    ]
    if len(plan):
        if named:
            lines += ["", format_frame(plan.to_pandas(), ["customer_id", "product_id", "arm", "fit", "reason"], 8)]
        lines += ["", "Expected, by product:"]
        lines += [_expected_line(row) for row in plan.expected[:12]]
    if power["smallest_detectable"] is not None:
        needed = ", ".join(f"{rise} needs {n:,} customers" for rise, n in power["needed"].items())
        lines.append(
            f"\nWith these arms a rise from {power['base_rate']:.2%} by {100 * power['smallest_detectable']:.2f} points is "
            f"told with {power['power']:.0%} power" + (f"; {needed}." if needed else ".")
        )
    elif power["note"]:
        lines.append(f"\nPower: {power['note']}.")
    if price := info.get("price_of_value"):
        lines.append(f"By fit alone {price['buyers_by_fit']:,.1f} buyers would be expected, here {price['buyers']:,.1f}.")
    return "\n".join([*lines, "", *info["notes"]])


def _expected_line(row: dict[str, Any]) -> str:
    buyers, revenue = row["conversions"], row["revenue"]
    money = "" if revenue is None else f"; revenue {revenue['value']:,.0f} [{revenue['lower']:,.0f}, {revenue['upper']:,.0f}]"
    return (
        f"  {row['product_id'] or 'all offers'}: {row['offers']:,} offers, {buyers['value']:,.1f} buyers "
        f"[{buyers['lower']:,.1f}, {buyers['upper']:,.1f}]{money}"
    )


def _numbers(given: list[str] | None, option: str) -> tuple[float | None, dict[str, float]]:
    """``["0.5", "tea=1"]`` as the number of all, and those of some products."""
    every, own = None, {}
    for part in given or ():
        label, equals, text = part.rpartition("=")
        try:
            number = float(text)
        except ValueError:
            raise typer.BadParameter(f"{option} {part!r} is no number: write 0.5 or PRODUCT=0.5.") from None
        if equals:
            own[label] = number
        else:
            every = number
    return every, own


def _values(given: list[str] | None) -> dict[str, tuple[str, ...]]:
    """``["region=north", "region=east"]`` as ``{"region": ("north", "east")}``."""
    found: dict[str, tuple[str, ...]] = {}
    for part in given or ():
        name, equals, value = part.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"--where {part!r} is no condition: write COLUMN=VALUE.")
        found[name] = (*found.get(name, ()), value)
    return found
