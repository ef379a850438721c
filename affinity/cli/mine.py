"""Frequent itemsets: products bought together, and how often.

affinity mine orders.csv --min-support 0.01 --max-size 3 --out itemsets.parquet
affinity mine orders.csv --top-k 50 --min-size 2 --including 85123A --excluding POST
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
    min_size: Annotated[int, typer.Option(help="Products in an itemset, at least.")] = 1,
    target: Annotated[
        Literal["frequent", "closed", "maximal"],
        typer.Option(help="All; or those no larger one equals in count; or those no larger frequent one contains."),
    ] = "frequent",
    top_k: Annotated[
        int | None, typer.Option(help="Only the most frequent ones, so many; needs no support.", show_default=False)
    ] = None,
    including: Annotated[
        list[str] | None, typer.Option(help="A product that every itemset holds; may be repeated.", show_default=False)
    ] = None,
    excluding: Annotated[
        list[str] | None, typer.Option(help="A product that no itemset holds; may be repeated.", show_default=False)
    ] = None,
    memory_budget: Annotated[
        str | None,
        typer.Option(help="Memory for the itemsets, such as 2GB. Default: half of what is available.", show_default=False),
    ] = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings(min_support=min_support, min_count=min_count, max_size=max_size)
    baskets = flow.group_baskets(reading.lines(settings), settings=settings)
    itemsets = flow.mine_within(
        baskets, settings, target=target, top_k=top_k, min_size=min_size,
        including=including or None, excluding=excluding or None, memory_budget=memory_budget,
    )  # fmt: skip
    show_table(itemsets, out=out, as_json=as_json, columns=["itemset", "size", "count", "support"])
