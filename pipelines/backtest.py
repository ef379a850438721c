"""The backtest: what the recommender would have said at past dates, against what customers then bought.

python pipelines/backtest.py orders.parquet --landmarks 3 --config pipelines/backtest.toml
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
    parser.add_argument("--landmarks", type=int, default=1, help="past times to test at, a horizon apart")
    arguments = parser.parse_args()
    settings = af.Settings.from_mapping(tomllib.loads(arguments.config.read_text(encoding="utf-8")))
    try:
        table = af.backtest(arguments.orders, landmarks=arguments.landmarks, settings=settings)
    except af.AffinityError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
    print(table.to_pandas().to_string(index=False))


if __name__ == "__main__":
    main()
