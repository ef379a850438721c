"""PostgreSQL through ADBC: read-only, streamed, numerics as the decimals they are, times with zone in UTC."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from affinity.errors import InputError, MissingExtra
from affinity.ingest.databases import Database, Table, group_tables
from affinity.ingest.frame_source import open_reader
from affinity.ingest.staging import Source
from affinity.ingest.workbench import Workbench

_COLUMNS = (
    "SELECT table_schema::text, table_name::text, column_name::text FROM information_schema.columns "
    "WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY table_schema, table_name, ordinal_position"
)


class PostgreSQL(Database):
    """A connection to a PostgreSQL server."""

    def __init__(self, connection: Any, address: str) -> None:
        self.connection, self.address = connection, address

    @classmethod
    def connect(cls, bench: Workbench, address: str) -> PostgreSQL:
        """Connect to a postgresql:// address; the session can only read."""
        try:
            import adbc_driver_manager as manager
            from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError:
            raise MissingExtra(
                "adbc-driver-postgresql is not installed.", do="pip install 'affinity-engine[postgres]'"
            ) from None
        try:
            connection = dbapi.connect(address, autocommit=True)
        except manager.Error as error:
            raise InputError(
                f"No connection to {without_password(address)}: {_said(error, address)}",
                do="Check host, port, database, user and password, and that the server lets this machine in.",
            ) from None
        bench.closing.callback(connection.close)
        opened = cls(connection, address)
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        return opened

    def tables(self) -> list[Table]:
        """The tables and views that the user may read, by name."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(current_schema()::text, 'public')")
            ((default,),) = cursor.fetchall()
            cursor.execute(_COLUMNS)
            return group_tables(cursor.fetchall(), default)

    def open(self, bench: Workbench, query: str) -> Source:
        """The rows of a query, streamed."""
        import adbc_driver_manager as manager
        import pyarrow as pa

        cursor = bench.closing.enter_context(contextlib.closing(self.connection.cursor()))
        try:
            names, chosen = self._columns(cursor, query.strip().rstrip(";"))
            cursor.execute(chosen)
            reader = cursor.fetch_record_batch()
        except manager.Error as error:
            raise InputError(
                f"The query failed: {_said(error, self.address)}", do="Try it in the database's own shell."
            ) from None
        types = [field.type for field in reader.schema]
        plain = [kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind for kind in types]
        schema = pa.schema([(f"c{i}", kind) for i, kind in enumerate(plain)])

        def batches() -> Iterator[Any]:
            for batch in reader:
                cells = [cell.storage if isinstance(cell, pa.ExtensionArray) else cell for cell in batch.columns]
                yield pa.record_batch(cells, schema=schema)

        return open_reader(bench, names, pa.RecordBatchReader.from_batches(schema, batches()))

    def _columns(self, cursor: Any, query: str) -> tuple[list[str], str]:
        """The names of the query's columns, and the query with the columns cast that would come as their bytes or in cents.

        Columns go by their place, as a query may name two alike. ``ON false`` asks for the types and runs nothing.
        """
        cursor.execute(f"SELECT * FROM ({query}\n) AS q LIMIT 0")
        names = list(cursor.fetch_record_batch().schema.names)
        places = [f"c{i}" for i in range(len(names))]
        rows = f"({query}\n) AS q({', '.join(places)})"
        asked = ", ".join(f"pg_typeof({place})::text" for place in places)
        cursor.execute(f"SELECT {asked} FROM (SELECT 1) AS one LEFT JOIN {rows} ON false")
        (types,) = cursor.fetchall()
        chosen = [_cast(place, kind) for place, kind in zip(places, types)]
        return names, f"SELECT {', '.join(chosen)} FROM {rows}"


#: Types whose values come as what they are; arrays come as lists.
_AS_THEY_ARE = (
    "smallint", "integer", "bigint", "real", "double precision", "numeric", "text", "character varying", "character", "boolean",
    "date", "timestamp without time zone", "timestamp with time zone", "bytea",
)  # fmt: skip


def _cast(place: str, kind: str) -> str:
    if kind in _AS_THEY_ARE or kind.endswith("[]"):
        return place
    return f"{place}::{'numeric' if kind == 'money' else 'text'} AS {place}"


def without_password(address: str) -> str:
    """An address that can be shown: the password, wherever it stands, is ***."""
    for secret in _secrets(address):
        address = address.replace(secret, "***")
    return address


def _secrets(address: str) -> list[str]:
    """The password of an address as written and as meant, the longer first."""
    rest = address.partition("://")[2]
    authority = rest.partition("?")[0]
    found = []
    if "@" in authority:
        found.append(authority.rpartition("@")[0].partition(":")[2])
    with contextlib.suppress(ValueError):
        found.append(urlsplit(address).password or "")
    for pair in address.partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        if key.lower() in ("password", "sslpassword"):
            found.append(value)
    both = {text for secret in found for text in (secret, unquote(secret)) if text}
    return sorted(both, key=len, reverse=True)


def _said(error: BaseException, address: str) -> str:
    text = " ".join(str(error).split()).removeprefix("IO: ").removeprefix("INVALID_ARGUMENT: ")
    for secret in _secrets(address):
        text = text.replace(secret, "***")
    return text[:500]
