"""Observed conversion A→B: of customers eligible to go from A to B, how many did.

affinity convert orders.csv --as-of 2025-06-30 --horizon-days 90 --out conversions.parquet
"""

from __future__ import annotations

from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.output import show_table


@options.reads_orders
def command(
    reading: options.Reading,
    horizon_days: Annotated[
        int | None, typer.Option(help="One horizon in days. Default: 30, 90 and 365.", show_default=False)
    ] = None,
    offers: options.OfferFile = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings()
    lines = reading.lines(settings)
    conversion = flow.estimate_conversion(lines, horizon_days=horizon_days, offers=offers, settings=settings)
    shown = ["antecedent", "consequent", "horizon_days", "eligible", "converted", "rate", "lower", "upper", "hazard_ratio"]
    show_table(conversion, out=out, as_json=as_json, columns=shown)
