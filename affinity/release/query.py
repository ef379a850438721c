"""Questions to the tables of one release in SQL, answered from the Parquet files without reading a table whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from affinity.frames import without_progress_bar
from affinity.release.download import BATCH, write_download
from affinity.release.schema import TABLES


class TableReader:
    """The tables of a release folder as SQL views of their names (a table that is missing has none); reads, never writes.

    Questions may come from several threads: each has its own cursor.
    """

    def __init__(self, path: Path, *, memory: str = "512MB") -> None:
        """path : folder of one release; memory : most that the answers may take together, as DuckDB says it"""
        import duckdb

        folder = path.resolve()
        self._connection = without_progress_bar(duckdb.connect(":memory:", config={"threads": 1, "memory_limit": memory}))
        self._connection.execute("SET temp_directory = ''")
        for name in TABLES:
            file = folder / f"{name}.parquet"
            if file.is_file():
                self._connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{_quoted(file)}')")
        self._connection.execute(f"SET allowed_directories = ['{_quoted(folder)}']")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of an answer as dictionaries; NaN is None. values : of the question marks in ``sql``, in order."""
        found = self._connection.cursor().execute(sql, list(values))
        names = [column[0] for column in found.description or ()]
        return [{name: _plain(value) for name, value in zip(names, row)} for row in found.fetchall()]

    def write(self, sql: str, values: Sequence[Any], path: Path) -> int:
        """The rows of an answer as a file .csv or .parquet (see `affinity.release.download`), products named; how many."""
        names = self._connection.cursor().sql("SELECT product_id, name FROM products").to_arrow_table()
        found = self._connection.cursor().sql(sql, params=list(values)).to_arrow_reader(BATCH)
        return write_download(found, path, names)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
