"""A run told in one screen: what was read, the strongest pairs, sample recommendations, the metrics."""

from __future__ import annotations

from textwrap import fill

import numpy as np

from affinity.cli.output import format_frame, format_reasons
from affinity.result import Result
from affinity.tables.families import CROSS_SELL


def describe_result(result: Result) -> str:
    """The summary that `affinity run` and `affinity demo` print."""
    parts = [
        str(result.lines.report),
        _headline(result),
        _pairs(result),
        _conversions(result),
        _recommendations(result),
        _metrics(result),
        *(f"No {part}: {note}" for part, note in result.notes.items()),
        *(f"Capped by {setting}: {what}" for setting, what in result.capped.items()),
    ]
    return "\n\n".join(part for part in parts if part)


def _headline(result: Result) -> str:
    found = result.report()["found"]
    counts = ", ".join(f"{count:,} {name}" for name, count in found.items())
    return f"As of {result.as_of or 'the last line'}: {counts}"


def _pairs(result: Result) -> str:
    edges = result.graph
    once = edges.antecedent < edges.consequent
    rows = np.flatnonzero(once)
    best = rows[np.lexsort((rows, -edges.count[rows], -edges.lift_eb_lower[rows]))][:8]
    frame = _with_names(edges.rows_to_pandas(best), result, ["antecedent", "consequent"])
    shown = ["antecedent", "consequent", "count", "confidence", "lift", "lift_eb", "q_value"]
    return "Bought together (strongest shrunk lift; lift alone is never ranked by)\n" + format_frame(frame, shown, 8)


def _conversions(result: Result) -> str:
    table = result.conversion
    if table is None or not len(table):
        return ""
    horizon = result.settings.horizon_days
    shown = (table.horizon_days == horizon) & (table.converted >= 10)
    shown &= np.isfinite(table.hazard_ratio_lower) & np.isfinite(table.rate)
    if table.kind is not None:
        shown &= table.kind == CROSS_SELL
    rows = np.flatnonzero(shown)
    best = rows[np.lexsort((rows, -table.hazard_ratio_lower[rows]))][:8]
    if not len(best):
        return ""
    frame = _with_names(table.rows_to_pandas(best), result, ["antecedent", "consequent"])
    columns = ["antecedent", "consequent", "eligible", "converted", "rate", "lower", "upper", "hazard_ratio"]
    title = (
        f"Bought next, within {horizon} days, from another product family (against similar buyers; an association, no effect)"
    )
    return f"{title}\n" + format_frame(frame, columns, 8)


def _recommendations(result: Result) -> str:
    recs, customer = result.recommendations, result.sample_customer()
    if recs is None or customer is None:
        return ""
    return "The highest-fit cross-sell, one customer as an example\n" + format_reasons(recs.of(customer), limit=5, named=False)


def _metrics(result: Result) -> str:
    frame = result.metrics.to_pandas()
    whole = frame[frame["segment"].isna()]
    known, unknown = whole[whole["value"].notna()], whole[whole["value"].isna()]
    shown = ["metric", "numerator", "denominator", "value", "lower", "upper", "note"]
    text = "Metrics\n" + format_frame(known, shown, 40)
    if len(unknown):
        text += f"\n{len(unknown)} more need what is not there; affinity metrics --explain NAME says what: "
        text += fill(", ".join(unknown["metric"]), width=120, initial_indent="", subsequent_indent="  ")
    return text


def _with_names(frame: object, result: Result, columns: list[str]) -> object:
    """The frame with product names where they are known."""
    names = {label: name or label for label, name in zip(result.products.products.labels, result.products.name)}
    changed = frame.copy()  # type: ignore[attr-defined]
    for column in columns:
        changed[column] = changed[column].map(names).str.slice(0, 34)
    return changed
