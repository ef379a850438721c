"""Tables as HTML for a notebook: a caption, headers that say what they hold, a few rows; no colours of its own.

Everything from the data is escaped. What is set apart is so by weight and opacity, so that it reads in light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

#: Characters of a cell before it is cut; the whole text is then its tooltip.
LONGEST = 100

_CELL = "padding:0.25em 0.7em;text-align:{side};vertical-align:top;border:0;border-bottom:1px solid rgba(128,128,128,0.25);"


@dataclass(frozen=True)
class Cells:
    """One column as shown: its header, the texts, what the header's tooltip says, and whether it holds numbers."""

    header: str
    texts: Sequence[str]
    help: str = ""
    numbers: bool = True


def write_table(columns: Sequence[Cells], *, caption: str, below: Sequence[str] = (), first: Sequence[str] = ()) -> str:
    """The columns as HTML. caption : what a row is and how many there are; first, below : sentences above and below."""
    head = "".join(_header(column) for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>" for row in zip(*(column.texts for column in columns)))
    table = (
        f'<table style="border-collapse:collapse;background:transparent;color:inherit">'
        f'<caption style="caption-side:top;text-align:left;padding:0.3em 0;color:inherit;opacity:0.8">{escape(caption)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    above = "".join(f"<p><strong>{escape(text)}</strong></p>" if i == 0 else _sentence(text) for i, text in enumerate(first))
    return f'<div class="affinity-table">{above}{table}{"".join(map(_sentence, below))}</div>'


def _sentence(text: str) -> str:
    return f'<p style="margin:0.3em 0;opacity:0.8;max-width:60em">{escape(text)}</p>'


def _header(column: Cells) -> str:
    tip = f' title="{escape(column.help)}"' if column.help else ""
    style = _CELL.format(side="right" if column.numbers else "left")
    return f'<th scope="col" style="{style}"{tip}>{escape(column.header)}</th>'


def _cell(column: Cells, text: str) -> str:
    style = _CELL.format(side="right" if column.numbers else "left") + ("white-space:nowrap;" if column.numbers else "")
    tip = f' title="{escape(text)}"' if len(text) > LONGEST else ""
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return f'<td style="{style}"{tip}>{escape(shown)}</td>'
