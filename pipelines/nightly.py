"""The nightly job: yesterday's order lines in, checked against the release before, a new release out.

    python pipelines/nightly.py orders.parquet shop --config pipelines/nightly.toml

A scheduler calls exactly this. Exit code 0: the new release is current. 3: it moved beyond the limits of [drift], what moved
is said on stderr (and to the command of [nightly] alert), and the old one still is current; look at it under SHOP.next, and
call again with --accept to publish it. 1: an error, the old one still is current. A job that was stopped goes on where it
was: what was made of the same files and settings is not made again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import affinity as af

#: The exit code of drift.
DRIFTED = 3


def main() -> None:
    """Read, run, check, publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".toml"))
    for side in ("offers", "products", "customers", "subscriptions"):
        parser.add_argument(f"--{side}", type=Path)
    parser.add_argument("--accept", action="store_true", help="publish whatever moved")
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text(encoding="utf-8"))
    job, limits = config.pop("nightly", {}), config.pop("drift", {})
    sides = {side: getattr(arguments, side) for side in ("offers", "products", "customers", "subscriptions")}
    try:
        waiting = make(arguments.orders, sides, config, arguments.out)
        drift = check(arguments.out, waiting, limits)
        if drift and not arguments.accept:
            alert(drift, job.get("alert"))
            sys.exit(DRIFTED)
        print(af.adopt_release(waiting, arguments.out, keep=config.get("release", {}).get("keep", 5)))
    except af.AffinityError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


def make(orders: Path, sides: dict[str, Path | None], config: dict[str, Any], out: Path) -> Path:
    """The release of these files and settings, beside ``out``; not made again where it stands there whole."""
    waiting, stamp = out.with_name(f"{out.name}.next"), out.with_name(f"{out.name}.next.json")
    made_of = json.dumps({
        "orders": digest(orders), **{name: digest(path) for name, path in sides.items()},
        "settings": config, "version": af.__version__,
    }, sort_keys=True, default=str)  # fmt: skip
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_of:
        try:
            af.open_release(waiting)  # compared with its checksums
            return waiting
        except af.AffinityError:
            stamp.unlink()
    settings = af.Settings.from_mapping(config | {"release": config.get("release", {}) | {"keep": 1}})
    af.run(orders, **sides, settings=settings).publish(waiting)
    stamp.write_text(made_of, encoding="utf-8")
    return waiting


def digest(path: Path | None) -> str | None:
    """SHA-256 of a file, or of every file of a folder."""
    if path is None or not path.exists():
        return None
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            total.update(file.name.encode())
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def check(out: Path, waiting: Path, limits: dict[str, Any]) -> str:
    """What moved beyond the limits since the current release; empty where nothing did or there is none yet."""
    if not (out / "current").exists():
        return ""
    drift = af.compare_releases(out, waiting, limits=limits)
    return str(drift) if drift.beyond else ""


def alert(message: str, command: list[str] | None) -> None:
    """Say what moved, and hand it to ``command`` on its standard input."""
    print(f"{message}\nNot published. Look at it, then call again with --accept.", file=sys.stderr)
    if command:
        subprocess.run(command, input=message, text=True, check=False)


if __name__ == "__main__":
    main()
