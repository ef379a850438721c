"""Which unused columns become attributes (segments) of the order lines, and why the others are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from affinity.ingest.columns import ORDER_ALIASES, Recognised, attribute_name
from affinity.ingest.staging import Column, text_of
from affinity.ingest.workbench import Workbench

#: Distinct labels an attribute may have unless the user names it.
MAX_LABELS = 1000

_LABEL_TYPES = ("VARCHAR", "ENUM", "BOOLEAN")


def candidate_columns(found: Recognised, columns: Sequence[Column]) -> tuple[dict[str, int], dict[str, str]]:
    """(attribute name -> position) of the unused columns that may hold labels, and source name -> why not."""
    candidates: dict[str, int] = {}
    ignored: dict[str, str] = {}
    for at in found.rest:
        column = columns[at]
        name = attribute_name(column.name)
        if not column.type.startswith(_LABEL_TYPES):
            ignored[column.name] = f"numbers or dates ({column.type.lower()[:40]})"
        elif not name or name in ORDER_ALIASES or name in candidates or name in found.position:
            ignored[column.name] = "its name is already in use"
        else:
            candidates[name] = at
    return candidates, ignored


def named_attributes(found: Recognised) -> list[str]:
    """The attributes that the user or the format named, and the product name: kept however many labels they have."""
    return [name for name in found.position if name == "product_name" or name not in ORDER_ALIASES]


def stage_attributes(positions: Mapping[str, int], columns: Sequence[Column]) -> tuple[dict[str, str], dict[str, str]]:
    """(attribute -> its column in ``staged``, that column -> SQL of its trimmed text over c0, c1, …).

    The staged columns are numbered: an attribute may be called like a column of the rules.
    """
    cells = {name: f"label_{i}" for i, name in enumerate(positions)}
    return cells, {cells[name]: text_of(f"c{at}", columns[at].type) for name, at in positions.items()}


def choose_attributes(
    bench: Workbench,
    candidates: Mapping[str, int],
    cells: Mapping[str, str],
    columns: Sequence[Column],
    ignored: dict[str, str],
) -> list[str]:
    """The candidates that hold labels: at least one value, at most MAX_LABELS different ones, not all numbers or dates."""
    chosen = []
    for name, at in candidates.items():
        cell = cells[name]
        ((labels, words),) = bench.run(
            "SELECT count(*), count(*) FILTER (try_cast(v AS DOUBLE) IS NULL AND try_cast(v AS TIMESTAMP) IS NULL) FROM "
            f"(SELECT DISTINCT {cell} AS v FROM staged WHERE {cell} IS NOT NULL LIMIT {MAX_LABELS + 1})"
        )
        if labels > MAX_LABELS:
            ignored[columns[at].name] = f"more than {MAX_LABELS:,} different values"
        elif not labels:
            ignored[columns[at].name] = "no values"
        elif not words:
            ignored[columns[at].name] = "numbers or dates"
        else:
            chosen.append(name)
    return chosen
