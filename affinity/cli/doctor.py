"""What this installation can do: versions, extras, threads and whether the kernels are compiled.

affinity doctor
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from affinity import __version__
from affinity.cli import options

CORE = (
    "numpy", "scipy", "pandas", "networkx", "mlxtend", "numba", "narwhals", "duckdb", "pyarrow", "pydantic", "typer", "tqdm",
)  # fmt: skip
EXTRAS = {"excel": "python-calamine", "polars": "polars", "plots": "matplotlib"}


def command(as_json: options.Json = False) -> None:
    import platform

    from affinity import kernels
    from affinity.threads import available_threads

    cache = list(Path(kernels.__path__[0]).rglob("__pycache__/*.nbi"))
    facts = {
        "affinity": __version__,
        "python": platform.python_version(),
        "threads": available_threads(),
        "kernels compiled": len(cache),
        "packages": {name: _installed(name) for name in CORE},
        "extras": {f"[{extra}]": _installed(name) for extra, name in EXTRAS.items()},
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        if isinstance(value, dict):
            typer.echo(f"{name}:")
            for key, item in value.items():
                typer.echo(f"  {key:<12} {item}")
        else:
            typer.echo(f"{name:<18} {value}")
    if not cache:
        typer.echo("The kernels compile at their first use (half a minute or so); later runs load them from the cache.")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
