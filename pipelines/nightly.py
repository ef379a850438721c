"""The nightly job: yesterday's order lines in, a new release out.

    python pipelines/nightly.py orders.parquet shop --config pipelines/nightly.toml

A scheduler calls exactly this; exit code 0 means the new release is current, anything else that the old one still is.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import affinity as af


def main() -> None:
    """Read, run, publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".toml"))
    arguments = parser.parse_args()
    settings = af.Settings.from_mapping(tomllib.loads(arguments.config.read_text(encoding="utf-8")))
    try:
        result = af.run(arguments.orders, settings=settings)
        print(result.publish(arguments.out))
    except af.AffinityError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
