"""Numbers written by people: one reading of a whole text column, decided from all of its values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from affinity.ingest.workbench import Workbench, quote_name

_COMMA_DECIMAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_SHORT_FRACTION = re.compile(r".*,(\d{1,2}|\d{4,})")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_SIGNS = "$£€¥"


@dataclass(frozen=True)
class NumberReading:
    """How a column is read: ``sql`` gives a DOUBLE or NULL; ``rule`` says it in words where it is not the plain way."""

    sql: str
    rule: str | None = None


def read_number(bench: Workbench, name: str, type_name: str) -> NumberReading:
    """The reading of column ``name`` of ``staged``.

    Plain numbers (2.5, 1e3); where some are not plain: one currency sign around them all, a decimal comma (2,50 and
    1.234,50; at least one fraction that is not three digits, and no decimal point elsewhere), or grouped thousands
    (1,234.50). What still does not read is NULL.
    """
    column = quote_name(name)
    if type_name != "VARCHAR":
        return NumberReading(f"try_cast({column} AS DOUBLE)")
    plain = _cast(column)
    odd = [
        text
        for (text,) in bench.run(
            f"SELECT DISTINCT {column} FROM staged WHERE {column} IS NOT NULL AND {plain} IS NULL LIMIT 1000"
        )
    ]
    if not odd:
        return NumberReading(plain)
    text, rules = column, []
    signs = {sign for sign in _SIGNS if any(sign in value for value in odd)}
    ((points,),) = bench.run(f"SELECT count(*) FILTER (contains({column}, '.')) FROM staged WHERE {plain} IS NOT NULL")
    if len(signs) == 1:
        (sign,) = signs
        text = f"trim(replace({text}, '{sign}', ''))"
        odd = [value.replace(sign, "").strip() for value in odd]
        points += any(re.fullmatch(r"[+-]?\d*\.\d{1,2}", value) is not None for value in odd)
        rules.append(f"{sign} is left out")
    commas = [value for value in odd if _COMMA_DECIMAL.fullmatch(value)]
    if commas and not points and any(_SHORT_FRACTION.fullmatch(value) for value in commas):
        text = f"replace(replace({text}, '.', ''), ',', '.')"
        rules.append("decimal comma")
    elif any(_GROUPED.fullmatch(value) for value in odd):
        text = f"replace({text}, ',', '')"
        rules.append("thousands separated by commas")
    return NumberReading(_cast(text), ", ".join(rules) or None)


def _cast(text: str) -> str:
    return f"CASE WHEN NOT contains({text}, '_') THEN try_cast({text} AS DOUBLE) END"
