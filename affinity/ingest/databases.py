"""Databases as sources: DuckDB and SQLite files (opened read-only), PostgreSQL addresses, and open connections."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affinity.errors import InputError, did_you_mean
from affinity.ingest.staging import Source
from affinity.ingest.workbench import Workbench, quote_name

POSTGRES = ("postgresql://", "postgres://")


@dataclass(frozen=True)
class Table:
    """A table or view: its name (with its schema where that is not the default one), a query of all of it, its columns."""

    name: str
    query: str
    columns: tuple[str, ...]


class Database(ABC):
    """An open database; the workbench closes what was opened for it."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """The tables and views, by name."""

    @abstractmethod
    def open(self, bench: Workbench, query: str) -> Source:
        """The rows of a query, streamed."""

    @staticmethod
    def connect(bench: Workbench, database: Any) -> Database:
        """``database``: the path of a DuckDB or SQLite file, a postgresql:// address, or an open connection."""
        import sqlite3

        from affinity.ingest.duckdb_source import DuckDB
        from affinity.ingest.postgres_source import PostgreSQL
        from affinity.ingest.sqlite_source import SQLite

        if isinstance(database, str) and database.lower().startswith(POSTGRES):
            return PostgreSQL.connect(bench, database)
        if isinstance(database, (str, os.PathLike)):
            if isinstance(database, str) and "://" in database:
                raise InputError(
                    f"{database.partition('://')[0]}:// is no database that can be read.",
                    do="Pass a .duckdb file, an SQLite file or a postgresql:// address.",
                )
            path = Path(database)
            if not path.is_file():
                raise InputError(f"There is no database file {database}.", do="Pass the path of a DuckDB or SQLite file.")
            with path.open("rb") as file:
                is_sqlite = file.read(16) == b"SQLite format 3\0"
            return SQLite.connect(bench, path) if is_sqlite else DuckDB.connect(bench, path)
        if isinstance(database, sqlite3.Connection):
            return SQLite(database)
        if hasattr(database, "sql"):
            return DuckDB(database)
        raise InputError(
            f"database={type(database).__name__} is no DuckDB database and no other that can be read.",
            do="Pass the path of a .duckdb or SQLite file, a postgresql:// address, or an open DuckDB or SQLite connection.",
        )

    def no_query(self) -> InputError:
        """The error of a database without a query whose tables are no known export."""
        names = [table.name for table in self.tables()]
        return InputError(
            "The database is given without a query, and its tables are no known export.",
            why=f"It holds {', '.join(names[:30]) or 'no tables'}.",
            do="Name one with --table (in Python: table=…), or pass an SQL query.",
        )


def open_query(bench: Workbench, query: Any, database: Any) -> Source:
    """The rows of an SQL ``query`` on a database."""
    if not isinstance(query, str):
        raise InputError(
            f"With database= the source is an SQL query, not {type(query).__name__}.", do="Pass the query as text."
        )
    return Database.connect(bench, database).open(bench, query)


def query_of(bench: Workbench, database: Any, source: Any, query: str | None, table: str | None) -> Any:
    """What to read: ``source``, or the SQL of ``query`` or of all of ``table``; at most one of them."""
    given = [name for name, value in (("source", source), ("query", query), ("table", table)) if value is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} are given, and one says what to read.", do="Leave out the others.")
    if database is None:
        if query is not None or table is not None:
            raise InputError(f"{given[0]} is given without a database.", do="Say which with database= (--database).")
        return source
    if table is None:
        return query if query is not None else source
    tables = {each.name: each for each in Database.connect(bench, database).tables()}
    if table not in tables:
        raise InputError(f"The database has no table {table!r}.", do=did_you_mean(table, tables))
    return tables[table].query


def group_tables(rows: Iterable[tuple[Any, ...]], default: str) -> list[Table]:
    """Tables of the rows (schema, table, column) of an information schema, in its order."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in rows:
        grouped.setdefault((schema, table), []).append(column)
    return [
        Table(
            table if schema == default else f"{schema}.{table}",
            f"SELECT * FROM {quote_name(schema)}.{quote_name(table)}",
            tuple(columns),
        )
        for (schema, table), columns in grouped.items()
    ]
