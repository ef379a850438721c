"""SQLite files and connections: cells of any type in any column, so every column is read as text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from affinity.errors import InputError
from affinity.ingest.databases import Database, Table
from affinity.ingest.frame_source import open_reader, plain_text
from affinity.ingest.staging import Column, Source
from affinity.ingest.workbench import Workbench, quote_name

#: Rows fetched at once.
ROWS = 20_000


class SQLite(Database):
    """An SQLite connection; one that the caller opened may work in his thread only, so its rows are fetched there."""

    def __init__(self, connection: sqlite3.Connection, any_thread: bool = False) -> None:
        self.connection, self.any_thread = connection, any_thread

    @classmethod
    def connect(cls, bench: Workbench, path: Path) -> SQLite:
        """Open a file read-only."""
        try:
            connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise InputError(f"{path} cannot be opened as an SQLite database: {error}.") from None
        bench.closing.callback(connection.close)
        return cls(connection, any_thread=True)

    def tables(self) -> list[Table]:
        """The tables and views, by name."""
        try:
            names = self.connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).fetchall()
            return [
                Table(name, f"SELECT * FROM {quote_name(name)}", tuple(row[1] for row in self._columns(name)))
                for (name,) in names
            ]
        except sqlite3.Error as error:
            raise InputError(f"The SQLite database cannot be read: {error}.") from None

    def _columns(self, table: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(f"PRAGMA table_info({quote_name(table)})").fetchall()

    def open(self, bench: Workbench, query: str) -> Source:
        """The rows of a query, streamed; numbers as they are written, bytes as UTF-8 (else as hexadecimal)."""
        import pyarrow as pa

        try:
            cursor = self.connection.execute(query)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise InputError(f"The query failed: {error}.", do="Try it in the database's own shell.") from None
        if cursor.description is None:
            raise InputError("The query returns no rows to read.", do="Pass a SELECT.")
        names = [column[0] for column in cursor.description]
        schema = pa.schema([(f"c{i}", pa.string()) for i in range(len(names))])

        def batches() -> Iterator[Any]:
            while rows := cursor.fetchmany(ROWS):
                cells = ([_text(value) for value in column] for column in zip(*rows))
                yield pa.record_batch([pa.array(column, pa.string()) for column in cells], schema=schema)

        if self.any_thread:
            return open_reader(bench, names, pa.RecordBatchReader.from_batches(schema, batches()))
        bench.run(f"CREATE OR REPLACE TEMP TABLE sqlite_rows ({', '.join(f'{name} VARCHAR' for name in schema.names)})")
        for batch in batches():
            bench.register("sqlite_batch", pa.Table.from_batches([batch]))
            bench.run("INSERT INTO sqlite_rows FROM sqlite_batch")
        return Source("query", tuple(Column(name, "VARCHAR") for name in names), "sqlite_rows")


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.hex()
    return plain_text(value)
