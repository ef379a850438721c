"""The highest-fit cross-sell of each customer, with reasons.

affinity recommend orders.csv --as-of 2025-06-30 --customer C-1042 --explain
"""

from __future__ import annotations

from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.output import format_reasons, show_table


@options.reads_orders
def command(
    reading: options.Reading,
    customer: Annotated[str | None, typer.Option(help="Show one customer only.", show_default=False)] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the reason of each recommendation.")] = False,
    horizon_days: options.HorizonDays = None,
    top_k: options.TopK = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings(horizon_days=horizon_days, top_k=top_k)
    recs = flow.recommend(reading.lines(settings), settings=settings)
    if customer is not None:
        recs = recs.of(customer)
    if explain and not as_json and out is None:
        typer.echo(format_reasons(recs))
        return
    shown = ["customer_id", "rank", "product_id", "fit", "because", "reason_code"]
    show_table(recs, out=out, as_json=as_json, columns=shown)
