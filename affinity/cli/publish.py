"""List the releases of a folder, or go back to one of them.

affinity publish shop --use 3f2a91c07d5e
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from affinity.cli import options


def command(
    folder: Annotated[Path, typer.Argument(help="Release folder.", show_default=False)],
    use: Annotated[str | None, typer.Option(help="Make this release the current one.", show_default=False)] = None,
    as_json: options.Json = False,
) -> None:
    from affinity.release import list_releases, use_release

    if use is not None:
        use_release(folder, use)
    releases = list_releases(folder)
    if as_json:
        typer.echo(json.dumps(releases, default=str))
        return
    for release in releases:
        typer.echo(f"{'→' if release['current'] else ' '} {release['id']}  as of {release['as_of']}")
