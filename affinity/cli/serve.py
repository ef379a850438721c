"""Answer widgets over HTTP from the current release of a folder, show its pages, and follow new releases.

affinity serve shop --port 8000                     # the pages are at http://127.0.0.1:8000/page
affinity serve shop --demo                          # then open http://127.0.0.1:8000/demo
affinity serve shop --keys keys.txt --new-key storefront
affinity serve shop --keys keys.txt --new-key marketing --scope page
affinity serve shop --host 0.0.0.0 --keys keys.txt --origin https://shop.example
affinity serve shop --export-offers offers.csv
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from affinity.errors import SettingsError


def command(
    folder: Annotated[Path, typer.Argument(help="Release folder (or one release).", show_default=False)],
    host: Annotated[str, typer.Option(help="Address to listen on. Others than this machine's need --keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0: any free one.", min=0, max=65535)] = 8000,
    keys: Annotated[Path | None, typer.Option(help="File of hashed API keys; requests need one.", show_default=False)] = None,
    new_key: Annotated[
        str | None, typer.Option(help="Make a key of this name, add its hash to --keys, print it once.", show_default=False)
    ] = None,
    scope: Annotated[str, typer.Option(help="What the new key is for: widget (the API) or page (also the pages).")] = "widget",
    origin: Annotated[
        list[str] | None, typer.Option(help="Web origin that may ask from a browser. Repeatable.", show_default=False)
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Folder of the event log. Default: FOLDER/events.", show_default=False)
    ] = None,
    export_offers: Annotated[
        Path | None,
        typer.Option(help="Write the log's impressions and purchases as offers (.csv, .parquet, .json).", show_default=False),
    ] = None,
    holdout: Annotated[float, typer.Option(help="Share of customers who are shown nothing (group control).")] = 0.0,
    salt: Annotated[str, typer.Option(help="What the hash of the groups is salted with.")] = "affinity",
    rate: Annotated[float, typer.Option(help="Requests a second of one key or address; 0: no limit.", min=0)] = 200.0,
    demo: Annotated[bool, typer.Option("--demo", help="Also a demo shop with the widget, at /demo.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No log line a request (standard error).")] = False,
) -> None:
    from affinity.serve.keys import add_key, read_keys
    from affinity.serve.options import ServeOptions

    if new_key is not None:
        if keys is None:
            raise SettingsError("--new-key needs a file to add to.", do="Name it with --keys FILE.")
        typer.echo(add_key(keys, new_key, scope))
        return
    if export_offers is not None:
        from affinity.serve.export import export_offers as export

        count = export(events or folder / "events", export_offers)
        typer.echo(f"Wrote {export_offers} ({count:,} offers). Use it with: affinity run ORDERS --offers {export_offers}")
        return
    from affinity.serve.run import run_server

    options = ServeOptions(
        host=host,
        port=port,
        events=events,
        keys=None if keys is None else read_keys(keys),
        origins=tuple(origin or ()),
        rate=rate,
        burst=int(2 * rate),
        holdout=holdout,
        salt=salt,
        demo=demo,
    )
    run_server(folder, options, log_to=None if quiet else sys.stderr, announce=sys.stdout)
