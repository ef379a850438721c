"""Backtest the recommender: what it would have said at a past date, against what customers then bought.

affinity backtest orders.csv --as-of 2025-06-30 --horizon-days 90
"""

from __future__ import annotations

from affinity.cli import options
from affinity.cli.output import show_table


@options.reads_orders
def command(
    reading: options.Reading,
    horizon_days: options.HorizonDays = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings(horizon_days=horizon_days)
    table = flow.backtest(reading.lines(settings), settings=settings)
    show_table(table, out=out, as_json=as_json, columns=list(table.columns()), limit=60)
