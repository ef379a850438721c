"""The highest-fit cross-sell of each customer, or what to show beside a product, in a cart, after an order.

A product of a family of which the customer owns one (--product-facts) is an upsell, and says so; --cross-sell-only leaves
upsell out. Listed customers without an order (--customer-facts) get what is popular. Products are shown once they have sold.

affinity recommend orders.csv --as-of 2025-06-30 --customer C-1042 --explain
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from affinity.cli import options
from affinity.cli.output import format_reasons, show_table
from affinity.tables import AlsoBought, Recommendations

#: Columns on the screen, of lists and of companions; files and JSON hold all.
_SHOWN = ["customer_id", "rank", "product_id", "fit", "because", "kind", "reason_code"]
_BESIDE = ["product_id", "rank", "recommended_id", "kind", "score", "count", "lift_eb"]


@options.reads_orders
def command(
    reading: options.Reading,
    customer: Annotated[str | None, typer.Option(help="Show one customer only.", show_default=False)] = None,
    context: Annotated[
        Literal["customer", "product", "cart", "order_confirmation"],
        typer.Option(help="Where it is shown: the customer's next purchase, beside a product, in a cart, after an order."),
    ] = "customer",
    products: Annotated[
        str | None, typer.Option(help="Product ids of the context, separated by commas.", show_default=False)
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the reason of each recommendation.")] = False,
    rank_by: Annotated[
        Literal["fit", "expected_value"] | None,
        typer.Option(help="Default fit. What value costs is printed.", show_default=False),
    ] = None,
    diversity: Annotated[
        float | None, typer.Option(help="Weight of unlike products against fit, 0 to 1. Default 0.", show_default=False)
    ] = None,
    max_per_category: Annotated[
        int | None, typer.Option(help="Products of one category in a list, at most.", show_default=False)
    ] = None,
    cross_sell_only: Annotated[
        bool, typer.Option("--cross-sell-only", help="Leave out products of a family of which the customer owns one.")
    ] = False,
    product_facts: options.ProductFile = None,
    customer_facts: options.CustomerFile = None,
    offers: options.OfferFile = None,
    horizon_days: options.HorizonDays = None,
    top_k: options.TopK = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings(
        horizon_days=horizon_days,
        top_k=top_k,
        rank_by=rank_by,
        ranking__diversity=diversity,
        ranking__max_per_category=max_per_category,
        eligibility__same_family="excluded" if cross_sell_only else None,
    )
    given = [label.strip() for label in (products or "").split(",") if label.strip()]
    found = flow.recommend(
        reading.lines(settings),
        settings=settings,
        context=context,
        given=given,
        customer=customer,
        products=product_facts,
        customers=customer_facts,
        offers=offers,
    )
    if isinstance(found, AlsoBought):
        show_table(found, out=out, as_json=as_json, columns=_BESIDE)
    elif explain and not as_json and out is None:
        typer.echo(format_reasons(found, decompose=customer is not None or context != "customer"))
    else:
        show_table(found, out=out, as_json=as_json, columns=_SHOWN)
    if isinstance(found, Recommendations) and not as_json and (cost := _cost(found, settings)):
        typer.echo(cost)


def _cost(found: Recommendations, settings: Any) -> str:
    """What ranking by value, diversity and caps cost in fit; empty where none was asked for."""
    asked = {"rank_by": settings.rank_by != "fit", "diversity": settings.ranking.diversity > 0}
    asked["max_per_category"] = settings.ranking.max_per_category is not None
    described = found.describe()
    mean, less = described["mean_fit"], described["mean_fit_given_up"]
    if not any(asked.values()) or mean is None:
        return ""
    names = " and ".join(name for name, was_asked in asked.items() if was_asked)
    share = less / (mean + less) if mean + less > 0 else 0.0
    return f"Cost of {names}: mean fit {mean:.4f} instead of {mean + less:.4f} by fit alone ({-share:.1%})."
