"""What a named metric is, in words and as plain values, with its figures where orders are given."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from affinity.tables import Metrics


@dataclass(frozen=True)
class Explained:
    """facts : plain values for machines; text : the same for people."""

    facts: dict[str, Any]
    text: str


def explain_here(name: str, found: Metrics | None = None) -> Explained:
    """The metric ``name``, with its rows over everybody of ``found`` where given.

    The bare "cross_sell_rate" is answered by the metrics that it may mean, with their values. SettingsError for an unknown
    name.
    """
    from affinity.metrics.meanings import MEANINGS, is_ambiguous

    if not is_ambiguous(name):
        return _describe(name, found)
    said = [_describe(one, found) for one in MEANINGS]
    text = f"There is no metric {name!r}: one name for {len(said)} different ratios. Name the one you mean.\n\n"
    return Explained({"name": name, "may_mean": [one.facts for one in said]}, text + "\n\n".join(one.text for one in said))


def _describe(name: str, found: Metrics | None) -> Explained:
    from affinity.metrics import explain_metric

    explanation = explain_metric(name)
    facts: dict[str, Any] = asdict(explanation)
    facts = {"metric": facts.pop("name"), **facts}
    lines = [str(explanation)]
    if found is not None:
        facts["values"] = [row for row in _rows(found) if row["metric"].partition("(")[0] == explanation.name]
        lines += [f"  here        {_tell(row)}" for row in facts["values"]]
        if not facts["values"]:
            lines.append("  here        not counted from tables")
    return Explained(facts, "\n".join(lines))


def _rows(found: Metrics) -> list[dict[str, Any]]:
    """The rows over everybody, as plain values."""
    names = ("metric", "window", "numerator", "denominator", "value", "lower", "upper", "note")
    columns = found.columns()
    rows = [dict(zip(names, row)) for row in zip(*(columns[name].tolist() for name in names))]  # type: ignore[union-attr]
    plain = [{key: None if _is_nan(value) else value for key, value in row.items()} for row in rows]
    return [row for row, segment in zip(plain, found.segment.tolist()) if segment is None]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _tell(row: dict[str, Any]) -> str:
    """ "attach_rate(tea, milk) = 0.12 (600 / 5,000), 0.111 to 0.129", or the reason why it is null."""
    if row["value"] is None:
        return f"{row['metric']}: null ({row['note']})"
    parts = "" if row["denominator"] is None else f" ({row['numerator']:,.6g} / {row['denominator']:,.6g})"
    bounds = "" if row["lower"] is None else f", {row['lower']:,.4g} to {row['upper']:,.4g}"
    return f"{row['metric']} = {row['value']:,.4g}{parts}{bounds}"
