"""Every known export: what is kept, what is set aside for which trap, and the money."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from affinity.errors import AllRowsBad, InputError, UnknownColumns
from affinity.ingest import read_orders
from affinity.ingest.clean import EXPORT_REASONS, REASONS
from affinity.ingest.formats.registry import FORMATS, load_format
from affinity.settings import IngestSettings
from affinity.tables import OrderLines
from tests.ingest.sources import write
from tests.ingest.test_row_rules import reasons_of

FIXTURES = Path(__file__).parent / "fixtures"

#: Exports of several files: the folder is what is read.
FOLDERS = ("shopify_warehouse", "magento", "stripe", "olist", "instacart_folder")


def source_of(name: str) -> Path:
    folder = FIXTURES / name
    return folder if name in FOLDERS else next(folder.iterdir())


def rows_of(lines: OrderLines) -> list[tuple[object, ...]]:
    """(order, customer, product, quantity, amount to a cent) of every line kept."""
    columns = (
        lines.orders.decode(lines.order), lines.customers.decode(lines.customer), lines.products.decode(lines.product),
        lines.quantity.tolist(), np.round(lines.net_amount, 2).tolist(),
    )  # fmt: skip
    return list(zip(*columns))


#: format -> (the lines kept, row -> reason of those set aside)
EXPECTED: dict[str, tuple[list[tuple[object, ...]], dict[int, str]]] = {
    "shopify": (
        [
            ("#1001", "ann@example.com", "HOOD-M", 2.0, 36.0),  # 45 after 5 off, the Subtotal, over 40 and 10
            ("#1001", "ann@example.com", "Mug", 1.0, 9.0),
            ("#1004", None, "Mug", 1.0, 10.0),
            ("#1006", "ann@example.com", "HOOD-M", 2.0, 40.0),
        ],
        {2: "no_price", 3: "cancelled", 4: "refunded", 6: "test", 8: "cancelled", 9: "missing_order_id"},
    ),
    "shopify_warehouse": (
        [("1", "901", "700", 2.0, 35.0), ("1", "901", "0042", 1.0, 10.0), ("5", None, "700", 1.0, 20.0)],
        {2: "non_product", 3: "cancelled", 4: "refunded", 5: "test", 7: "deleted", 8: "no_order"},
    ),
    "woocommerce": (
        [("101", "7", "37", 2.0, 15.0), ("101", "7", "0042", 1.0, 20.0), ("104", None, "37", 2.0, 20.0)],
        {2: "unpaid", 3: "cancelled", 5: "refunded", 6: "refunded", 7: "no_items", 8: "unpaid"},
    ),
    "woocommerce_items": (
        [("101", "7", "37", 2.0, 15.0), ("101", "7", "0042", 1.0, 20.0), ("104", None, "37", 2.0, 20.0)],
        {2: "unpaid", 4: "refunded"},
    ),
    "woocommerce_rest": (
        [("201", "7", "37", 2.0, 15.0), ("201", "7", "0042", 1.0, 20.0), ("202", None, "37", 1.0, 10.0)],
        {3: "cancelled", 4: "no_items", 5: "malformed_row"},
    ),
    "magento": (
        [("1", "11", "500", 2.0, 45.0), ("1", "11", "600", 1.0, 40.0), ("4", None, "700", 2.0, 36.0)],
        {
            1: "part_of_bundle", 3: "part_of_bundle", 4: "part_of_bundle", 5: "cancelled", 6: "refunded", 8: "refunded",
            9: "cancelled", 10: "unpaid", 11: "no_order",
        },
    ),
    "stripe": (
        [
            ("in_1", "cus_1", "prod_seat", 3.0, 27.0),  # 30.00 before the invoice's discount, 2.70 tax left out
            ("in_6", "cus_3", "prod_setup", 1.0, 5.0),
            ("in_8", "cus_4", "prod_seat", 1.0, 10.0),  # after the trial
            ("in_6", "cus_3", "prod_addon", -2.0, -3.0),
        ],
        {
            1: "renewal", 2: "price_change", 3: "proration", 4: "cancelled", 5: "unpaid", 7: "no_price", 9: "test",
            10: "no_order",
        },
    ),
    "olist": (
        [("o1", "u1", "p1", 1.0, 29.99), ("o1", "u1", "p1", 1.0, 29.99), ("o2", "u1", "p2", 1.0, 100.0)],
        {3: "cancelled", 4: "cancelled", 5: "no_order"},
    ),
    "ga4": (
        [
            ("T1", "ann", "007", 2.0, 9.0), ("T1", "ann", "Pot", 1.0, 20.0), ("T2", None, "007", 2.0, 9.0),
            ("T1", "ann", "007", -1.0, -4.5), ("T2", None, "007", -2.0, -9.0),
        ],
        {
            0: "not_a_purchase", 1: "not_a_purchase", 2: "not_a_purchase", 5: "duplicate", 6: "duplicate", 10: "no_items",
            11: "missing_order_id",
        },
    ),
    "ga4_web": (
        [("T1", "ann", "007", 2.0, 9.0), ("T1", "ann", "Pot", 1.0, 20.0), ("T2", None, "007", 2.0, 9.0)],
        {2: "not_a_purchase"},
    ),
    "segment": (
        [
            ("50314", "ann", "507f1f", 1.0, 17.1), ("50314", "ann", "0505", 2.0, 5.4), ("50315", None, "S-9", 2.0, 9.0),
            ("50314", "ann", "0505", -1.0, -2.7), ("50315", None, "S-9", -2.0, -9.0),
        ],
        {
            0: "not_a_purchase", 3: "duplicate", 4: "duplicate", 5: "duplicate", 6: "duplicate", 10: "no_items",
            11: "no_items",
        },
    ),
    "uci_online_retail": (
        [
            ("536365", "17850", "85123A", 6.0, 15.3), ("536365", "17850", "22423", 1.0, 10.95),
            ("536373", None, "22423", 2.0, 21.9), ("C536379", "17850", "85123A", -1.0, -2.55),
        ],
        {1: "non_product", 3: "non_product", 4: "non_product", 5: "non_product", 8: "negative_quantity", 9: "no_price"},
    ),
    "dunnhumby": (
        [
            ("26984851472", "2375", "1004906", 1.0, 1.39), ("26984851472", "2375", "1033142", 2.0, 0.82),
            ("26984851516", "2375", "6534178", 1.0, 30.0),
        ],
        {3: "zero_quantity"},
    ),
}  # fmt: skip
EXPECTED["uci_online_retail_ii"] = EXPECTED["uci_online_retail"]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_trap_of_the_export(name: str) -> None:
    lines = read_orders(source_of(name))
    kept, aside = EXPECTED[name]
    assert lines.report.format == name
    assert reasons_of(lines) == aside  # rows read = kept + set aside, each row once
    assert rows_of(lines) == kept
    assert set(aside.values()) <= {*REASONS, *EXPORT_REASONS}


def test_instacart_days_are_summed_and_two_files_are_one_part() -> None:
    lines = read_orders(FIXTURES / "instacart_folder")
    assert reasons_of(lines) == {5: "no_order"}
    assert lines.report.format == "instacart_folder"
    shown = list(zip(lines.orders.decode(lines.order), lines.customers.decode(lines.customer), lines.day.tolist()))
    assert shown == [("10", "1", 0), ("10", "1", 0), ("11", "1", 15), ("20", "2", 0), ("12", "1", 45)]
    assert np.isnan(lines.net_amount).all()
    assert any(warning.startswith("The days of 2 customers") for warning in lines.report.warnings)


@pytest.mark.parametrize(
    ("name", "words"), [("magento_grid", "export the tables sales_order"), ("stripe_payments", "no products")]
)
def test_exports_without_lines_are_refused(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_orders(source_of(name))


def test_every_format_has_a_fixture_and_detects_it() -> None:
    tried = {*EXPECTED, "instacart_folder", "magento_grid", "stripe_payments", "instacart"}
    assert tried == set(FORMATS)
    assert all(load_format(name).name == name for name in FORMATS)


def test_times_and_currencies() -> None:
    shopify = read_orders(source_of("shopify"))
    assert str(shopify.ordered_at[0].astype("datetime64[us]"))[:19] == "2026-03-15T21:10:00"  # 16:10 at -0500
    ga4 = read_orders(source_of("ga4"))
    assert str(ga4.ordered_at[0].astype("datetime64[us]"))[:19] == "2026-01-02T00:00:00"
    frame = pd.read_csv(source_of("shopify"), dtype=str)
    frame.loc[frame["Name"] == "#1004", "Currency"] = "EUR"
    with pytest.raises(InputError, match=r"in 2 currencies: USD \(3 rows\), EUR \(1 rows\)"):
        read_orders(frame)
    assert reasons_of(read_orders(frame, settings=IngestSettings(currency="USD")))[5] == "currency"


def test_minor_units_by_currency(tmp_path) -> None:
    folder = shutil.copytree(FIXTURES / "stripe", tmp_path / "stripe")
    for file, money, amount in (("jpy", "jpy", 3000.0), ("kwd", "kwd", 3.0)):
        for name in ("invoice.csv", "invoice_line_item.csv"):
            text = (FIXTURES / "stripe" / name).read_text().replace("usd", money).replace("2970,270", "3000,0")
            (folder / name).write_text(text)
        assert rows_of(read_orders(folder))[0][4] == amount, file


def test_a_browser_stands_for_a_customer_where_nobody_signed_in(tmp_path) -> None:
    events = [json.loads(line) for line in source_of("ga4").read_text().splitlines()]
    text = "".join(json.dumps(event | {"user_id": None}) + "\n" for event in events)
    lines = read_orders(write(tmp_path, "events.jsonl", text))
    assert set(lines.customers.labels) == {"p.1", "p.2"}
    assert any("are browsers" in warning for warning in lines.report.warnings)


def test_nested_parquet_is_read_like_json_lines(tmp_path) -> None:
    events = [json.loads(line) for line in source_of("ga4").read_text().splitlines()]
    events = [{"ecommerce": None} | event for event in events]
    parquet.write_table(pa.Table.from_pylist(events), tmp_path / "events.parquet")
    assert rows_of(read_orders(tmp_path / "events.parquet")) == EXPECTED["ga4"][0]


@pytest.mark.parametrize("name", ["shopify", "woocommerce", "uci_online_retail"])
def test_headers_in_another_case_and_order(name: str, tmp_path) -> None:
    frame = pd.read_csv(source_of(name), dtype=str, keep_default_na=False)
    frame = frame[frame.columns[::-1]].rename(columns=lambda header: header.upper().replace("_", " "))
    lines = read_orders(write(tmp_path, "turned.csv", frame.to_csv(index=False)))
    assert lines.report.format == name
    assert rows_of(lines) == EXPECTED[name][0]


def test_two_formats_that_fit_equally_are_named() -> None:
    both = pa.table({name: ["1"] for name in ("InvoiceNo", "Invoice", "StockCode", "UnitPrice", "Price")})
    with pytest.raises(InputError, match="fit 2 formats equally well: uci_online_retail .* and uci_online_retail_ii") as caught:
        read_orders(both)
    assert "--format uci_online_retail" in str(caught.value)
    with pytest.raises(AllRowsBad, match="All 1 rows were set aside: non_product 1. Look at them with --dry-run."):
        read_orders(both, format="uci_online_retail")


def test_one_table_of_several_says_what_else_it_needs() -> None:
    items = FIXTURES / "olist" / "olist_order_items_dataset.csv"
    with pytest.raises(InputError, match="This is order_items, one table of Olist .* need orders, customers too"):
        read_orders(items)
    assert read_orders(items, format="generic").report.rows_kept == 6
    with pytest.raises(UnknownColumns, match="format='olist' takes several tables"):
        read_orders(items, format="olist")


def test_tables_that_were_joined_beforehand() -> None:
    parts = [
        pd.read_csv(FIXTURES / "olist" / f"olist_{name}_dataset.csv", dtype=str)
        for name in ("order_items", "orders", "customers")
    ]
    lines = read_orders(parts[0].merge(parts[1], on="order_id").merge(parts[2], on="customer_id", how="left"))
    assert (lines.report.format, rows_of(lines)) == ("olist", EXPECTED["olist"][0])
    assert reasons_of(lines) == {3: "cancelled", 4: "cancelled"}
    assert lines.report.rules["format"]["because"] == "it holds orders, order_items, customers joined into one table"


def test_shopify_by_its_graphql_names(tmp_path) -> None:
    folder = shutil.copytree(FIXTURES / "shopify_warehouse", tmp_path / "shopify")
    names = {
        "financial_status": "display_financial_status", "currency": "currency_code", "gift_card": "is_gift_card",
        "price": "price_set_shop_amount", "total_discount": "total_discount_set_shop_amount",
    }  # fmt: skip
    for path in folder.iterdir():
        pd.read_csv(path, dtype=str).rename(columns=names).to_csv(path, index=False)
    lines = read_orders(folder)
    assert (rows_of(lines), reasons_of(lines)) == EXPECTED["shopify_warehouse"]


def test_order_products_alone_are_baskets() -> None:
    lines = read_orders(FIXTURES / "instacart_folder" / "order_products__prior.csv")
    assert (lines.report.format, len(lines), lines.clock) == ("instacart", 4, None)


def test_a_folder_that_lacks_a_part(tmp_path) -> None:
    folder = shutil.copytree(FIXTURES / "olist", tmp_path / "olist")
    (folder / "olist_customers_dataset.csv").unlink()
    with pytest.raises(UnknownColumns, match=r"no table is customers \(customer_id, customer_unique_id\)"):
        read_orders(folder, format="olist")
    shutil.copy(folder / "olist_orders_dataset.csv", folder / "orders_copy.csv")
    shutil.copy(FIXTURES / "olist" / "olist_customers_dataset.csv", folder / "customers.csv")
    with pytest.raises(InputError, match="2 tables could be orders of Olist"):
        read_orders(folder)


def test_torn_lines_of_any_part_are_accounted_for(tmp_path) -> None:
    folder = shutil.copytree(FIXTURES / "olist", tmp_path / "olist")
    with (folder / "olist_order_items_dataset.csv").open("a") as file:
        file.write('"o1",3\n')
    with (folder / "olist_customers_dataset.csv").open("a") as file:
        file.write('"c9"\n')
    lines = read_orders(folder)
    assert reasons_of(lines) == EXPECTED["olist"][1] | {6: "malformed_row"}
    assert any(warning.startswith("1 lines of customers cannot be split") for warning in lines.report.warnings)


def test_the_report_says_why_and_near_misses_are_listed() -> None:
    report = read_orders(source_of("shopify")).report
    assert report.rules["format"]["because"].startswith("it has Name, Financial Status")
    assert "set_aside" not in report.mapping
    near = pa.table({name: ["1"] for name in ("order_id", "order_number", "order_date", "status", "product_id")})
    assert "items in one column needs line_items too" in read_orders(near).report.rules["near_formats"]


def test_columns_that_the_user_names_are_read_as_he_says() -> None:
    columns = {"order_id": "Name", "product_id": "Lineitem name", "quantity": "Lineitem quantity"}
    lines = read_orders(source_of("shopify"), columns=columns)
    assert lines.report.format == "generic"
    assert len(lines) + len(lines.report.quarantine) == 10
