"""The `affinity` command: its verbs, and how errors leave it (0 done, 1 an AffinityError, 2 bad usage)."""

from __future__ import annotations

import errno
import signal
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
    help="Market-basket affinity, observed conversion and the highest-fit cross-sell for every customer.\n\n"
    "\b\nThe shell (bash, zsh, fish, PowerShell) completes verbs, options and files after:\n  affinity --install-completion",
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


_STOPPED = "Stopped. What was published before is untouched."


class _Terminated(BaseException):
    """SIGTERM came: what is under way is cleaned up as after Ctrl-C."""


def _terminate(*_: object) -> None:
    raise _Terminated


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether memory ran out: Python says so itself, or a library that could not be mapped or got no thread led to it."""
    while error is not None:
        text = str(error)
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if any(said in text for said in ("failed to map segment", "annot allocate memory", "can't start new thread")):
            return True
        error = error.__cause__ or error.__context__
    return False


def main() -> None:
    """Run the command; an AffinityError is printed without a traceback and exits with 1.

    SIGTERM stops it as Ctrl-C does (143 and 130): files of passage are removed, what was published before is untouched.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except AffinityError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo(_STOPPED, err=True)
        sys.exit(130)
    except _Terminated:
        typer.echo(_STOPPED, err=True)
        sys.exit(143)
    except Exception as error:
        if not _lacks_memory(error):
            raise
        typer.echo(f"Out of memory. {_STOPPED.partition(' ')[2]} Use a machine or a limit with more.", err=True)
        sys.exit(1)
    finally:
        signal.signal(signal.SIGTERM, before)
