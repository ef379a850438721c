"""The `affinity` command: its verbs, and how errors leave it (0 done, 1 an AffinityError, 2 bad usage)."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Annotated

import typer

from affinity import __version__
from affinity.cli import (
    backtest,
    campaign_measure,
    campaign_plan,
    convert,
    demo,
    doctor,
    graph,
    ingest,
    inspect,
    metrics,
    mine,
    publish,
    recommend,
    rules,
    run,
    serve,
)
from affinity.errors import AffinityError
from affinity.progress import show_progress

app = typer.Typer(
    name="affinity",
    help="Market-basket affinity, observed conversion and the highest-fit cross-sell for every customer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _describe(verb: ModuleType) -> str:
    """The verb's docstring as help: what it does, then its example on a line of its own."""
    what, _, example = (verb.__doc__ or "").strip().partition("\n\n")
    return f"{what}\n\n\b\nExample:\n" + "\n".join(f"  {line}" for line in example.splitlines())


for verb in (demo, run, ingest, mine, rules, graph, convert, recommend, metrics, backtest, publish, serve, inspect, doctor):
    app.command(name=verb.__name__.rpartition(".")[2], help=_describe(verb))(verb.command)


campaign = typer.Typer(
    help="Plan a campaign with a holdout, and measure what came of it.", no_args_is_help=True, rich_markup_mode=None
)
for verb in (campaign_plan, campaign_measure):
    campaign.command(name=verb.__name__.rpartition("_")[2], help=_describe(verb))(verb.command)
app.add_typer(campaign, name="campaign")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    show_progress(sys.stderr.isatty())


def main() -> None:
    """Run the command; an AffinityError is printed without a traceback and exits with 1."""
    try:
        app()
    except AffinityError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("Stopped. Nothing was published.", err=True)
        sys.exit(130)
