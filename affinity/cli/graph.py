"""The product-pair graph: every pair with support, confidence and lift, shrunk and tested.

affinity graph orders.csv --product "espresso machine" --out pairs.parquet
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.output import format_frame, show_table


@options.reads_orders
def command(
    reading: options.Reading,
    product: Annotated[
        str | None, typer.Option(help="Show the strongest neighbours of this product id.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File: .parquet, .csv, .json or .graphml.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow
    from affinity.graph import export_graph

    settings = reading.settings()
    graph = flow.build_graph(reading.lines(settings), settings=settings)
    shown = ["antecedent", "consequent", "count", "confidence", "lift", "lift_adjusted", "lift_eb", "q_value"]
    if product is not None:
        typer.echo(format_frame(graph.neighbors(product, 15), shown))
    elif out is not None and out.suffix == ".graphml":
        export_graph(graph, out)
        typer.echo(f"Wrote {out} ({len(graph):,} edges).")
    else:
        show_table(graph, out=out, as_json=as_json, columns=shown)
