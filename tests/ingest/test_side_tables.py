"""Offers, products and customers: the same accounts, their own facts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from affinity.errors import AllRowsBad, InputError, StrictRows, UnknownColumns
from affinity.ingest import read_customers, read_offers, read_products
from affinity.ingest.side_table import Field, Request, read_side_table
from affinity.settings import IngestSettings
from affinity.vocabulary import Vocabulary
from tests.ingest.sources import write

OFFERS = """offer_id,customer_id,product_id,campaign_id,offered_at,variant,exposed,accepted,accepted_at,cost
1,a,x,spring,2024-01-02 10:00,control,,,,1
2,b,x,spring,2024-01-02 10:00,A,yes,yes,2024-01-02,0.5
2,b,x,spring,2024-01-02 10:00,A,yes,yes,2024-01-02,0.5
3,,x,spring,2024-01-02,A,,,,
4,c,y,,2024-01-03,A,no,1,2024-01-01,
5,c,y,,never,A,,,,
6,c,y,,2024-01-04,B,,maybe,,
7,c,y,,2024-01-04,B,,,,-1
8,c,,,2024-01-04,Hold-Out,0,0,,2
"""


def test_offers(tmp_path) -> None:
    offers = read_offers(write(tmp_path, "offers.csv", OFFERS))
    assert offers.offer.tolist() == ["1", "2", "8"]
    assert offers.customers.decode(offers.customer).tolist() == ["a", "b", "c"]
    assert offers.products.decode(offers.product).tolist() == ["x", "x", None]
    assert offers.campaigns.decode(offers.campaign).tolist() == ["spring", "spring", None]
    assert offers.treated.tolist() == [False, True, False]
    assert offers.exposed.tolist() == [True, True, False]
    assert offers.accepted.tolist() == [-1, 1, 0]
    assert offers.accepted.dtype == np.int8
    assert offers.accepted_at.tolist() == [-1, 1_704_153_600_000_000, -1]
    np.testing.assert_array_equal(offers.cost, [1, 0.5, 2])
    assert offers.report.reasons == {
        "accepted_before_offer": 1, "bad_accepted": 1, "bad_cost": 1, "bad_offered_at": 1, "duplicate": 1,
        "missing_customer_id": 1,
    }  # fmt: skip
    assert offers.report.rows_read == 9
    quarantine = offers.report.quarantine
    assert quarantine.detail[quarantine.reason == "bad_accepted"].tolist() == ["maybe"]


def test_offers_with_little_in_them(tmp_path) -> None:
    offers = read_offers(pd.DataFrame({"household_id": [7, 8], "campaign_id": [1, 1]}))
    assert offers.offer.tolist() == ["row 0", "row 1"]
    assert offers.offered_at is None
    assert offers.accepted.tolist() == [-1, -1]
    assert offers.treated.all()
    assert len(offers.products) == 0
    dated = read_offers(pa.table({"customer_id": ["a", "b"], "control": ["1", "0"], "accepted_at": ["2024-01-01", None]}))
    assert dated.accepted.tolist() == [1, 0]
    assert dated.treated.tolist() == [False, True]
    assert read_offers(dated) is dated
    recoded = dated.recoded(Vocabulary("customer", ["b"]), Vocabulary("product", []))
    assert recoded.customer.tolist() == [-1, 0]


def test_bad_offers(tmp_path) -> None:
    with pytest.raises(UnknownColumns, match="No column for customer_id among offer_id"):
        read_offers(pa.table({"offer_id": ["1"]}))
    with pytest.raises(InputError, match="1 values of offer_id stand for rows that differ: '1' in rows 0, 1"):
        read_offers(pa.table({"offer_id": ["1", "1"], "customer_id": ["a", "b"]}))
    with pytest.raises(StrictRows, match="bad_offered_at"):
        read_offers(write(tmp_path, "offers.csv", OFFERS), strict=True)
    with pytest.raises(AllRowsBad, match="missing_customer_id 1"):
        read_offers(pa.table({"offer_id": ["1"], "customer_id": [""]}))


def test_products(tmp_path) -> None:
    text = (
        "SKU;Name;Family;Price;Available;Requires;Launch date;on_sale_to;lasting_days\n"
        "b;Beta;F;2,50;yes;a; ;;30\na;Alpha;F;1,00;;;2024-02-01;2024-05-01;\nc;Gamma;;x;no;z;;;\nd;Delta;;;no;z; b;;;\n"
    )
    products = read_products(write(tmp_path, "p.csv", text.replace("z; b", '"z; b"')))
    assert products.products.labels.tolist() == ["a", "b", "d", "z"]
    assert products.name.tolist() == ["Alpha", "Beta", "Delta", None]
    np.testing.assert_array_equal(products.price, [1, 2.5, np.nan, np.nan])
    assert products.available.tolist() == [True, True, False, True]
    assert products.on_sale_from.tolist() == [19754, -1, -1, -1]
    assert products.on_sale_to.tolist() == [19844, -1, -1, -1]
    np.testing.assert_array_equal(products.lasting_days, [np.nan, 30, np.nan, np.nan])
    assert products.requires_indptr.tolist() == [0, 0, 1, 3, 3]
    assert products.products.decode(products.requires).tolist() == ["a", "z", "b"]
    assert products.report.reasons == {"bad_price": 1}
    assert products.report.rules["price"] == "decimal comma"
    assert any("1 products are required by others" in warning for warning in products.report.warnings)
    assert read_products(products) is products
    assert products.recoded(Vocabulary("product", ["b", "q"])).name.tolist() == ["Beta", None]
    with pytest.raises(InputError, match="'a' in rows 0, 1"):
        read_products(pa.table({"product_id": ["a", "a"], "price": [1, 2]}))


def test_customers(tmp_path) -> None:
    text = (
        "customer_id,signup_date,plan,plan_excludes,health,Region,row,note,age\n"
        "b,2024-01-01,pro,x; y,61.5,North,r1,n1,30\na,,pro,z,,,r2,n2,\nc,soon,,,,,,,\n"
    )
    customers = read_customers(write(tmp_path, "c.csv", text))
    assert customers.customers.labels.tolist() == ["a", "b"]
    assert customers.started_at.tolist() == [-1, 19723]
    assert customers.plan.tolist() == ["pro", "pro"]
    assert customers.plan_excludes == {"pro": ("x", "y", "z")}
    np.testing.assert_array_equal(customers.health, [np.nan, 61.5])
    assert {name: labels.tolist() for name, labels in customers.segments.items()} == {
        "region": [None, "North"], "row": ["r2", "r1"], "note": ["n2", "n1"], "age": [None, "30"],
    }  # fmt: skip
    assert customers.report.reasons == {"bad_started_at": 1}
    assert read_customers(customers) is customers
    many = pa.table({"customer_id": [str(i) for i in range(1200)], "tag": [f"t{i}" for i in range(1200)]})
    assert read_customers(many).report.rules["ignored_columns"] == {"tag": "more than 1,000 different values"}


def test_a_field_may_be_called_reason() -> None:
    fields = {"product_id": Field("id", ("product_id",), required=True), "reason": Field("label", ("reason",))}
    frame = pd.DataFrame({"product_id": ["tea", None], "reason": ["liked", "unknown"]})
    request = Request(frame, None, None, None, IngestSettings(), False)
    rows = read_side_table(request, fields, "A note says why.")
    assert rows.texts("reason").tolist() == ["liked"]
    assert rows.report.reasons == {"missing_product_id": 1}
    assert rows.report.quarantine.reason.tolist() == ["missing_product_id"]
