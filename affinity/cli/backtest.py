"""Backtest the recommender: what it would have said at past dates, against what customers then bought.

affinity backtest orders.csv --as-of 2025-06-30 --horizon-days 90 --landmarks 3 --plot backtest.png
affinity backtest orders.csv --publish shop
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from affinity.cli import options
from affinity.cli.output import format_frame, show_table
from affinity.tables import Backtest


@options.reads_orders
def command(
    reading: options.Reading,
    horizon_days: options.HorizonDays = None,
    top_k: Annotated[int | None, typer.Option(help="Places judged. Default 10.", show_default=False)] = None,
    landmarks: Annotated[int, typer.Option(help="Past times to test at, a horizon apart, the latest first.")] = 1,
    at: Annotated[
        list[str] | None, typer.Option(help="A date to test at instead, YYYY-MM-DD. Repeatable.", show_default=False)
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="new_product (the default) or next_basket. Repeatable.", show_default=False),
    ] = None,
    peers: Annotated[bool, typer.Option("--peers", help="Compare with implicit, EASE^R and SAR too.")] = False,
    customers: options.CustomerFile = None,
    plot: Annotated[Path | None, typer.Option(help="Picture to write: .png, .svg or .pdf.", show_default=False)] = None,
    publish: Annotated[
        Path | None,
        typer.Option(help="Release folder to keep it beside, for the page of serve.", show_default=False),
    ] = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import flow

    settings = reading.settings(horizon_days=horizon_days, top_k=top_k)
    table = flow.backtest(
        reading.lines(settings),
        customers=customers,
        landmarks=landmarks,
        at=at or (),
        protocols=protocol or ("new_product",),
        peers=peers,
        settings=settings,
    )
    kept = None
    if publish is not None:
        from affinity.release import publish_backtest

        kept = publish_backtest(publish, table)
    if plot is not None:
        from affinity.plots import plot_backtest, save_figure

        save_figure(plot_backtest(table), plot)
    if as_json:
        show_table(table, out=out, as_json=True, columns=list(table.columns()))
        return
    typer.echo(_describe(table, settings.horizon_days))
    if out is not None:
        from affinity.release import write_table

        write_table(table, out)
        typer.echo(f"Wrote {out} ({len(table):,} rows).")
    if plot is not None:
        typer.echo(f"Wrote {plot}.")
    if kept is not None:
        typer.echo(f"Wrote {kept}.")


def _describe(table: Backtest, horizon_days: int) -> str:
    """One table a protocol and landmark, the best method first, and what to know of it."""
    from affinity.frames import to_pandas

    wide = to_pandas(table.wide_columns(("ndcg", "hit_rate_at_1", "hit_rate", "recall", "coverage")))
    lines: list[str] = []
    for protocol, at in table.groups():
        rows = wide[(wide["protocol"] == protocol) & (wide["at"] == at)].drop(columns=["protocol", "at"])
        rows = rows.dropna(axis=1, how="all").sort_values("ndcg", ascending=False, kind="stable")
        judged = int(table.customers[(table.protocol == protocol) & (table.at == at)][0])
        lines += [f"{protocol} at {at}: {judged:,} customers, horizon {horizon_days} days"]
        lines += [format_frame(rows, list(rows.columns), len(rows)), ""]
    first = table.methods(*table.groups()[0])[0]
    lines.append(f"ndcg, hit_rate, recall, coverage over the first {table.info['cutoff']} places; ndcg_lead: {first} minus the")
    lines.append("method, with its 95 % interval, paired over customers. Figures of the two protocols do not compare.")
    left_out, implausible = table.info["left_out"], table.info["implausible"]
    assert isinstance(left_out, dict)
    assert isinstance(implausible, dict)
    lines += [f"Left out: {name}: {why}" for name, why in left_out.items()]
    lines += [f"Too good to be true ({where}): {', '.join(names)}. Look for a leak." for where, names in implausible.items()]
    return "\n".join(lines)
