"""Rules of a release: which of them are asked for, in which order, and how many the filter hides.

Everything is a question to rules.parquet, answered by DuckDB a page at a time; what a user typed is only ever a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from affinity.measures import get_measure
from affinity.measures.registry import MEASURES
from affinity.serve.page.desk import Desk

#: A rule whose q-value is at most this is told apart from chance.
CONTROLLED = 0.05

#: 97.5 % of the normal distribution lie below it.
Z = 1.959963984540054

_P = "(count / antecedent_count)"
_MIDDLE = f"{_P} + {Z * Z / 2} / antecedent_count"
_HALF = f"{Z} * sqrt({_P} * (1 - {_P}) / antecedent_count + {Z * Z / 4} / (antecedent_count * antecedent_count))"
_WIDENED = f"(1 + {Z * Z} / antecedent_count)"

#: Columns that are worked out of a rule's counts: Wilson bounds of confidence; the share of all baskets that hold the
#: consequent; and by how much confidence is above it at least.
WORKED_OUT = {
    "confidence_lower": f"({_MIDDLE} - {_HALF}) / {_WIDENED}",
    "confidence_upper": f"({_MIDDLE} + {_HALF}) / {_WIDENED}",
    "expected": "consequent_count * support / nullif(count, 0)",
    "gain": f"({_MIDDLE} - {_HALF}) / {_WIDENED} - consequent_count * support / nullif(count, 0)",
    "size": "len(antecedents) + len(consequents)",
}

#: What the table always shows; any other measure that is sorted by gets a column of its own.
ALWAYS = ("count", "confidence", "gain", "q_value")

_HIT = (
    "file_row_number IN (SELECT row FROM (SELECT file_row_number AS row, unnest({side}) AS item FROM {source}) WHERE item IN "
    "(SELECT product_id FROM products WHERE contains(lower(product_id), lower(?)) OR contains(lower(coalesce(name, '')), "
    "lower(?))))"
)
_SOURCE = "read_parquet(?, file_row_number = true)"


@dataclass(frozen=True)
class RuleFilter:
    """Which rules: products whose id or name contains a text on either side, bounds, and products in the rule at most."""

    antecedent: str = ""
    consequent: str = ""
    min_count: int | None = None
    min_confidence: float | None = None
    max_q: float | None = None
    max_size: int | None = None


@dataclass(frozen=True)
class RuleQuery:
    """A filter, a column to sort by and its direction."""

    filter: RuleFilter = field(default_factory=RuleFilter)
    sort: str = "gain"
    down: bool = True


def measure_columns(desk: Desk) -> list[str]:
    """Names of the numbers that rules of the release can be sorted by: gain first, then as published."""

    def make() -> list[str]:
        described = desk.ask("SELECT column_name AS name, column_type AS type FROM (DESCRIBE rules)")
        return ["gain", *(one["name"] for one in described if one["type"] in ("DOUBLE", "BIGINT", "INTEGER")), "size"]

    return list(desk.once("rule measures", make))


def formula_of(name: str) -> tuple[str, str]:
    """(formula, range in words) of a measure of the measures room; empty for another column."""
    if name not in MEASURES:
        return "", ""
    measure = get_measure(name)
    bounds = f"{_bound(measure.low)} to {_bound(measure.high)}"
    none = "" if measure.at_independence is None else f"; {measure.at_independence:g} where the two sides are independent"
    return measure.formula, bounds + none


def _bound(value: float) -> str:
    return f"{'−' if value < 0 else ''}{'∞' if abs(value) == float('inf') else f'{abs(value):g}'}"


def count_rules(desk: Desk, asked: RuleFilter) -> dict[str, int]:
    """total, matched, and how many each part of the filter hides by itself (they overlap)."""
    parts = _conditions(desk, asked)
    matched = " AND ".join(f"({sql})" for sql, _ in parts.values()) or "true"
    columns = ["count(*) AS total", f"count(*) FILTER (WHERE {matched}) AS matched"]
    columns += [f"count(*) FILTER (WHERE NOT ({sql})) AS {name}" for name, (sql, _) in parts.items()]
    values = [value for _, given in parts.values() for value in given]
    sql = f"SELECT {', '.join(columns)} FROM {_SOURCE}"
    return dict(desk.once(("rule counts", asked), lambda: desk.ask(sql, [*values, *values, _path(desk)])[0]))


def list_rules(desk: Desk, asked: RuleQuery, offset: int, limit: int) -> list[dict[str, Any]]:
    """``limit`` rules from ``offset`` on, with what is worked out of their counts. First their rows, then what they hold."""
    where, values = _where(desk, asked.filter)
    path = _path(desk)
    order = f"SELECT file_row_number AS row FROM {_SOURCE}{where} ORDER BY {_order(asked)} LIMIT ? OFFSET ?"
    rows = [one["row"] for one in desk.ask(order, [path, *values, limit, offset])]
    worked = ", ".join(f"{sql} AS {name}" for name, sql in WORKED_OUT.items())
    found = desk.ask(f"SELECT *, {worked} FROM {_SOURCE} WHERE file_row_number IN (SELECT unnest(?))", [path, rows])
    by_row = {one["file_row_number"]: one for one in found}
    return [by_row[row] for row in rows]


def export_question(desk: Desk, asked: RuleQuery) -> tuple[str, list[Any]]:
    """The SQL that gives all the rules asked for, in their order, and its values."""
    where, values = _where(desk, asked.filter)
    names = ("confidence_lower", "confidence_upper", "gain")
    worked = ", ".join(f"{WORKED_OUT[name]} AS {name}" for name in names)
    published = "* EXCLUDE (file_row_number)"
    return f"SELECT {published}, {worked} FROM {_SOURCE}{where} ORDER BY {_order(asked)}", [_path(desk), *values]


def shrunk_lifts(desk: Desk, rules: list[dict[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """(antecedent, consequent) -> lift_eb with its bounds, of the rules that have one product on each side."""
    pairs = [(one["antecedents"][0], one["consequents"][0]) for one in rules if one["size"] == 2]
    if not pairs:
        return {}
    described = desk.once("pair columns", lambda: desk.ask("SELECT column_name AS name FROM (DESCRIBE pairs)"))
    upper = "lift_eb_upper" if {"name": "lift_eb_upper"} in described else "NULL"
    asked = (
        f"SELECT antecedent, consequent, lift_eb, lift_eb_lower, {upper} AS lift_eb_upper FROM pairs WHERE "
        "antecedent IN (SELECT unnest(?)) AND consequent IN (SELECT unnest(?))"
    )
    first, second = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    return {(one["antecedent"], one["consequent"]): one for one in desk.ask(asked, [first, second])}


def _path(desk: Desk) -> str:
    return str(desk.release.path.resolve() / "rules.parquet")


def _conditions(desk: Desk, asked: RuleFilter) -> dict[str, tuple[str, list[Any]]]:
    """name of the part -> (its SQL, its values)"""
    parts: dict[str, tuple[str, list[Any]]] = {}
    for name, side in (("antecedent", "antecedents"), ("consequent", "consequents")):
        text = getattr(asked, name)
        if text:
            parts[name] = (_HIT.format(side=side, source=_SOURCE), [_path(desk), text, text])
    bounds = {
        "min_count": "count >= ?",
        "min_confidence": "coalesce(confidence >= ?, false)",
        "max_q": "coalesce(NOT isnan(q_value) AND q_value <= ?, false)",
        "max_size": f"{WORKED_OUT['size']} <= ?",
    }
    parts |= {name: (sql, [getattr(asked, name)]) for name, sql in bounds.items() if getattr(asked, name) is not None}
    return parts


def _where(desk: Desk, asked: RuleFilter) -> tuple[str, list[Any]]:
    parts = _conditions(desk, asked)
    if not parts:
        return "", []
    return " WHERE " + " AND ".join(f"({sql})" for sql, _ in parts.values()), [v for _, given in parts.values() for v in given]


def _order(asked: RuleQuery) -> str:
    """The order, ties as published. By gain, rules that are told apart from chance come first, whichever the direction."""
    way = "DESC" if asked.down else "ASC"
    known = WORKED_OUT.get(asked.sort) or '"' + asked.sort.replace('"', '""') + '"'
    value = f"(CASE WHEN isnan(({known})::DOUBLE) THEN NULL ELSE {known} END)"
    first = f"coalesce(NOT isnan(q_value) AND q_value <= {CONTROLLED}, false) DESC, " if asked.sort == "gain" else ""
    return f"{first}{value} {way} NULLS LAST, file_row_number"
