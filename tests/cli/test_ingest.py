"""`affinity ingest`: the dry run, the list of formats, and databases by option."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from affinity.cli.app import app
from affinity.errors import InputError
from affinity.ingest.formats.registry import FORMATS
from tests.ingest.sources import shop

FIXTURES = Path(__file__).parents[1] / "ingest" / "fixtures"
SHOPIFY = FIXTURES / "shopify" / "orders_export.csv"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["ingest", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_a_dry_run_says_what_would_happen_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run(SHOPIFY, "--dry-run")
    assert code == 0
    for words in (
        "Recognised as shopify (Shopify orders CSV): it has Name, Financial Status",
        "product_id ← Lineitem sku, else Lineitem name",
        "customer: the e-mail address in lower case; none is a guest",
        "Would keep 4 of 10 rows\n    row 0, order_id #1001, customer_id ann@example.com, product_id HOOD-M",
        "2 cancelled: the order or the line was cancelled, voided or expired\n    row 3, detail Cancelled at 2026-03-17",
        "Nothing was written.",
    ):
        assert words in said
    assert list(tmp_path.iterdir()) == []
    assert run(SHOPIFY, "--dry-run", "--out", tmp_path / "x.parquet")[0] == 2


def test_a_dry_run_for_machines() -> None:
    found = json.loads(run(FIXTURES / "stripe", "--dry-run", "--json")[1])
    assert found["format"] == "stripe"
    assert found["because"].startswith("invoice has id, customer_id")
    assert found["rows_read"] == 12 == found["kept"]["rows"] + sum(aside["rows"] for aside in found["set_aside"].values())
    assert found["set_aside"]["renewal"]["examples"] == [
        {"row": 1, "detail": "price price_seat_10 before, price_seat_10", "order_id": "in_2", "customer_id": "cus_1",
         "product_id": "prod_seat", "ordered_at": "2026-02-01T00:00:00Z", "quantity": "3", "unit_price": "10.0"}
    ]  # fmt: skip
    assert [row["row"] for row in found["kept"]["examples"]] == [0, 6]
    assert all(aside["meaning"] and 1 <= len(aside["examples"]) <= 2 for aside in found["set_aside"].values())


def test_a_dry_run_of_rows_that_are_all_bad(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("order_id,product_id,unit_price\n1,a,x\n2,b,y\n")
    found = json.loads(run(path, "--dry-run", "--json")[1])
    assert (found["format"], found["kept"]["rows"], found["set_aside"]["bad_price"]["rows"]) == ("generic", 0, 2)
    assert found["because"].startswith("no known export has these columns")
    with pytest.raises(InputError, match="All 2 rows were set aside: bad_price 2"):
        run(path)


def test_the_formats_are_listed_with_their_signatures() -> None:
    code, said = run("--formats")
    assert code == 0
    assert "olist: Olist order items, orders and customers\n    orders: order_id, customer_id, order_status" in said
    assert "refused: The order grid has one row an order" in said
    assert [each["name"] for each in json.loads(run("--formats", "--json")[1])] == list(FORMATS)


def test_a_database_by_option(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    shop().to_sql("sales", connection, index=False)
    connection.close()
    place = ("--database", tmp_path / "shop.sqlite", "--json")
    reports = [
        json.loads(run(*arguments, *place)[1])
        for arguments in (("--table", "sales"), ("--query", "SELECT * FROM sales"), ("SELECT * FROM sales",))
    ]
    assert reports[0]["rows_kept"] == 60
    assert reports[0] == reports[1] == reports[2]
    assert run("--dry-run")[0] == 2  # nothing says what to read
