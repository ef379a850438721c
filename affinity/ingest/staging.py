"""From a source to the table ``staged``: every row numbered, every line that could not be split set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from affinity.errors import InputError
from affinity.ingest.workbench import Workbench, first_line, quote_name

#: Stripped from both ends of every text: blanks, tabs, line ends, no-break and ideographic space, byte-order mark.
WHITE_SPACE = " \t\r\n\f\v\u00a0\u2003\u3000\ufeff"


@dataclass(frozen=True)
class Column:
    """A column of a source: its name there and its DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True)
class Malformed:
    """A line that could not be split into the columns of its header."""

    row: int
    detail: str
    raw: str


@dataclass
class Source:
    """Something opened: its columns are known, its rows are read by `stage`.

    relation  : SQL that follows FROM; its columns are c0, c1, … in the order of ``columns``, and ``row`` where ``has_row``
    expected  : rows that must come out; another number, or an engine error, calls ``slow``
    slow      : the same source read with patience (a dirty text file), or None
    malformed : filled while the rows are read
    """

    kind: str
    columns: tuple[Column, ...]
    relation: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    has_row: bool = False
    expected: int | None = None
    slow: Callable[[], Source] | None = None
    malformed: list[Malformed] = field(default_factory=list)
    failure: list[BaseException] = field(default_factory=list)
    rules: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def text_of(column: str, type_name: str) -> str:
    """SQL: the value as trimmed text, NULL when blank; whole numbers without a fraction."""
    if type_name in ("FLOAT", "DOUBLE"):
        whole = f"isfinite({column}) AND {column} = floor({column}) AND abs({column}) < 1e18"
        return f"CASE WHEN {whole} THEN {column}::HUGEINT::VARCHAR WHEN NOT isnan({column}) THEN {column}::VARCHAR END"
    if type_name.startswith("DECIMAL"):
        return f"regexp_replace({column}::VARCHAR, '\\.0*$', '')"
    if type_name.startswith(("VARCHAR", "ENUM")):
        return f"nullif(trim({column}::VARCHAR), '')"
    return f"{column}::VARCHAR"


def trim_rare(bench: Workbench, names: Sequence[str]) -> None:
    """Trim tabs, line ends and wide blanks too in the text columns ``names`` of ``staged``: rare, so looked for first."""
    for name in names:
        cell = quote_name(name)
        ends = " OR ".join(f"suffix({cell}, chr({ord(letter)}))" for letter in "\t\r\n\u00a0")
        test = f"{cell} < '!' OR prefix({cell}, chr(160)) OR {ends}"
        ((found,),) = bench.run(f"SELECT coalesce(bool_or({test}), false) FROM staged")
        if found:
            bench.run(f"UPDATE staged SET {cell} = nullif(trim({cell}, $white), '') WHERE {test}", {"white": WHITE_SPACE})


def stage(bench: Workbench, source: Source, selections: Mapping[str, str], table: str = "staged") -> Source:
    """Make the ``table`` (row BIGINT, row_hash UBIGINT, then ``selections`` name -> SQL over c0, c1, …).

    Returns the source that was read in the end: the slow one where the fast one failed.
    """
    import duckdb

    try:
        _fill(bench, source, selections, table)
    except (duckdb.Error, InputError, UnicodeDecodeError) as error:
        if source.failure:
            raise source.failure[0] from None
        if source.slow is None:
            raise InputError(f"The {source.kind} source cannot be read: {first_line(error)}") from None
        return stage(bench, source.slow(), selections, table)
    if source.expected is not None and source.slow is not None:
        ((rows,),) = bench.run(f"SELECT count(*) FROM {table}")
        if rows != source.expected:
            return stage(bench, source.slow(), selections, table)
    return source


def _fill(bench: Workbench, source: Source, selections: Mapping[str, str], table: str) -> None:
    row = "row" if source.has_row else "row_number() OVER () - 1"
    cells = ", ".join(f"c{i}" for i in range(len(source.columns)))
    chosen = "".join(f", {sql} AS {quote_name(name)}" for name, sql in selections.items())
    sql = (
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {row} AS row, hash({cells}) AS row_hash{chosen} FROM {source.relation}"
    )
    bench.run_long("rows staged", sql, source.parameters)
