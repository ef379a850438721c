"""Named cross-sell metrics, each with its numerator, denominator and interval.

affinity metrics orders.csv --by country --json
"""

from __future__ import annotations

from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.output import show_table


@options.reads_orders
def command(
    reading: options.Reading,
    by: Annotated[list[str] | None, typer.Option(help="Segment column; repeat for more.", show_default=False)] = None,
    offers: options.OfferFile = None,
    products: options.ProductFile = None,
    customers: options.CustomerFile = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings()
    lines = reading.lines(settings)
    found = flow.compute_metrics(lines, by=by or (), offers=offers, products=products, customers=customers, settings=settings)
    shown = ["metric", "segment", "numerator", "denominator", "value", "lower", "upper", "note"]
    show_table(found, out=out, as_json=as_json, columns=shown, limit=60)
