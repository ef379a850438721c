"""Real public data: read whole, with the known figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from affinity.ingest import read_customers, read_offers, read_orders, read_products
from affinity.settings import IngestSettings
from affinity.tables import OrderLines
from tests.ingest.test_accounts import assert_accounts


@pytest.fixture(scope="module")
def retail(shared_data: Path) -> OrderLines:
    return read_orders(shared_data / "retail" / "online_retail_ii_raw.parquet")


def test_online_retail_ii(retail: OrderLines) -> None:
    report = retail.report
    assert_accounts(retail)
    assert report.rows_read == 1_044_847
    assert report.reasons == {"bad_price": 5, "negative_quantity": 3393, "no_price": 2631, "non_product": 5900}
    guests = int((retail.customer < 0).sum()) + int((report.quarantine.customer_id == None).sum())  # noqa: E711
    assert guests == 235_287
    assert any(warning.startswith("11,812 rows repeat an earlier row") for warning in report.warnings)
    assert report.rules["non_product"]["codes"] == 40
    assert list(report.rules["non_product"]["most_frequent"])[:3] == ["POST", "DOT", "M"]
    assert not {"POST", "DOT", "M", "BANK CHARGES"} & set(retail.products.labels)
    returns = retail.quantity < 0
    assert all(label.upper().startswith("C") for label in retail.orders.decode(np.unique(retail.order[returns])))
    assert str(retail.ordered_at.min().astype("datetime64[us]"))[:10] == "2009-12-01"
    assert str(retail.ordered_at.max().astype("datetime64[us]"))[:10] == "2011-12-09"
    assert list(retail.attributes) == ["product_name", "country"]


def test_online_retail_ii_without_rules_keeps_what_the_data_hold(shared_data: Path) -> None:
    lines = read_orders(
        shared_data / "retail" / "online_retail_ii_raw.parquet",
        settings=IngestSettings(product_pattern=".*", returns="negative"),
    )
    assert lines.report.reasons == {"bad_price": 5, "no_price": 6024}  # 6,029 rows with price <= 0
    dropped = read_orders(
        shared_data / "retail" / "online_retail_ii_raw.parquet", settings=IngestSettings(duplicates="drop", returns="negative")
    )
    assert 11_000 < dropped.report.reasons["duplicate"] <= 11_812


@pytest.mark.parametrize(
    ("name", "format", "rows", "orders", "customers", "products", "clock"),
    [
        ("retail/groceries.csv", "basket_file", 43_367, 9_835, 0, 169, None),
        ("retail/groceries_members.parquet", "generic", 38_765, 14_963, 3_898, 167, "day"),
        ("retail/tafeng_seq.parquet", "generic", None, 91_227, 13_858, 11_997, "order"),
        ("retail/instacart_train_baskets.parquet", "instacart", 1_384_617, 131_209, 0, None, None),
        ("offers/cj_transactions_sample.parquet", "dunnhumby", 74_584, None, None, None, "day"),
        ("fimi/retail.dat.gz", "basket_file", None, 88_162, 0, 16_470, None),
    ],
)
def test_other_shops(*, shared_data: Path, name, format, rows, orders, customers, products, clock) -> None:
    lines = read_orders(shared_data / name)
    assert lines.report.format == format
    assert lines.clock == clock
    found = (len(lines), len(lines.orders), len(lines.customers), len(lines.products))
    for have, known in zip(found, (rows, orders, customers, products)):
        assert known is None or have == known
    if lines.clock is None:
        assert any("No row has a customer" in warning for warning in lines.report.warnings)


def test_side_tables(shared_data: Path) -> None:
    folder = shared_data / "offers"
    campaigns = read_offers(folder / "cj_campaigns.parquet")
    assert (len(campaigns), len(campaigns.campaigns)) == (6_589, 27)
    offers = read_offers(folder / "amexpert_offers.parquet")
    assert len(offers) == 78_369
    assert int((offers.accepted == 1).sum()) == 729
    assert len(read_products(folder / "cj_products.parquet")) == 92_346
    people = read_customers(folder / "cj_demographics.parquet")
    assert len(people) == 801
    assert {"age", "income", "home_ownership"} <= set(people.segments)
