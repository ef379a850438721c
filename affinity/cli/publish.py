"""List the releases of a folder, go back to one of them, or write the current one as static feeds.

affinity publish shop --use 3f2a91c07d5e
affinity publish shop --feed feed
affinity publish shop --check-feed feed
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
    feed: Annotated[
        Path | None,
        typer.Option(help="Write the current release as JSON files and a key-value file (SQLite) here.", show_default=False),
    ] = None,
    check_feed: Annotated[
        Path | None, typer.Option(help="Fail when the feed here is damaged, or not of the current release.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    from affinity.release import feeds as feed_room
    from affinity.release import list_releases, open_release, use_release

    if use is not None:
        use_release(folder, use)
    if feed is not None:
        feed_room.write_feed(open_release(folder), feed)
    if feed is not None or check_feed is not None:
        said = feed_room.check_feed(feed or check_feed or "", open_release(folder, verify=False))
        typer.echo(
            json.dumps(said)
            if as_json
            else f"Feed of release {said['release']} as of {said['as_of']}: "
            f"{said['products']:,} products, {said['customers']:,} customers."
        )
        return
    releases = list_releases(folder)
    if as_json:
        typer.echo(json.dumps(releases, default=str))
        return
    for release in releases:
        typer.echo(f"{'→' if release['current'] else ' '} {release['id']}  as of {release['as_of']}")
