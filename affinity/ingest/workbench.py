"""The DuckDB connection that one read works in: bounded memory, spills beside itself, gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affinity.errors import TooLarge
from affinity.frames import without_progress_bar
from affinity.memory import share_of_memory, size_in_bytes
from affinity.progress import progress_is_on, watch
from affinity.replacing import working_folder
from affinity.threads import available_threads

if TYPE_CHECKING:
    import duckdb

#: Rows of one Arrow batch on the way out: strings become codes batch by batch, so no column of strings is ever whole.
BATCH_ROWS = 200_000
#: Bytes that the engine has at least: with less it cannot sort.
LEAST_LIMIT = 250 * 10**6


@dataclass(frozen=True)
class Workbench:
    """A private connection, a folder for what is unpacked or spilled, and what is to be closed with them."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    closing: ExitStack = field(default_factory=ExitStack)

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        with _within_limit():
            return self.connection.execute(sql, dict(parameters or {})).fetchall()

    def run_long(self, label: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement whose rows are not wanted, with a bar of how far it is."""
        with _within_limit(), watch(label, self.connection.query_progress):
            self.connection.execute(sql, dict(parameters or {}))

    def batches(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """The rows of a query as pyarrow record batches, drained to the end."""
        with _within_limit():
            yield from self.connection.sql(sql, params=dict(parameters or {})).to_arrow_reader(BATCH_ROWS)

    def register(self, name: str, arrow: Any) -> None:
        """Make an Arrow table or reader a view called ``name``."""
        self.connection.register(name, arrow)


@contextmanager
def _within_limit() -> Iterator[None]:
    """The engine's own memory running out, as TooLarge."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise TooLarge(
            f"Reading the source takes more than the memory that it has: {first_line(error)}",
            why="Half of memory_budget is for reading (without one an eighth of the machine's memory); the rest goes to files.",
            do="Set a larger memory_budget (--memory-budget 8GB), or read fewer files at a time.",
        ) from None


@contextmanager
def open_workbench(memory_budget: int | str | None = None) -> Iterator[Workbench]:
    """A workbench for one read; its memory and files are gone when the block ends.

    memory_budget : of the run, of which the engine has half, as nothing else is held yet; None: an eighth of the machine
    """
    import duckdb

    with working_folder() as folder:
        limit = max(share_of_memory(None) if memory_budget is None else size_in_bytes(memory_budget) // 2, LEAST_LIMIT)
        config = {
            "memory_limit": f"{limit // 10**6}MB",
            "temp_directory": str(folder),
            "threads": available_threads(),
            "autoinstall_known_extensions": False,
            "python_enable_replacements": False,  # a table name never means a Python variable
        }
        connection = without_progress_bar(duckdb.connect(":memory:", config=config))
        try:
            connection.execute("SET TimeZone = 'UTC'")
            if progress_is_on():  # reckoned by the engine, drawn by `affinity.progress`
                with suppress(duckdb.Error):  # a notebook without widgets
                    connection.execute("SET enable_progress_bar_print = false; SET enable_progress_bar = true")
            with ExitStack() as closing:
                yield Workbench(connection, folder, closing)
        finally:
            connection.close()


def quote_name(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def first_line(error: BaseException) -> str:
    """The first line of an engine's message, without its class prefix."""
    return str(error).strip().split("\n", 1)[0].removeprefix("Invalid Input Error: ")
