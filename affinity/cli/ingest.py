"""Read order lines: what was recognised, what was kept, what was set aside, and why.

affinity ingest orders.csv --dry-run
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from affinity.cli import options


@options.reads_orders
def command(
    reading: options.Reading,
    out: options.Out = None,
    quarantine: Annotated[Path | None, typer.Option(help="File for the rows set aside.", show_default=False)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what was recognised and what would be set aside; write nothing.")
    ] = False,
    formats: Annotated[
        bool, typer.Option("--formats", help="List the known exports and the columns they are known by.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    if formats:
        _show_formats(as_json)
        return
    if not reading.given:
        raise typer.BadParameter("Missing argument 'ORDERS'.")
    if dry_run:
        if out is not None or quarantine is not None:
            raise typer.BadParameter("--dry-run writes nothing; leave --out and --quarantine out.")
        _show_preview(_preview(reading), as_json)
        return
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


def _show_formats(as_json: bool) -> None:
    from affinity.ingest.preview import list_formats

    known = list_formats()
    if as_json:
        typer.echo(json.dumps(known, ensure_ascii=False))
        return
    for each in known:
        typer.echo(f"{each['name']}: {each['title']}")
        for table, headers in each["signature"].items():
            typer.echo(f"    {table + ': ' if table else ''}{', '.join(headers)}")
        if each["refused"]:
            typer.echo(f"    refused: {each['refused']}")


def _preview(reading: options.Reading) -> dict[str, Any]:
    from affinity.errors import AllRowsBad
    from affinity.ingest.preview import preview_orders

    try:
        lines = reading.lines(reading.settings())
    except AllRowsBad as error:
        return preview_orders(error.report)
    return preview_orders(lines.report, lines)


def _show_preview(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    title = f" ({found['title']})" if found["title"] else ""
    typer.echo(f"Recognised as {found['format']}{title}: {found['because']}.")
    typer.echo("Columns")
    for name, source in found["columns"].items():
        typer.echo(f"  {name} ← {source}")
    typer.echo("Conventions")
    for name, rule in found["conventions"].items():
        typer.echo(f"  {name}: {rule if isinstance(rule, str) else json.dumps(rule, ensure_ascii=False, default=str)}")
    typer.echo(f"Would keep {found['kept']['rows']:,} of {found['rows_read']:,} rows")
    for row in found["kept"]["examples"]:
        typer.echo(f"    {_in_words(row)}")
    typer.echo(f"Would set aside {found['rows_read'] - found['kept']['rows']:,} rows")
    for reason, aside in found["set_aside"].items():
        typer.echo(f"  {aside['rows']:,} {reason}: {aside['meaning']}")
        for row in aside["examples"]:
            typer.echo(f"    {_in_words(row)}")
    for warning in found["warnings"]:
        typer.echo(f"note: {warning}")
    typer.echo("Nothing was written.")


def _in_words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
