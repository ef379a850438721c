"""What every generated page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made from the code by docs/make_reference.py; edit the code instead. -->\n\n"


def cell(text: object) -> str:
    """Text for a cell of a table."""
    parts = " ".join(str(text).replace("|", "\\|").split()).split("`")
    return "`".join(part.replace("<", "&lt;") if at % 2 == 0 else part for at, part in enumerate(parts))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(cell(one) for one in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """Text as code."""
    return f"`{text}`"
