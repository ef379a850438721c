"""The command line on Spark, separate executors too, and a part that cannot be read (slow)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import affinity as af
from tests.engine_shop import read_manifest

pytestmark = pytest.mark.slow

CLUSTER = "local-cluster[2,1,1024]"
#: Seconds that a run may take on a machine that does much else.
PATIENCE = 900


def start_run(orders: Path | str, out: Path, engine: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "affinity", "run", str(orders), "--engine", engine, "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize("engine", ["local[2]", CLUSTER])
def test_the_command_line_publishes_what_one_machine_does(
    engine: str, spark_orders: Path, local_manifest: dict[str, Any], tmp_path: Path
) -> None:
    run = start_run(spark_orders, tmp_path / "out", engine)
    said = run.communicate(timeout=PATIENCE)[1]
    assert run.returncode == 0, said
    assert read_manifest(tmp_path / "out" / "current") == local_manifest


def test_a_lake_that_spark_reads_gives_what_one_machine_does(spark_orders: Path, tmp_path: Path) -> None:
    lines, lake = pd.read_csv(spark_orders, dtype=str), tmp_path / "lake"
    lake.mkdir()
    for part, (first, last) in enumerate([(0, 50), (50, 900), (900, len(lines))]):
        lines.iloc[first:last].to_parquet(lake / f"part {part}.parquet")
    local = read_manifest(af.run(lake).publish(tmp_path / "local"))
    run = start_run(f"file://{lake}", tmp_path / "out", "local[2]")
    said = run.communicate(timeout=PATIENCE)[1]
    assert run.returncode == 0, said
    assert read_manifest(tmp_path / "out" / "current") == local


def compare_engines(orders: Path, engine: str, files: int = 101) -> None:
    command = [sys.executable, "-m", "benchmarks.engines_equal", str(orders), "--engine", engine]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    compared = json.loads(done.stdout.splitlines()[-1])
    assert compared["files"] >= files
    assert compared["differing"] == []


@pytest.mark.parametrize(
    ("name", "engine", "files"),
    [
        ("groceries_members.parquet", CLUSTER, 101),
        ("tafeng_seq.parquet", "local[2]", 101),
        ("instacart_train_baskets.parquet", "local[2]", 78),  # names no customers: nothing is served to any
        ("online_retail_ii_raw.parquet", "local[2]", 101),
    ],
)
def test_real_orders_give_the_same_bytes(name: str, engine: str, files: int, shared_data: Path) -> None:
    compare_engines(shared_data / "retail" / name, engine, files)


def test_a_generated_shop_gives_the_same_bytes(tmp_path: Path) -> None:
    from benchmarks.large_shop import write_shop

    compare_engines(write_shop(tmp_path / "shop", 1_000_000), "local[2]")


def test_a_corrupt_part_is_named_and_the_release_stays(spark_orders: Path, tmp_path: Path) -> None:
    out, parts = tmp_path / "out", tmp_path / "parts"
    before = af.run(spark_orders).publish(out)
    parts.mkdir()
    lines = af.read_orders(spark_orders).to_pandas()
    lines.iloc[::2].to_parquet(parts / "part-0.parquet")
    (parts / "part-1.parquet").write_bytes(b"PAR1" + bytes(500) + b"PAR1")
    run = start_run(parts, out, "local[2]")
    said = run.communicate(timeout=PATIENCE)[1]
    assert run.returncode == 1
    assert "Traceback" not in said
    assert "part-1.parquet" in said
    assert (out / "current").resolve() == before.resolve()
