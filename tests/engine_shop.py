"""The sample shop that the slow tests of Spark run, and its release as one machine makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import affinity as af
from affinity.cli.extras import find_java


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
