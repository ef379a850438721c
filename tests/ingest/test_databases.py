"""SQLite and PostgreSQL: the same shop as from a frame, exact numbers, odd names, clear errors without passwords."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import pandas as pd
import pytest

from affinity.errors import InputError, MissingExtra
from affinity.ingest import read_customers, read_orders
from affinity.ingest.postgres_source import without_password
from tests.ingest import postgres
from tests.ingest.sources import shop, write
from tests.ingest.test_every_source import assert_same
from tests.ingest.test_formats import EXPECTED, FIXTURES, rows_of

#: A column that would end a careless query.
ODD = '"; drop table sales; --'


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "it's a #shop?.sqlite"
    frame = shop().assign(ordered_at=lambda rows: rows["ordered_at"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    connection = sqlite3.connect(path)
    frame.to_sql("sales", connection, index=False)
    frame.rename(columns={"country": ODD}).to_sql('odd "name"; x', connection, index=False)
    connection.execute("CREATE TABLE mixed (order_id, customer_id REAL, product_id, unit_price)")
    connection.execute("INSERT INTO mixed VALUES (1, 17850.0, '007', 0.1), ('A1', NULL, X'C3A9', 2), (3, 1, X'FF', '3.25')")
    connection.commit()
    connection.close()
    return path


def test_sqlite_gives_the_same_lines(sqlite: Path) -> None:
    expected = read_orders(shop())
    assert_same(read_orders(database=sqlite, table="sales"), expected)
    assert_same(read_orders(database=str(sqlite), query="SELECT * FROM sales"), expected)
    assert_same(read_orders("SELECT * FROM sales", database=sqlite), expected)
    connection = sqlite3.connect(sqlite)
    assert_same(read_orders("SELECT * FROM sales", database=connection), expected)
    assert connection.execute("SELECT count(*) FROM sales").fetchone() == (60,)  # left open and usable
    connection.close()
    odd = read_orders(database=sqlite, table='odd "name"; x', columns={"country": ODD})
    assert_same(odd, expected)


def test_sqlite_cells_of_any_type(sqlite: Path) -> None:
    lines = read_orders(database=sqlite, table="mixed")
    assert rows_of(lines) == [("1", "17850", "007", 1.0, 0.1), ("A1", None, "é", 1.0, 2.0), ("3", "1", "ff", 1.0, 3.25)]


def test_sqlite_is_opened_read_only(sqlite: Path) -> None:
    with pytest.raises(InputError, match="The query failed: attempt to write a readonly database"):
        read_orders(database=sqlite, query="DELETE FROM sales")
    with pytest.raises(InputError, match="The query failed: no such table: nosuch"):
        read_orders(database=sqlite, query="SELECT * FROM nosuch")
    with pytest.raises(InputError, match="You can only execute one statement|one statement at a time"):
        read_orders(database=sqlite, query="SELECT 1; DROP TABLE sales")


def test_what_is_asked_of_a_database_is_said_once(sqlite: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no table 'sale'. Did you mean 'sales'"):
        read_orders(database=sqlite, table="sale")
    with pytest.raises(InputError, match="query and table are given"):
        read_orders(database=sqlite, query="SELECT 1", table="sales")
    with pytest.raises(InputError, match="query is given without a database"):
        read_orders(query="SELECT 1")
    with pytest.raises(InputError, match="given without a query, and its tables are no known export. It holds mixed, "):
        read_orders(database=sqlite)
    with pytest.raises(InputError, match="mysql:// is no database that can be read"):
        read_orders(database="mysql://bob:pw@host/db", table="x")
    with pytest.raises(InputError, match="cannot be read: file is not a database"):
        read_orders(database=write(tmp_path, "cut.sqlite", b"SQLite format 3\0" + b"x" * 600), table="x")


def test_an_export_of_several_tables_in_a_warehouse(tmp_path: Path) -> None:
    light = tmp_path / "warehouse.sqlite"
    connection = sqlite3.connect(light)
    for path in sorted((FIXTURES / "stripe").iterdir()):
        pd.read_csv(path, dtype=str).to_sql(path.stem, connection, index=False)
    connection.close()
    lines = read_orders(database=light)
    assert (lines.report.format, rows_of(lines)) == ("stripe", EXPECTED["stripe"][0])
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("CREATE SCHEMA raw")
        for path in sorted((FIXTURES / "magento").iterdir()):
            warehouse.execute(f"CREATE TABLE raw.{path.stem} AS SELECT * FROM read_csv($path)", {"path": str(path)})
    lines = read_orders(database=tmp_path / "warehouse.duckdb")
    assert (lines.report.format, rows_of(lines)) == ("magento", EXPECTED["magento"][0])
    assert (
        read_orders(database=tmp_path / "warehouse.duckdb", table="raw.sales_order_item", format="generic").report.rows_read
        == 12
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.run_server() as place:
        address = f"postgresql://{postgres.USER}:{quote(postgres.PASSWORD)}@{place}"
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in SHOP:
                cursor.execute(statement)
            rows = shop()
            cursor.adbc_ingest("sales", _arrow(rows), mode="create")
            cursor.adbc_ingest("odd; x", _arrow(rows.rename(columns={"country": ODD})), mode="create")
            for path in sorted((FIXTURES / "stripe").iterdir()):
                cursor.adbc_ingest(path.stem, _arrow(pd.read_csv(path, dtype=str)), mode="create")
        yield address


SHOP = (
    "CREATE TYPE state AS ENUM ('paid', 'open')",
    "CREATE TABLE typed (order_id bigint, customer_id uuid, product_id text, ordered_at timestamptz, quantity numeric(10, 3), "
    "unit_price numeric(38, 18), member numeric, paid state, note jsonb, paid_amount money)",
    "INSERT INTO typed VALUES "
    "(1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '007', '2024-03-31 01:30:00+05:30', 2, 0.1, 17850, 'paid', '{\"a\": 1}', "
    "2.5), "
    "(2, NULL, 'é', '2024-06-01 00:00:00+00', -1.5, 1234567.123456789012345678, NULL, 'open', NULL, 3), "
    "(3, NULL, 'x', '2024-06-01 12:00:00-04', 1, 'NaN', 7, NULL, NULL, 1)",
    "CREATE SCHEMA other",
    "CREATE VIEW other.cheap AS SELECT * FROM typed WHERE unit_price < 1",
)


def _arrow(frame: pd.DataFrame) -> object:
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


def test_postgresql_gives_the_same_lines(server: str) -> None:
    expected = read_orders(shop())
    assert_same(read_orders(database=server, table="sales"), expected)
    assert_same(read_orders(database=server.replace("postgresql", "postgres", 1), query="SELECT * FROM sales"), expected)
    assert_same(read_orders(database=server, table="odd; x", columns={"country": ODD}), expected)
    assert read_orders(database=server, table="other.cheap").report.rows_read == 1
    people = "SELECT customer_id, min(country) AS country FROM sales WHERE customer_id IS NOT NULL GROUP BY customer_id"
    customers = read_customers(people, database=server)
    assert len(customers) == len(expected.customers)


def test_postgresql_types(server: str) -> None:
    lines = read_orders(database=server, table="typed")
    assert lines.report.reasons == {"bad_price": 1}
    assert lines.report.quarantine.unit_price.tolist() == ["nan"]
    assert lines.products.decode(lines.product).tolist() == ["007", "é"]
    assert lines.quantity.tolist() == [2.0, -1.5]
    assert lines.net_amount.tolist() == [0.2, -1.5 * 1234567.123456789012345678]
    assert [str(t.astype("datetime64[us]"))[:19] for t in lines.ordered_at] == ["2024-03-30T20:00:00", "2024-06-01T00:00:00"]
    members = read_orders(database=server, table="typed", columns={"customer_id": "member"})
    assert members.customers.decode(members.customer).tolist() == ["17850", None]
    assert lines.customers.decode(lines.customer).tolist() == ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", None]
    money = read_orders(
        database=server, query="SELECT 1 AS order_id, order_id AS product_id, paid_amount AS unit_price FROM typed;"
    )
    assert money.net_amount.tolist() == [2.5, 3.0, 1.0]
    assert lines.attributes["paid"].labels.labels.tolist() == ["open", "paid"]


def test_a_query_may_name_two_columns_alike(server: str) -> None:
    twice = "SELECT a.order_id, b.order_id, a.product_id FROM typed a JOIN typed b USING (order_id) -- all"
    with pytest.raises(InputError, match="2 columns are called 'order_id'"):
        read_orders(database=server, query=twice)
    lines = read_orders(database=server, query=twice.replace("a.order_id, b.order_id", "a.order_id, b.note, a.note"))
    assert len(lines) == 3


def test_postgresql_is_streamed(server: str) -> None:
    query = "SELECT i / 3 AS order_id, i % 7 AS product_id, i::numeric / 4 AS unit_price FROM generate_series(1, 50000) AS i"
    lines = read_orders(database=server, query=query)
    assert len(lines) == 50_000
    assert lines.net_amount.sum() == sum(range(1, 50_001)) / 4


def test_a_warehouse_in_postgresql_is_recognised(server: str) -> None:
    lines = read_orders(database=server)
    assert (lines.report.format, rows_of(lines)) == ("stripe", EXPECTED["stripe"][0])


def test_postgresql_is_only_read(server: str) -> None:
    with pytest.raises(InputError, match="The query failed: .*(read-only|syntax)"):
        read_orders(database=server, query="DELETE FROM sales RETURNING *")
    with pytest.raises(InputError, match='The query failed: .*relation "nosuch" does not exist'):
        read_orders(database=server, query="SELECT * FROM nosuch")
    with pytest.raises(InputError, match="no table 'sale'. Did you mean 'sales'"):
        read_orders(database=server, table="sale")
    assert read_orders(database=server, table="sales").report.rows_read == 60


def test_no_connection_says_where_and_hides_the_password(server: str) -> None:
    wrong = server.replace(quote(postgres.PASSWORD), "wr0ng%21pass")
    for address in (
        wrong,
        "postgresql://bob:wr0ng%21pass@127.0.0.1:1/x",
        "postgresql://bob@127.0.0.1:1/x?password=wr0ng%21pass",
    ):
        with pytest.raises(InputError, match="No connection to postgresql://") as caught:
            read_orders(database=address, table="sales")
        assert "wr0ng" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://bob:pw@host/db", "postgresql://bob:***@host/db"),
        ("postgresql://bob@host/db", "postgresql://bob@host/db"),
        ("postgresql://bob:p%40w@host/db", "postgresql://bob:***@host/db"),
        ("postgresql://bob:p@ss:w@host/db", "postgresql://bob:***@host/db"),
        ("postgresql://host/db?user=bob&password=hush", "postgresql://host/db?user=bob&password=***"),
    ],
)
def test_an_address_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_manager", None)
    with pytest.raises(MissingExtra, match=r"pip install 'affinity-engine\[postgres\]'"):
        read_orders(database="postgresql://host/db", table="sales")
