"""What a file or a release holds.

affinity inspect shop
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from affinity.cli import options


def command(
    path: Annotated[Path, typer.Argument(help="A release folder, a release, or a data file.", show_default=False)],
    as_json: options.Json = False,
) -> None:
    from affinity.release import describe_path

    described = describe_path(path)
    if as_json:
        typer.echo(json.dumps(described, default=str, ensure_ascii=False))
        return
    for name, value in described.items():
        if isinstance(value, dict):
            typer.echo(f"{name}:")
            for key, item in value.items():
                typer.echo(f"  {key}: {item}")
        elif isinstance(value, list):
            typer.echo(f"{name}:")
            for item in value:
                typer.echo(f"  {item}")
        else:
            typer.echo(f"{name}: {value}")
