"""Every bad input has its own message: what, why, what to do."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import affinity as af
from affinity.errors import AllRowsBad, InputError, SettingsError, StrictRows, UnknownColumns
from affinity.ingest import check_future, read_orders
from affinity.ingest.workbench import Workbench
from affinity.settings import IngestSettings
from tests.ingest.sources import write

GOOD = "order_id,customer_id,product_id,ordered_at,quantity,unit_price\n"


def error_of(kind: type[Exception], source, **options) -> str:
    with pytest.raises(kind) as caught:
        read_orders(source, **options)
    return str(caught.value)


def test_files_that_are_not_there(tmp_path) -> None:
    write(tmp_path, "orders.csv", GOOD)
    assert "Did you mean 'orders.csv'?" in error_of(InputError, tmp_path / "order.csv")
    assert "There is no folder" in error_of(InputError, tmp_path / "none" / "order.csv")
    assert "is a folder" in error_of(InputError, tmp_path)
    assert "is empty (0 bytes)" in error_of(InputError, write(tmp_path, "empty.csv", ""))
    assert "blank lines only" in error_of(InputError, write(tmp_path, "blank.csv", "\n\n  \n"))
    assert "a header and no rows" in error_of(InputError, write(tmp_path, "header.csv", GOOD))
    assert "no rows" in error_of(InputError, pd.DataFrame({"order_id": [], "product_id": []}))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG picture"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive or an Excel workbook"),
        (b" <!DOCTYPE html><html><body>", "an HTML page"),
    ],
)
def test_files_that_are_something_else(tmp_path, content: bytes, what: str) -> None:
    assert f"x.csv is {what}, not" in error_of(InputError, write(tmp_path, "x.csv", content))


@pytest.mark.parametrize("known", [False, True])
def test_the_damaged_part_of_a_folder_is_named(tmp_path: Path, known: bool) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    pd.DataFrame(af.make_shop(seed=1, customers=60).orders).to_parquet(parts / "part-0.parquet")
    (parts / "part-1.parquet").write_bytes(b"PAR1" + bytes(500) + b"PAR1")
    state = {"state": tmp_path / "state", "learn_every_days": 7} if known else {}
    with pytest.raises(InputError, match=r"^part-1\.parquet cannot be read as Parquet"):
        af.run(parts, **state)


def test_damaged_files(tmp_path, monkeypatch) -> None:
    packed = gzip.compress((GOOD + "1,a,x,2024-01-01,1,2\n" * 1000).encode())
    assert "damaged or cut-off gzip" in error_of(InputError, write(tmp_path, "cut.csv.gz", packed[:-40]))
    assert "cannot be read as Parquet" in error_of(InputError, write(tmp_path, "x.parquet", b"PAR1" + b"\0" * 100 + b"PAR1"))
    assert "cannot be read as Parquet" in error_of(InputError, write(tmp_path, "y.parquet", b"no parquet at all"))
    good = io.BytesIO()
    pq.write_table(pa.table({"order_id": ["1"], "product_id": ["a"]}), good)
    with monkeypatch.context() as patched:  # a damaged footer may name sizes that DuckDB would allocate
        patched.setattr(Workbench, "run", lambda *_: pytest.fail("DuckDB saw it"))
        torn = good.getvalue()[:-60] + b"\xff" * 52 + good.getvalue()[-8:]
        assert "cannot be read as Parquet" in error_of(InputError, write(tmp_path, "z.parquet", torn))
    assert "cannot be read as a workbook" in error_of(InputError, write(tmp_path, "x.xlsx", b"no workbook"))
    wide = GOOD.encode("utf-16-le")
    assert "is binary, or UTF-16 without a byte-order mark" in error_of(InputError, write(tmp_path, "w.csv", wide))
    assert "begins as UTF-16 and is not" in error_of(InputError, write(tmp_path, "u.csv", b"\xff\xfea\x00\x00\xd8b\x00"))


def test_an_encoding_that_is_not_utf8_is_said_with_its_place(tmp_path) -> None:
    text = (GOOD + "1,a,x,2024-01-01,1,2\n2,a,caf").encode() + b"\xe9,2024-01-01,1,2\n"
    message = error_of(InputError, write(tmp_path, "latin.csv", text))
    assert f"0xe9 at byte {text.index(0xE9)} (line 3)" in message
    assert "iconv" in message


def test_things_that_are_no_source() -> None:
    assert "int is nothing" in error_of(InputError, 3)
    assert "list is nothing" in error_of(InputError, [["a", "b"]])
    assert "no columns" in error_of(InputError, pa.table({}))
    assert "Series cannot be read as a frame" in error_of(InputError, pd.Series([1, 2], name="order_id"))
    twins = pd.DataFrame([["1", "x", "y"]], columns=["order_id", "product_id", "product_id"])
    assert "unique column names" in error_of(InputError, twins)
    nested = pa.table({"order_id": ["1"], "product_id": [["x", "y"]]})
    assert "product_id (product_id) holds VARCHAR[], not one value a row" in error_of(InputError, nested)


def test_unknown_columns_lists_what_there_is_and_what_is_near(tmp_path) -> None:
    message = error_of(UnknownColumns, write(tmp_path, "x.csv", "ordr_id,produkt,amount\n1,a,2\n2,b,3\n"))
    assert "No column for order_id and product_id among ordr_id, produkt, amount." in message
    assert "order_id: 'ordr_id' is near" in message
    assert "--columns order_id=<its name>,product_id=<its name>" in message
    half = error_of(UnknownColumns, write(tmp_path, "y.csv", "StockCode,Price,x\na,1,b\nb,2,b\n"))
    assert "UCI Online Retail II needs Invoice too" in half


def test_an_unknown_table_may_be_a_basket_file(tmp_path) -> None:
    path = write(tmp_path, "x.csv", "milk,bread\nbeer,bread\n")
    assert "If every line is a basket, say --format baskets." in error_of(UnknownColumns, path)
    assert len(read_orders(path, format="baskets")) == 4


def test_mappings(tmp_path) -> None:
    path = write(tmp_path, "x.csv", "a,b,when\n1,x,2024-01-01\n2,y,2024-01-02\n")
    lines = read_orders(path, columns={"order_id": "a", "product_id": "b", "ordered_at": "When", "shop": "b"})
    assert lines.report.mapping == {"order_id": "a", "product_id": "b", "ordered_at": "when", "shop": "b"}
    assert list(lines.attributes) == ["shop"]
    assert "Did you mean 'when'?" in error_of(UnknownColumns, path, columns={"order_id": "a", "ordered_at": "wen"})
    assert "not the other way round" in error_of(UnknownColumns, path, columns={"a": "order_id", "b": "product_id"})
    twins = write(tmp_path, "twins.csv", "order_id,product_id,product_id\n1,x,y\n2,x,y\n")
    assert "2 columns are called 'product_id'" in error_of(UnknownColumns, twins)


def test_formats(tmp_path) -> None:
    path = write(tmp_path, "x.csv", GOOD + "1,a,x,2024-01-01,1,2\n")
    assert "Did you mean 'instacart'?" in error_of(InputError, path, format="instakart")
    assert "the source lacks add_to_cart_order" in error_of(UnknownColumns, path, format="instacart")
    assert "no JSON objects" in error_of(InputError, path, format="jsonl")
    assert len(read_orders(path, format="generic")) == 1
    array = write(tmp_path, "x.json", '[{"order_id": 1}]')
    assert "one JSON array" in error_of(InputError, array)


def test_all_rows_bad(tmp_path) -> None:
    message = error_of(AllRowsBad, write(tmp_path, "x.csv", GOOD + "1,a,x,soon,1,2\n2,a,,2024-01-01,1,2\n"))
    assert "All 2 rows were set aside: bad_date 1, missing_product_id 1." in message
    assert "product_id = product_id" in message


def test_strict_refuses_defects_and_names_them(tmp_path) -> None:
    path = write(tmp_path, "x.csv", GOOD + "1,a,x,2024-01-01,1,2\n2,a,x,2024-01-01,many,2\n3,a,POSTAGE,2024-01-01,1,2\n")
    message = error_of(StrictRows, path, strict=True)
    assert "1 of 3 rows have defects" in message
    assert "row 1 bad_quantity (many)" in message
    clean = write(tmp_path, "y.csv", GOOD + "1,a,x,2024-01-01,1,2\n1,a,x,2024-01-02,-1,2\n3,a,POSTAGE,2024-01-01,1,2\n")
    assert read_orders(clean, strict=True).report.reasons == {"non_product": 1}


def test_mixed_currencies(tmp_path) -> None:
    text = "order_id,product_id,unit_price,currency\n1,a,2,EUR\n2,a,2,usd\n3,b,3,USD\n4,b,3,\n"
    path = write(tmp_path, "x.csv", text)
    assert "2 currencies: USD (2 rows), EUR (1 rows)" in error_of(InputError, path)
    lines = read_orders(path, settings=IngestSettings(currency="usd"))
    assert lines.report.reasons == {"currency": 2}
    one = read_orders(write(tmp_path, "y.csv", text.replace("EUR", "USD")))
    assert any("1 rows without a currency are taken as USD" in warning for warning in one.report.warnings)


def test_line_ids(tmp_path) -> None:
    head = "line_id,order_id,product_id,quantity\n"
    path = write(tmp_path, "x.csv", head + "1,1,a,1\n1,1,a,1\n,2,b,1\n,2,b,1\n")
    lines = read_orders(path)
    assert lines.report.reasons == {"duplicate": 1}
    assert lines.row.tolist() == [0, 2, 3]
    message = error_of(InputError, write(tmp_path, "y.csv", head + "1,1,a,1\n1,1,a,2\n2,2,b,1\n"))
    assert "1 values of line_id stand for rows that differ: '1' in rows 0, 1." in message


def test_settings_that_cannot_be(tmp_path) -> None:
    path = write(tmp_path, "x.csv", GOOD + "1,a,x,2024-01-01T10:00:00Z,1,2\n")
    assert "is no regular expression" in error_of(SettingsError, path, settings=IngestSettings(product_pattern="(["))
    assert "timezone='Mars/Phobos' is not known" in error_of(
        SettingsError, path, settings=IngestSettings(timezone="Mars/Phobos")
    )


def test_lines_in_the_future() -> None:
    import datetime as dt

    frame = pd.DataFrame({"order_id": ["1", "2"], "product_id": ["a", "b"], "ordered_at": ["2024-01-01", "2042-01-01"]})
    lines = read_orders(frame)
    check_future(lines, dt.date(2041, 12, 31))
    with pytest.raises(
        InputError, match="1 order lines are dated after 2041-12-31, the last on 2042-01-01; today is 2041-12-30"
    ):
        check_future(lines, dt.date(2041, 12, 30))
    with pytest.raises(InputError, match="dated after"):
        read_orders(frame, today=dt.date(2024, 6, 1))
    check_future(read_orders(frame[["order_id", "product_id"]]), dt.date(2000, 1, 1))
