"""Both engines on the same shops: releases of the same bytes."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import affinity as af
from affinity.engines import LOCAL, SparkEngine
from affinity.errors import EngineError, InputError, MissingExtra, SettingsError, TooLarge
from affinity.history import look_back
from affinity.sharded import run_tasks, spread, translated
from affinity.spark_session import _with_retries
from tests.makers import make_lines


def read_checksums(release: Path) -> dict[str, Any]:
    return json.loads((release / "manifest.json").read_text(encoding="utf-8"))


def read_bytes(release: Path) -> dict[str, bytes]:
    return {str(path.relative_to(release)): path.read_bytes() for path in sorted(release.rglob("*")) if path.is_file()}


def publish_both(session: Any, folder: Path, orders: Any, **known: Any) -> tuple[Path, Path]:
    local = af.run(orders, **known).publish(folder / "local")
    return local, af.run(orders, session=session, **known).publish(folder / "spark")


def test_the_sample_shop_gives_the_same_bytes(session: Any, tmp_path: Path) -> None:
    from affinity.sample_shop import make_shop, write_shop

    files = write_shop(make_shop(3, customers=120, days=240), tmp_path / "shop")
    known = {name: files[name] for name in ("offers", "products", "customers")}
    settings = {"spark": {"shards": 2}, "baskets": {"max_basket_size": 6, "max_products_per_customer": 30}}
    local, spark = publish_both(session, tmp_path, files["orders"], **known, **settings)
    assert read_checksums(local) == read_checksums(spark)
    assert read_bytes(local) == read_bytes(spark)
    report = json.loads((spark / "report.json").read_text(encoding="utf-8"))
    assert set(report["capped"]) >= {"baskets.max_basket_size", "baskets.max_products_per_customer"}


def test_followed_until_they_left_by_segment_as_of_a_learning_day(session: Any, tmp_path: Path) -> None:
    from affinity.sample_shop import make_shop, write_shop

    files = write_shop(make_shop(5, customers=120, days=240), tmp_path / "shop")
    settings = {
        "learn_every_days": 7,
        "conversion": {"churn": "net", "segment": "segment", "by": "region"},
        "fit": {"segment": "segment"},
        "baskets": {"by": "customer_day"},
        "spark": {"shards": 3},
    }
    local, spark = publish_both(session, tmp_path, files["orders"], customers=files["customers"], **settings)
    assert read_bytes(local) == read_bytes(spark)


ROWS = [
    ("o1", "ann", "a", 1),
    ("o1", None, "b", 1),
    ("o2", "ann", "b", 2),
    ("o2", "bob", "c", 1),
    ("o3", "bob", "a", 2),
    ("o4", None, "a", 0),
    ("o4", None, "c", 0),
    ("o5", None, "c", 0),
    ("o6", "cid", "a", 1),
    ("o7", "cid", "b", 2),
]


@pytest.mark.parametrize("shards", [1, 4])
def test_shared_orders_guests_and_places_of_a_sequence(session: Any, shards: int) -> None:
    lines = make_lines(ROWS, "order")
    settings = af.Settings.from_mapping({"min_count": 1, "spark": {"shards": shards}})
    past, engine = look_back(lines), SparkEngine(session, settings)
    here, there = LOCAL.count_baskets(past, settings), engine.count_baskets(past, settings)
    for name in ("a", "b", "count", "customers"):
        assert np.array_equal(getattr(here.pairs, name), getattr(there.pairs, name)), name
    for name in ("n_item", "stratum_n", "stratum_size_sum", "stratum_size_square_sum", "stratum_item"):
        assert np.array_equal(getattr(here.pairs.baskets, name), getattr(there.pairs.baskets, name)), name
        assert np.array_equal(getattr(here.pairs.owners, name), getattr(there.pairs.owners, name)), name
    assert (here.pairs.baskets.n, here.pairs.owners.n) == (there.pairs.baskets.n, there.pairs.owners.n)
    for name in ("indptr", "item", "count"):
        assert np.array_equal(getattr(here.itemsets, name), getattr(there.itemsets, name)), name


def test_counts_beyond_the_guard_name_the_setting(session: Any) -> None:
    settings = af.Settings.from_mapping({"min_count": 1, "spark": {"shards": 2, "max_rows_on_driver": 5}})
    with pytest.raises(TooLarge, match=r"spark\.max_rows_on_driver=5"):
        SparkEngine(session, settings).count_baskets(look_back(make_lines(ROWS, "order")), settings)


def refuse(what: str, item: int) -> int:
    raise InputError(f"{what} {item} cannot be read.", do="Mend it.")


def test_an_error_inside_an_executor_is_told_as_it_is(session: Any) -> None:
    with pytest.raises(InputError, match=r"^Part 1 cannot be read\. Mend it\.$"):
        run_tasks(session, [1], refuse, "Part")


def test_arrays_of_any_shape_are_summed(session: Any) -> None:
    shards = spread(session, np.array_split(np.arange(10, dtype=np.int64), 3), lambda part: part, 100)
    total = shards.sum_arrays(lambda n: {"square": np.array([[n.sum(), len(n)]]), "none": np.empty(0)})
    assert total["square"].tolist() == [[45, 10]]
    assert total["none"].shape == (0,)
    assert sorted(np.concatenate(shards.gather(list)).tolist()) == list(range(10))


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MissingExtra, match=r"pip install 'affinity-engine\[spark\]'"):
        af.run(make_lines(ROWS, "order"), engine="local[2]")


def test_an_engine_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="engine='dask'"):
        af.Settings.from_mapping({"engine": "dask"})


def test_a_lost_driver_is_an_engine_error() -> None:
    pytest.importorskip("pyspark")
    with pytest.raises(EngineError, match="Connection refused"), translated():
        raise ConnectionRefusedError("[Errno 111] Connection refused")


def test_a_full_disk_is_an_engine_error() -> None:
    pytest.importorskip("pyspark")
    with pytest.raises(EngineError, match="No space left on device"), translated():
        raise pickle.PicklingError("Could not serialize broadcast: OSError: [Errno 28] No space left on device")


@pytest.mark.parametrize(
    ("master", "tried"),
    [
        ("local", "local"),
        ("local[2]", "local[2,4]"),
        ("local[*]", "local[*,4]"),
        ("local[2,1]", "local[2,1]"),
        ("yarn", "yarn"),
    ],
)
def test_a_task_is_tried_again_on_this_machine_too(master: str, tried: str) -> None:
    assert _with_retries(master) == tried
