"""Ids are text: trimmed, leading zeros kept, whole numbers without the ``.0`` that a detour through floats leaves."""

from __future__ import annotations

from collections.abc import Sequence

from affinity.ingest.staging import text_of
from affinity.ingest.workbench import Workbench

#: What exports write for "no customer" besides a blank.
NO_CUSTOMER = ("NULL", "null", "NaN", "nan", "<NA>", "NA", "N/A", "None")


def select_id(name: str, cell: str, type_name: str) -> str:
    """SQL of an id as text; NULL where it is blank (for customers also where it says NULL, NaN, …)."""
    text = text_of(cell, type_name)
    if name != "customer_id":
        return text
    tokens = ", ".join(f"'{token}'" for token in NO_CUSTOMER)
    return f"CASE WHEN {text} NOT IN ({tokens}) THEN {text} END"


def strip_fractions(bench: Workbench, names: Sequence[str]) -> list[str]:
    """Rewrite ids such as 17850.0 in ``staged`` to 17850 where every id of a column is written so; the columns changed."""
    changed = []
    for name in names:
        first = bench.run(f"SELECT {name} FROM staged WHERE {name} IS NOT NULL LIMIT 1")
        if not first or not first[0][0].endswith(".0"):
            continue
        ((ids, numbers),) = bench.run(
            f"SELECT count({name}), count(*) FILTER (regexp_full_match({name}, '[0-9]+\\.0')) FROM staged"
        )
        if numbers == ids:
            bench.run(f"UPDATE staged SET {name} = left({name}, length({name}) - 2) WHERE {name} IS NOT NULL")
            changed.append(name)
    return changed
