"""The backtest: what the recommender would have said, against what customers then bought.

python pipelines/backtest.py orders.parquet --config pipelines/backtest.toml
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import affinity as af


def main() -> None:
    """Read, split, recommend, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".toml"))
    arguments = parser.parse_args()
    settings = af.Settings.from_mapping(tomllib.loads(arguments.config.read_text(encoding="utf-8")))
    try:
        print(af.backtest(arguments.orders, settings=settings).to_pandas().to_string(index=False))
    except af.AffinityError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
