"""A session of Spark for small jobs; the sample shop that its slow tests run, and its release as one machine makes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import affinity as af
from affinity.cli.extras import find_java

#: Small jobs: little is compiled, and nothing is shuffled into more parts than there are.
QUICK = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """A session of the caller's own, which a run neither changes nor stops."""
    sql = pytest.importorskip("pyspark.sql")
    if find_java() is None:
        pytest.skip("Spark needs Java 17 or newer (apt-get install openjdk-17-jre-headless)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = sql.SparkSession.builder.master("local[2]").appName("tests")
        for name, value in QUICK.items():
            builder = builder.config(name, value)
        made = builder.getOrCreate()
        yield made
        made.stop()


@pytest.fixture(scope="session")
def spark_orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The orders of a small shop; skips where Spark cannot run."""
    from affinity.sample_shop import make_shop, write_shop

    pytest.importorskip("pyspark")
    if find_java() is None:
        pytest.skip("Spark needs Java 17 or newer (apt-get install openjdk-17-jre-headless)")
    return write_shop(make_shop(3, customers=80, days=240), tmp_path_factory.mktemp("shop"))["orders"]


@pytest.fixture(scope="session")
def local_manifest(spark_orders: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest of the release that one machine makes of them."""
    return read_manifest(af.run(spark_orders).publish(tmp_path_factory.mktemp("local")))


def read_manifest(release: Path) -> dict[str, Any]:
    """The manifest of a release."""
    return json.loads((release / "manifest.json").read_text(encoding="utf-8"))
