"""SQL over a release's tables: what it answers, and that it reads nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affinity.release.query import TableReader


def test_it_answers_from_the_tables_that_are_there_and_from_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "it's a release"
    home.mkdir()
    pq.write_table(pa.table({"product_id": ["a", "b'; DROP"], "price": [1.5, float("nan")]}), home / "products.parquet")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    reader = TableReader(home)
    assert reader.ask("SELECT * FROM products ORDER BY product_id") == [
        {"product_id": "a", "price": 1.5},
        {"product_id": "b'; DROP", "price": None},
    ]
    assert reader.ask("SELECT price FROM products WHERE product_id = ?", ["b'; DROP"]) == [{"price": None}]
    with pytest.raises(duckdb.CatalogException):
        reader.ask("SELECT * FROM pairs")
    with pytest.raises(duckdb.PermissionException):
        reader.ask(f"SELECT * FROM '{tmp_path / 'other.parquet'}'")
    with pytest.raises(duckdb.InvalidInputException, match="locked"):
        reader.ask("SET enable_external_access = true")
