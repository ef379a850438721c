"""Rows that repeat another row: by their line id, or in every column of the source."""

from __future__ import annotations

from collections.abc import Sequence

from affinity.errors import InputError
from affinity.ingest.workbench import Workbench, quote_name


def find_repeats(bench: Workbench, columns: Sequence[str]) -> int:
    """Fill the table ``repeats`` (row) with the rows that equal an earlier row in every column; how many there are.

    Rows are first compared by ``row_hash`` (all source columns, 64 bits), then in the staged ``columns``; rows that the
    importer of an export sets aside are no copies.
    """
    asked = "WHERE set_aside IS NULL" if "set_aside" in columns else ""
    cells = ", ".join(["row_hash", *map(quote_name, columns)])
    bench.run_long(
        "repeated rows sought",
        "CREATE OR REPLACE TEMP TABLE repeats AS WITH hashes AS "
        f"(SELECT row_hash FROM staged {asked} GROUP BY row_hash HAVING count(*) > 1), "
        f"alike AS (SELECT * FROM (FROM staged {asked}) WHERE row_hash IN (SELECT row_hash FROM hashes)) "
        f'SELECT "row" FROM alike QUALIFY row_number() OVER (PARTITION BY {cells} ORDER BY "row") > 1',
    )
    ((count,),) = bench.run("SELECT count(*) FROM repeats")
    return int(count)


def find_repeated_ids(bench: Workbench, name: str, source_name: str) -> int:
    """Fill ``repeats`` with rows that bear the id of an earlier, equal row; a blank id repeats nothing.

    Raises InputError when one id stands for different rows.
    """
    column = quote_name(name)
    bench.run_long(
        "repeated ids sought",
        "CREATE OR REPLACE TEMP TABLE repeats AS WITH twice AS "
        f"(SELECT {column} AS id FROM staged WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(*) > 1) "
        f'SELECT "row", {column} AS id, row_hash, row_number() OVER (PARTITION BY {column} ORDER BY "row") AS nth '
        f"FROM staged WHERE {column} IN (SELECT id FROM twice)",
    )
    differing = bench.run(
        'SELECT id, list("row" ORDER BY "row") FROM repeats GROUP BY id HAVING count(DISTINCT row_hash) > 1 ORDER BY min("row")'
    )
    if differing:
        public = name != "customer_id"  # messages end in logs: a customer is named by his rows only
        shown = "; ".join(
            f"{repr(key) if public else 'one'} in rows {', '.join(map(str, rows[:4]))}" for key, rows in differing[:3]
        )
        raise InputError(
            f"{len(differing):,} values of {source_name} stand for rows that differ: {shown}.",
            why="An id that means two things makes the rows impossible to count.",
            do=f"Mend the ids, or leave the column out if {source_name} does not identify a row.",
        )
    bench.run("DELETE FROM repeats WHERE nth = 1")
    ((count,),) = bench.run("SELECT count(*) FROM repeats")
    return int(count)
