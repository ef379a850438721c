"""Read order lines: what was recognised, what was kept, what was set aside, and why.

affinity ingest orders.csv --out lines.parquet --quarantine aside.csv
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from affinity.cli import options


@options.reads_orders
def command(
    reading: options.Reading,
    out: options.Out = None,
    quarantine: Annotated[Path | None, typer.Option(help="File for the rows set aside.", show_default=False)] = None,
    as_json: options.Json = False,
) -> None:
    from affinity.release import write_table

    lines = reading.lines(reading.settings())
    if out is not None:
        write_table(lines, out)
    if quarantine is not None:
        write_table(lines.report.quarantine, quarantine)
    if as_json:
        typer.echo(json.dumps(lines.report.to_dict(), default=str))
        return
    typer.echo(str(lines.report))
    typer.echo("  columns: " + ", ".join(f"{name} ← {source}" for name, source in lines.report.mapping.items()))
