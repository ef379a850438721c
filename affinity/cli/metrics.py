"""Named cross-sell metrics, each with its numerator, denominator and interval; their change, and the tree that explains it.

affinity metrics orders.csv --by country --json
affinity metrics orders.csv --by tenure --compare previous
affinity metrics orders.csv --compare 2011-03-01/2011-06-01 --tree --out tree.svg
affinity metrics orders.csv --interventions done.toml --by region --customers customers.csv
affinity metrics --explain cross_sell_rate
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affinity.cli import options
from affinity.cli.explain import explain_here
from affinity.cli.output import show_table

if TYPE_CHECKING:
    import numpy as np

    from affinity.periods import ShopTimes, Window
    from affinity.tables import Metrics, Table
    from affinity.tables.metrics import MetricChanges

PICTURES = (".svg", ".png", ".pdf")

#: Rows of segments that are printed, at most; --json and --out have all.
MOST_SEGMENTS = 30


@dataclass(frozen=True)
class _Asked:
    """What to show, and where."""

    by: tuple[str, ...]
    out: Path | None
    as_json: bool
    method: Literal["shapley", "lmdi"]


@options.reads_orders
def command(
    reading: options.Reading,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Segment: a column, or a band such as tenure; repeat for more.", show_default=False),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(help="Against previous, year-ago, 2011-03-01 or 2011-01-01/2011-04-01.", show_default=False),
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="The metric tree; --out FILE.svg (.png, .pdf) draws it.")] = False,
    method: Annotated[Literal["shapley", "lmdi"], typer.Option(help="How a change is attributed to the drivers.")] = "shapley",
    owner: Annotated[
        list[str] | None, typer.Option(help="Who owns a node: conversion=success team. Repeatable.", show_default=False)
    ] = None,
    interventions: Annotated[
        Path | None, typer.Option(help="What was changed (.toml, .json, .csv): did its node move?", show_default=False)
    ] = None,
    explain: Annotated[
        str | None, typer.Option(help="What a metric is and needs; ORDERS may be left out.", show_default=False)
    ] = None,
    offers: options.OfferFile = None,
    products: options.ProductFile = None,
    customers: options.CustomerFile = None,
    subscriptions: options.SubscriptionFile = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity.periods import check_all, read_times
    from affinity.tables import Impacts

    known: dict[str, Any] = {"offers": offers, "products": products, "customers": customers, "subscriptions": subscriptions}
    if explain is not None:
        _explain(explain, reading, known, as_json)
        return
    if not reading.given:
        raise typer.BadParameter("Missing argument 'ORDERS'.")
    if out is not None and out.suffix.lower() in PICTURES and (interventions or not tree):
        raise typer.BadParameter(f"--out {out.name}: only the tree is a picture; add --tree, or write .parquet, .csv or .json.")
    settings = reading.settings()
    if owner:
        settings = settings.changed(metrics={"owners": {**settings.metrics.owners, **_read_owners(owner)}})
    times = read_times(reading.lines(settings), **known, settings=settings)
    asked = _Asked(tuple(by or ()), out, as_json, method)
    if interventions is not None:
        from affinity.ingest import read_interventions

        _show_impacts(Impacts(tuple(check_all(times, read_interventions(interventions), asked.by))), asked)
    elif tree:
        _show_tree(times, compare, asked)
    elif compare is not None:
        _show_change(times, compare, asked)
    else:
        shown = ["metric", "segment_by", "segment", "numerator", "denominator", "value", "lower", "upper", "note"]
        found = times.metrics(by=asked.by)
        _show_rows(found, found.value, asked, shown)


def _show_tree(times: ShopTimes, compare: str | None, asked: _Asked) -> None:
    from affinity.metrics.tree import compare_metric_trees, find_largest_gap

    if compare is None:
        tree = times.tree(times.last, asked.by)
        gap = find_largest_gap(tree, times.history(tree, asked.by))
        _show_text(tree, "\n".join([tree.to_text(), *([str(gap)] if gap else [])]), asked)
        return
    window = _read_window(compare, times)
    before, after = times.trees((window, times.last), asked.by)
    change = compare_metric_trees(before, after, method=asked.method)
    _show_text(change, change.to_text(), asked)


def _show_change(times: ShopTimes, compare: str, asked: _Asked) -> None:
    from affinity.errors import MissingPart
    from affinity.metrics.compare import compare_metrics
    from affinity.metrics.tree import compare_metric_trees

    window = _read_window(compare, times)
    changes = compare_metrics(times.metrics(window, asked.by), times.metrics(times.last, asked.by))
    try:
        drivers = compare_metric_trees(*times.trees((window, times.last), asked.by), method=asked.method).to_text()
    except MissingPart as missing:
        drivers = str(missing)
    shown = ["metric", "segment_by", "segment", "before", "after", "points", "relative", "rate_effect", "mix_effect", "note"]
    _show_rows(changes, changes.after, asked, shown, f"\nWhat drove cross-sell revenue\n{drivers}")


def _show_rows(
    found: Metrics | MetricChanges, figure: np.ndarray, asked: _Asked, shown: list[str], note: str | None = None
) -> None:
    """A table of metrics; for people everybody first, then segments, those without a ``figure`` last."""
    import numpy as np

    of_segment = np.asarray([segment is not None for segment in found.segment.tolist()], dtype=np.bool_)
    if not of_segment.any():
        shown = [name for name in shown if name not in ("segment_by", "segment")]
    group = np.where(of_segment, 1 + np.isnan(figure), 0)
    rows = np.argsort(group, kind="stable")
    most = int(np.count_nonzero(group == 0)) + MOST_SEGMENTS
    show_table(found, out=asked.out, as_json=asked.as_json, columns=shown, limit=most, note=note, rows=rows)


def _read_window(compare: str, times: ShopTimes) -> Window:
    """The window to compare with; what makes it hard to compare is said on stderr."""
    from affinity.periods import describe_mismatch, read_period

    window = read_period(compare, times)
    if (mismatch := describe_mismatch(window, times.last)) is not None:
        typer.echo(f"Warning: {mismatch}", err=True)
    return window


def _show_text(table: Table, text: str, asked: _Asked) -> None:
    """A table as a picture, as JSON or a file, or as its text."""
    if asked.out is not None and asked.out.suffix.lower() in PICTURES:
        from affinity.plots import save_figure

        save_figure(table.plot(), asked.out)
        typer.echo(f"Wrote {asked.out}.")
    elif asked.as_json:
        show_table(table, out=asked.out, as_json=True, columns=[])
    else:
        typer.echo(text)
        if asked.out is not None:
            from affinity.release import write_table

            write_table(table, asked.out)
            typer.echo(f"Wrote {asked.out} ({len(table):,} rows).")


def _show_impacts(found: Table, asked: _Asked) -> None:
    lines = [f"{row['label']}: {row['text']}" for row in found.to_arrow().to_pylist()]
    _show_text(found, "\n".join(lines) or "(no interventions)", asked)


def _explain(name: str, reading: options.Reading, known: dict[str, Any], as_json: bool) -> None:
    found = None
    if reading.given:
        from affinity import flow

        settings = reading.settings()
        found = flow.compute_metrics(reading.lines(settings), settings=settings, **known)
    explained = explain_here(name, found)
    if as_json:
        typer.echo(json.dumps(explained.facts, ensure_ascii=False))
    else:
        typer.echo(explained.text)


def _read_owners(owners: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in owners]
    for node, equals, who in pairs:
        if not (node.strip() and equals and who.strip()):
            raise typer.BadParameter(f"--owner {node!r} names no owner: write conversion=success team.")
    return {node.strip(): who.strip() for node, _, who in pairs}
