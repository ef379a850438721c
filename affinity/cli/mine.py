"""Frequent itemsets: products bought together, and how often.

affinity mine orders.csv --min-support 0.01 --max-size 3 --out itemsets.parquet
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from affinity.cli import options
from affinity.cli.output import show_table


@options.reads_orders
def command(
    reading: options.Reading,
    min_support: options.MinSupport = None,
    min_count: options.MinCount = None,
    max_size: options.MaxSize = None,
    target: Annotated[Literal["frequent", "closed", "maximal"], typer.Option(help="Which itemsets.")] = "frequent",
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings(min_support=min_support, min_count=min_count, max_size=max_size)
    baskets = flow.group_baskets(reading.lines(settings), settings=settings)
    itemsets = flow.mine_within(baskets, settings, target=target)
    show_table(itemsets, out=out, as_json=as_json, columns=["itemset", "size", "count", "support"])
