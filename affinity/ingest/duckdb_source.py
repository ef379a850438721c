"""DuckDB files and connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from affinity.errors import InputError
from affinity.ingest.databases import Database, Table, group_tables
from affinity.ingest.frame_source import open_relation
from affinity.ingest.staging import Source
from affinity.ingest.workbench import Workbench, first_line

_COLUMNS = (
    "SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE table_catalog = current_database() "
    "AND table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY table_schema, table_name, ordinal_position"
)


class DuckDB(Database):
    """A DuckDB connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @classmethod
    def connect(cls, bench: Workbench, path: Path) -> DuckDB:
        """Open a file read-only."""
        import duckdb

        try:
            connection = duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            raise InputError(
                f"{path} cannot be opened as a DuckDB database: {first_line(error)}",
                do="A file of a newer DuckDB needs that version; Parquet can always be read.",
            ) from None
        bench.closing.callback(connection.close)
        return cls(connection)

    def tables(self) -> list[Table]:
        """The tables and views, by name."""
        return group_tables(self.connection.execute(_COLUMNS).fetchall(), "main")

    def open(self, bench: Workbench, query: str) -> Source:
        """The rows of a query, streamed."""
        import duckdb

        try:
            relation = self.connection.sql(query)
            if relation is None:
                raise InputError("The query returns no rows to read.", do="Pass a SELECT.")
            return open_relation(bench, relation, "query")
        except duckdb.Error as error:
            raise InputError(f"The query failed: {first_line(error)}", do="Try it in the database's own shell.") from None
