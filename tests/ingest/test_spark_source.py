"""Order lines that Spark reads are those that this machine reads of the same parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affinity.errors import InputError
from affinity.ingest import read_orders
from affinity.tables import OrderLines

NUMBERS = ("order", "customer", "product", "quantity", "net_amount", "row", "ordered_at")
VOCABULARIES = ("orders", "customers", "products")


def make_part(rows: int, seed: int, zone: str | None = None) -> pa.Table:
    """Some lines with decimals, bytes that are text, a dotted name, gaps and a defect."""
    draw = np.random.default_rng(seed)
    at = np.datetime64("2025-01-01", "us") + draw.integers(0, 90 * 86_400, rows).astype("timedelta64[s]")
    return pa.table(
        {
            "order_id": pa.array([*draw.integers(0, rows // 2, rows - 1).astype(str), None]),
            "customer_id": pa.array(draw.integers(0, 20, rows)),
            "product_id": pa.array([f"p{i}".encode() for i in draw.integers(0, 30, rows)], type=pa.binary()),
            "ordered_at": pa.array(at, type=pa.timestamp("us", tz=zone)),
            "quantity": pa.array(draw.integers(1, 4, rows).astype(float)),
            "unit_price": pa.array(draw.integers(100, 999, rows) / 100).cast(pa.decimal128(8, 2)),
            "Region.of": pa.array(np.array(["north", "south", None], dtype=object)[draw.integers(0, 3, rows)]),
        }
    )


def write_parts(folder: Path, parts: dict[str, pa.Table]) -> Path:
    for name, table in parts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / name)
    return folder


def require_same(there: OrderLines, here: OrderLines) -> None:
    for name in NUMBERS:
        assert np.array_equal(getattr(there, name), getattr(here, name)), name
    for name in VOCABULARIES:
        assert getattr(there, name) == getattr(here, name), name
    assert list(there.attributes) == list(here.attributes)
    for name, attribute in here.attributes.items():
        assert np.array_equal(there.attributes[name].code, attribute.code), name
    assert str(there.report) == str(here.report)
    assert there.report.rules == here.report.rules


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_parts_come_by_name_whatever_their_sizes(session: Any, zone: str | None, tmp_path: Path) -> None:
    parts = {"b 1.parquet": (40, 1), "b 2.parquet": (900, 2), "a-é/1.parquet": (30, 3), "a/deep/1.parquet": (50, 4)}
    folder = write_parts(tmp_path / "lake", {name: make_part(*drawn, zone) for name, drawn in parts.items()})
    here = read_orders(folder)
    assert len(here) == 1020 - 4
    require_same(read_orders(f"file://{folder}", session=session), here)


def test_names_of_folders_are_a_column(session: Any, tmp_path: Path) -> None:
    parts = {"country=FR/1.parquet": make_part(40, 2), "country=DE/1.parquet": make_part(30, 1)}
    folder = write_parts(tmp_path / "lake", parts)
    here = read_orders(folder)
    assert "country" in here.attributes
    require_same(read_orders(f"file://{folder}", session=session), here)


def test_a_frame_comes_in_its_own_order_and_with_its_own_columns(session: Any, tmp_path: Path) -> None:
    tables = [make_part(40, 1), make_part(30, 2)]
    folder = write_parts(tmp_path / "lake", {f"{i}.parquet": table for i, table in enumerate(tables)})
    second, first = (session.read.parquet(f"file://{folder}/{i}.parquet") for i in (1, 0))
    here = read_orders(pa.concat_tables(tables[::-1]).drop_columns(["Region.of"]))
    require_same(read_orders(second.union(first).drop("Region.of")), here)
    with pytest.raises(InputError, match="has columns and no rows"):
        read_orders(first.limit(0))


def test_what_cannot_be_read_is_named(session: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^There is no file file:///nowhere/lake"):
        read_orders("file:///nowhere/lake", session=session)
    table = make_part(200, 1)
    folder = write_parts(tmp_path / "lake", {"0.parquet": table, "1.parquet": table.drop_columns(["quantity"])})
    with pytest.raises(InputError, match=r"1\.parquet has other columns than the first part: it lacks quantity"):
        read_orders(f"file://{folder}", session=session)
    (folder / "1.parquet").write_bytes(b"PAR1" + bytes(500) + b"PAR1")
    with pytest.raises(InputError, match=r"Spark cannot read file:.*1\.parquet: "):
        read_orders(f"file://{folder}", session=session)
    whole = bytearray((folder / "0.parquet").read_bytes())
    whole[4:400] = bytes(396)
    (folder / "1.parquet").write_bytes(whole)
    with pytest.raises(InputError, match=r"Spark cannot read file:.*1\.parquet: "):
        read_orders(f"file://{folder}", session=session)
    with pytest.raises(InputError, match="format='csv' cannot be read from file://"):
        read_orders(f"file://{folder}", session=session, format="csv")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("hdfs://lake/orders", "hdfs:// is read by Spark, and the engine is 'local'"),
        ("file:///lake/orders", "Of a file on this machine give the path alone"),
        ("postgresql://host/shop", "Pass it as database="),
    ],
)
def test_without_spark_a_uri_says_what_reads_it(uri: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_orders(uri)
