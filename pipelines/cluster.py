"""The nightly job on a Spark cluster: the same release as on one machine, counted where the data are.

    spark-submit pipelines/cluster.py hdfs://lake/orders shop --config pipelines/cluster.toml
    python pipelines/cluster.py orders.parquet shop --engine local[2]

The package is installed on the executors (`pip install 'affinity-engine[spark]'`, or an archive with --archives). Exit code
0 means the new release is current, anything else that the old one still is.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import affinity as af


def main() -> None:
    """Read, run on the cluster, publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", help="a file that the driver reads, or the URI of Parquet that the executors read")
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".toml"))
    parser.add_argument("--engine", help="spark, or a master URL; default: that of the settings")
    arguments = parser.parse_args()
    settings = af.Settings.from_mapping(tomllib.loads(arguments.config.read_text(encoding="utf-8")))
    changes = {} if arguments.engine is None else {"engine": arguments.engine}
    try:
        result = af.run(arguments.orders, settings=settings, **changes)
        print(result.publish(arguments.out))
    except af.AffinityError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
