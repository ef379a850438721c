"""A row is kept, or set aside under its first reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from affinity.ingest import read_orders
from affinity.ingest.clean import REASONS
from affinity.ingest.conventions import NON_PRODUCT_CODES
from affinity.settings import IngestSettings
from affinity.tables import OrderLines
from tests.ingest.sources import write

HEAD = "order_id,customer_id,product_id,ordered_at,quantity,unit_price\n"
GOOD = "1,a,x,2024-01-01,1,2\n"


def reasons_of(lines: OrderLines) -> dict[int, str]:
    quarantine = lines.report.quarantine
    assert lines.report.rows_read == len(lines) + len(quarantine)
    assert sum(lines.report.reasons.values()) == lines.report.rows_set_aside
    assert sorted(lines.row.tolist() + quarantine.row.tolist()) == list(range(lines.report.rows_read))
    return dict(zip(quarantine.row.tolist(), quarantine.reason.tolist()))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",a,x,2024-01-01,1,2", "missing_order_id"),
        ("  ,a,,soon,x,y", "missing_order_id"),
        ("2,a,\t,2024-01-01,1,2", "missing_product_id"),
        ("2,a,x,,1,2", "bad_date"),
        ("2,a,x,2024-02-30,1,2", "bad_date"),
        ("2,a,x,1900-01-01,1,2", "bad_date"),
        ("2,a,x,1969-12-31 23:59:59,1,2", "bad_date"),
        ("2,a,x,2024-01-01,,2", "bad_quantity"),
        ("2,a,x,2024-01-01,two,2", "bad_quantity"),
        ("2,a,x,2024-01-01,inf,2", "bad_quantity"),
        ("2,a,x,2024-01-01,nan,2", "bad_quantity"),
        ("2,a,x,2024-01-01,1_000,2", "bad_quantity"),
        ("2,a,x,2024-01-01,1,", "bad_price"),
        ("2,a,x,2024-01-01,1,free", "bad_price"),
        ("2,a,x,2024-01-01,1,-2", "bad_price"),
        ("2,a,x,2024-01-01,1,1e999", "bad_price"),
        ("2,a,x,2024-01-01,1e300,1e300", "bad_price"),
        ("2,a,x,2024-01-01,0,2", "zero_quantity"),
        ("2,a,x,2024-01-01,1,0", "no_price"),
        ("2,a,postage,2024-01-01,1,2", "non_product"),
        ("2,a,x,2024-01-01,1", "malformed_row"),
        ("2,a,x,2024-01-01,1,2,3", "malformed_row"),
        ('2,a,"x,2024-01-01,1,2', "malformed_row"),
        ("2,a,x\0,2024-01-01,1,2", "malformed_row"),
    ],
)
def test_first_reason(tmp_path, row: str, reason: str) -> None:
    lines = read_orders(write(tmp_path, "x.csv", HEAD + GOOD + row + "\n" + GOOD))
    assert reasons_of(lines) == {1: reason}
    assert lines.row.tolist() == [0, 2]
    assert reason in REASONS


def test_the_quarantine_holds_the_texts_as_read(tmp_path) -> None:
    lines = read_orders(write(tmp_path, "x.csv", HEAD + GOOD + "2,a,x,2024-01-01,two,2.50\n" + '3,"oops,x\n'))
    shown = lines.report.quarantine.to_pandas().astype(object).where(lambda frame: frame.notna(), None)
    assert shown.iloc[0].to_dict() == {
        "row": 1, "reason": "bad_quantity", "detail": "two", "order_id": "2", "customer_id": "a", "product_id": "x",
        "ordered_at": "2024-01-01", "quantity": "two", "unit_price": "2.50", "raw": None,
    }  # fmt: skip
    assert shown.iloc[1]["raw"] == '3,"oops,x'
    assert shown.iloc[1]["detail"] == "line 4: a quote that never closes, or stands inside a field"


def test_dirty_text_loses_no_row(tmp_path) -> None:
    text = (
        HEAD + GOOD
        + '2,a,"two\nlines",2024-01-01,1,2\r\n'   # a quoted field over two lines, then CRLF
        + '3,a,"never closed,2024-01-01,1,2\n'
        + GOOD * 1200                               # further than a quoted field may run
        + '\n\n4,a,5" pipe,2024-01-01,1,2\n'        # blank lines are no rows; a quote inside a field is text
        + '5,a,"wide"r,2024-01-01,1,2\n'
        + '6,a,"say ""hi""",2024-01-01,1,2'         # no line end
    )  # fmt: skip
    lines = read_orders(write(tmp_path, "x.csv", text))
    assert reasons_of(lines) == {2: "malformed_row", 1204: "malformed_row"}
    assert lines.report.rows_read == 1206
    assert {"two\nlines", '5" pipe', 'say "hi"'} <= set(lines.products.labels)


def test_quantities_and_prices_that_are_not_there(tmp_path) -> None:
    lines = read_orders(write(tmp_path, "x.csv", "order_id,product_id\n1,a\n1,b\n"))
    assert lines.quantity.tolist() == [1.0, 1.0]
    assert np.isnan(lines.net_amount).all()
    assert lines.clock is None
    amounts = read_orders(
        write(tmp_path, "y.csv", "basket_id,product_id,quantity,sales_value\n1,a,2,5\n1,b,-1,2\n1,c,1,0\n1,d,1,-3\n")
    )
    assert amounts.net_amount.tolist() == [5.0, -2.0, 0.0]
    assert reasons_of(amounts) == {3: "bad_price"}


def test_guests(tmp_path) -> None:
    head = "order_id,customer_id,product_id\n"
    lines = read_orders(write(tmp_path, "x.csv", head + "1,,a\n2,NULL,a\n3, ,a\n4,null island,a\n"))
    assert lines.customers.decode(lines.customer).tolist() == [None, None, None, "null island"]
    assert any("3 of 4 rows (75.0%) have no customer" in warning for warning in lines.report.warnings)


def test_ids_survive(tmp_path) -> None:
    lines = read_orders(write(tmp_path, "x.csv", "order_id,product_id\n007,NA\n 7 ,null\n1e5,🍞\n"))
    assert lines.orders.decode(lines.order).tolist() == ["007", "7", "1e5"]
    assert lines.products.decode(lines.product).tolist() == ["NA", "null", "🍞"]


def test_returns(tmp_path) -> None:
    negative = HEAD + "1,a,x,2024-01-01,3,2\n1,a,x,2024-01-05,-1,2\n"
    lines = read_orders(write(tmp_path, "x.csv", negative))
    assert lines.quantity.tolist() == [3.0, -1.0]
    assert lines.net_amount.tolist() == [6.0, -2.0]
    marked = "order_id,product_id,quantity,returned\n1,x,3,no\n2,x,1,yes\n3,x,-1,no\n"
    lines = read_orders(write(tmp_path, "y.csv", marked))
    assert lines.quantity.tolist() == [3.0, -1.0]
    assert reasons_of(lines) == {2: "negative_quantity"}
    either = read_orders(write(tmp_path, "y.csv", marked), settings=IngestSettings(returns="negative"))
    assert either.quantity.tolist() == [3.0, -1.0, -1.0]
    only = read_orders(write(tmp_path, "x.csv", negative), settings=IngestSettings(returns="marked"))
    assert reasons_of(only) == {1: "negative_quantity"}


def test_exact_copies(tmp_path) -> None:
    path = write(tmp_path, "x.csv", HEAD + GOOD + GOOD + "1,a,y,2024-01-01,1,2\n" + GOOD)
    kept = read_orders(path)
    assert len(kept) == 4
    assert any("2 rows repeat an earlier row in every column and are kept" in warning for warning in kept.report.warnings)
    dropped = read_orders(path, settings=IngestSettings(duplicates="drop"))
    assert reasons_of(dropped) == {1: "duplicate", 3: "duplicate"}


def uci_frame(rows: int = 200) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "order_id": [str(489434 + i // 2) for i in range(rows)],
            "customer_id": ["13085"] * rows,
            "product_id": [f"{85000 + i % 40}{'AB'[i % 2] if i % 3 else ''}" for i in range(rows)],
            "quantity": [1] * rows,
            "unit_price": [2.0] * rows,
        }
    )
    frame.loc[0, "product_id"] = "POST"
    frame.loc[1, "product_id"] = "gift_0001_20"
    frame.loc[2, ["order_id", "quantity"]] = ["C489435", -1]
    frame.loc[3, "quantity"] = -5  # a correction, not marked as cancelled
    return frame


def test_generic_columns_with_uci_content_follow_its_conventions() -> None:
    lines = read_orders(uci_frame())
    assert reasons_of(lines) == {0: "non_product", 1: "non_product", 3: "negative_quantity"}
    assert lines.report.rules["non_product"] == {"rows": 2, "codes": 2, "most_frequent": {"POST": 1, "gift_0001_20": 1}}
    assert "99.0% of the rows" in lines.report.rules["product_pattern"]["because"]
    off = read_orders(uci_frame(), settings=IngestSettings(product_pattern=".*"))
    assert off.report.rows_set_aside == 0
    codes = read_orders(uci_frame(), settings=IngestSettings(product_pattern=".*", non_product_codes=("post",)))
    assert reasons_of(codes) == {0: "non_product"}


def test_five_digit_ids_of_another_shop_are_no_stock_codes() -> None:
    frame = uci_frame().assign(product_id=[str(9990 + i) for i in range(200)])
    lines = read_orders(frame)
    assert lines.report.reasons == {}
    assert "product_pattern" not in lines.report.rules


def test_single_letters_are_products() -> None:
    lines = read_orders(pd.DataFrame({"order_id": ["1"] * 4, "product_id": ["A", "B", "M", "D"]}))
    assert len(lines) == 4
    assert min(map(len, NON_PRODUCT_CODES)) > 2


def test_orders_without_ids_are_customer_days(tmp_path) -> None:
    rows = "1808,21-07-2015,milk\n1808,21-07-2015,bread\n2552,05-01-2015,milk\n,05-01-2015,milk\n"
    text = "Member_number,Date,itemDescription\n" + rows
    lines = read_orders(write(tmp_path, "g.csv", text))
    assert lines.orders.decode(lines.order).tolist() == ["1808 2015-07-21", "1808 2015-07-21", "2552 2015-01-05"]
    assert reasons_of(lines) == {3: "missing_order_id"}
    assert "customer and day" in lines.report.rules["order"]


def test_attributes(tmp_path) -> None:
    rows = "".join(
        f"{i},p{i % 3},{'NL' if i % 2 else ' DE '},{i},note {i},Name {i % 3},2024-01-0{1 + i % 3}\n" for i in range(1200)
    )
    lines = read_orders(write(tmp_path, "x.csv", "order_id,product_id,Ship Country,serial,note,Description,due\n" + rows))
    assert list(lines.attributes) == ["product_name", "ship_country"]
    country = lines.attributes["ship_country"]
    assert country.labels.decode(country.code[:2]).tolist() == ["DE", "NL"]
    assert lines.report.rules["ignored_columns"] == {
        "serial": "more than 1,000 different values",
        "note": "more than 1,000 different values",
        "due": "numbers or dates",
    }


def test_an_order_of_two_customers_is_said(tmp_path) -> None:
    lines = read_orders(write(tmp_path, "x.csv", "order_id,customer_id,product_id\n1,a,x\n1,b,y\n2,a,x\n2,,x\n"))
    assert any("1 order ids are shared by more than one customer" in warning for warning in lines.report.warnings)


def texts_of(lines: OrderLines, attribute: str) -> list[str | None]:
    found = lines.attributes[attribute]
    return found.labels.decode(found.code).tolist()


def test_attributes_may_be_called_like_anything(tmp_path) -> None:
    names = ["row", "row_hash", "reason", "q", "p", "t", "s", "a", "marked", "label_0", 'odd "name; --', "é"]
    frame = pd.DataFrame({"order_id": ["1", "2"], "product_id": ["x", "y"], **{name: [f"{name} 1", " "] for name in names}})
    lines = read_orders(frame)
    expected = [name if name != 'odd "name; --' else "odd_name" for name in names]
    assert list(lines.attributes) == expected
    assert texts_of(lines, "reason") == ["reason 1", None]
    named = read_orders(frame, columns={'Odd "one"': 'odd "name; --'})
    assert texts_of(named, 'Odd "one"') == ['odd "name; -- 1', None]


def test_columns_that_differ_by_case_only() -> None:
    import pyarrow as pa

    table = pa.table({"Order_ID": ["a"], "order_id": ["b"], "product_id": ["x"]})
    assert read_orders(table, columns={"order_id": "order_id"}).orders.labels.tolist() == ["b"]
    assert read_orders(table).orders.labels.tolist() == ["a"]


def test_basket_files(tmp_path) -> None:
    text = 'milk,bread,\n"a, b",milk\n\n"torn,milk\nbeer\n'
    lines = read_orders(write(tmp_path, "b.csv", text))
    assert lines.report.format == "basket_file"
    assert lines.orders.decode(lines.order).tolist() == ["1", "1", "2", "2", "5"]
    assert lines.products.decode(lines.product).tolist() == ["milk", "bread", "a, b", "milk", "beer"]
    assert reasons_of(lines) == {4: "malformed_row"}
    numbers = read_orders(write(tmp_path, "b.txt", "1 2 3 \n4 5\n"))
    assert numbers.orders.decode(numbers.order).tolist() == ["1", "1", "1", "2", "2"]
    one = read_orders(write(tmp_path, "one.dat", "milk\nbread\n"))
    assert len(one) == 2


def test_json_lines(tmp_path) -> None:
    text = '{"order_id":1,"product_id":"x","a/b":"k"}\n{"order_id":2,"product_\n[1]\n\n{"order_id":4,"~t":true}\n'
    for name in ("x.jsonl", "x.csv"):
        lines = read_orders(write(tmp_path, name, text))
        assert reasons_of(lines) == {1: "malformed_row", 2: "malformed_row", 3: "missing_product_id"}
        assert lines.attributes["a_b"].labels.labels.tolist() == ["k"]
        assert lines.report.quarantine.raw[0] == '{"order_id":2,"product_'


def test_a_quote_that_closes_far_away_never_closed(tmp_path) -> None:
    text = HEAD + '1,a,"oops,2024-01-01,1,2\n' + GOOD * 1500 + '2,a,x",2024-01-01,1,2\n' + GOOD
    lines = read_orders(write(tmp_path, "x.csv", text))  # well-formed to a strict reader: a field of 1,502 lines
    assert lines.report.rows_read == 1503
    assert lines.report.reasons == {"malformed_row": 1}
    assert 'x"' in lines.products
