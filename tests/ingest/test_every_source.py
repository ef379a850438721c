"""The same shop gives the same order lines from every source."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from affinity.errors import InputError
from affinity.ingest import read_orders
from affinity.tables import OrderLines
from tests.ingest.sources import shop, write, write_every_form


def assert_same(left: OrderLines, right: OrderLines) -> None:
    assert left.orders == right.orders
    assert left.customers == right.customers
    assert left.products == right.products
    for name in ("order", "customer", "product", "quantity", "net_amount", "row", "ordered_at"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    assert list(left.attributes) == list(right.attributes)
    for name, attribute in left.attributes.items():
        np.testing.assert_array_equal(attribute.code, right.attributes[name].code)
        assert attribute.labels == right.attributes[name].labels
    assert left.report.reasons == right.report.reasons


@pytest.fixture(scope="module")
def expected() -> OrderLines:
    return read_orders(shop())


def test_a_frame_is_read_as_it_stands(expected: OrderLines) -> None:
    frame = shop()
    assert len(expected) == len(frame)
    assert expected.orders.decode(expected.order).tolist() == frame["order_id"].tolist()
    assert expected.products.decode(expected.product).tolist() == frame["product_id"].tolist()
    assert [c is None for c in expected.customers.decode(expected.customer)] == frame["customer_id"].isna().tolist()
    assert expected.quantity.tolist() == frame["quantity"].tolist()
    assert expected.net_amount.tolist() == (frame["quantity"] * frame["unit_price"]).tolist()
    assert expected.ordered_at is not None
    assert expected.ordered_at.tolist() == frame["ordered_at"].astype("datetime64[us]").astype("int64").tolist()
    assert list(expected.attributes) == ["country"]
    assert expected.order.dtype == expected.customer.dtype == expected.product.dtype == np.int32
    assert expected.row.dtype == expected.ordered_at.dtype == np.int64


def test_columns_by_name_are_a_frame(expected: OrderLines) -> None:
    frame = shop()
    assert_same(read_orders({name: frame[name].tolist() for name in frame}), expected)
    for bad in ({"order_id": ["1", "2"], "product_id": ["a"]}, {"order_id": "1", "product_id": "a"}):
        with pytest.raises(InputError, match="cannot be read as columns"):
            read_orders(bad)


def test_labels_are_in_code_point_order(expected: OrderLines) -> None:
    for vocabulary in (expected.orders, expected.customers, expected.products):
        assert list(vocabulary.labels) == sorted(vocabulary.labels)
    assert "007" in expected.products
    assert "🍞" in expected.products


@pytest.mark.parametrize("form", ["csv", "crlf", "bom", "utf16", "tsv", "semicolons", "gz", "jsonl", "parquet", "excel"])
def test_files(form: str, expected: OrderLines, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("forms")
    assert_same(read_orders(write_every_form(shop(), folder)[form]), expected)


def test_frames_of_every_engine(expected: OrderLines) -> None:
    frame = shop()
    assert_same(read_orders(pa.Table.from_pandas(frame)), expected)
    assert_same(read_orders(pl.from_pandas(frame)), expected)
    assert_same(read_orders(pl.from_pandas(frame).lazy()), expected)
    connection = duckdb.connect()
    connection.register("shop", frame)
    assert_same(read_orders(connection.sql("SELECT * FROM shop")), expected)
    assert_same(read_orders("SELECT * FROM shop", database=connection), expected)
    assert connection.execute("SELECT count(*) FROM shop").fetchone() == (len(frame),)  # left open and usable


def test_a_database_file(expected: OrderLines, tmp_path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", shop())
        connection.execute("CREATE TABLE sales AS SELECT * FROM frame")
    assert_same(read_orders("SELECT * FROM sales", database=path), expected)
    assert_same(read_orders("SELECT * FROM sales", database=str(path)), expected)
    with pytest.raises(InputError, match="The query failed: .*nosuch"):
        read_orders("SELECT * FROM nosuch", database=path)
    with pytest.raises(InputError, match="no database file"):
        read_orders("SELECT 1", database=tmp_path / "none.duckdb")
    with pytest.raises(InputError, match="cannot be opened as a DuckDB database"):
        read_orders("SELECT 1", database=write(tmp_path, "text.duckdb", "hello " * 5000))
    with pytest.raises(InputError, match="no DuckDB database"):
        read_orders("SELECT 1", database=3)
    with pytest.raises(InputError, match="SQL query, not DataFrame"):
        read_orders(shop(), database=path)


def test_order_lines_pass_through(expected: OrderLines) -> None:
    assert read_orders(expected) is expected


def test_whole_floats_and_integers_are_text(tmp_path) -> None:
    table = pa.table(
        {
            "order_id": pa.array([1, 2, 3]),
            "customer_id": pa.array([17850.0, None, float("nan")]),
            "product_id": pa.array([85123, 7, 8], pa.int32()),
        }
    )
    lines = read_orders(table)
    assert lines.customers.decode(lines.customer).tolist() == ["17850", None, None]
    assert lines.products.decode(lines.product).tolist() == ["85123", "7", "8"]
    text = read_orders(write(tmp_path, "a.csv", "order_id,customer_id,product_id\n1,17850.0,85123\n2,,7\n3,NaN,8\n"))
    assert text.customers.decode(text.customer).tolist() == ["17850", None, None]
    assert text.report.rules["whole_number_ids"] == ["customer_id"]


def test_a_pandas_column_of_mixed_types() -> None:
    import pandas as pd

    frame = pd.DataFrame({"InvoiceNo": [536365, "C536379"], "StockCode": ["85123A", 71053], "UnitPrice": [1.0, 2.0]})
    lines = read_orders(frame)
    assert lines.orders.decode(lines.order).tolist() == ["536365", "C536379"]
    assert lines.products.decode(lines.product).tolist() == ["85123A", "71053"]


def test_excel_reads_all_sheets_of_one_header(tmp_path) -> None:
    import pandas as pd

    from affinity.settings import IngestSettings

    frame = shop(12)
    with pd.ExcelWriter(tmp_path / "two.xlsx") as book:
        frame[:6].to_excel(book, sheet_name="Year 1", index=False)
        frame[6:].to_excel(book, sheet_name="Year 2", index=False)
        pd.DataFrame({"note": ["x"]}).to_excel(book, sheet_name="Notes", index=False)
    lines = read_orders(tmp_path / "two.xlsx")
    assert_same(lines, read_orders(frame))
    assert any("'Notes' has another header" in warning for warning in lines.report.warnings)
    second = read_orders(tmp_path / "two.xlsx", settings=IngestSettings(excel_sheet="Year 2"))
    assert len(second) == 6
    with pytest.raises(InputError, match=r"excel_sheet='Year 3' is not in two.xlsx. Did you mean 'Year"):
        read_orders(tmp_path / "two.xlsx", settings=IngestSettings(excel_sheet="Year 3"))


def test_the_same_input_gives_the_same_report_whatever_the_name_of_the_file(tmp_path) -> None:
    text = shop().to_csv(index=False)
    odd = write(tmp_path, "it's [a] *shop*?.csv", text)
    assert_same(read_orders(odd), read_orders(write(tmp_path, "plain.csv", text)))
