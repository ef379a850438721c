"""What a named metric is: formula, population, what it needs, source, and its value where orders are given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from affinity.errors import SettingsError, did_you_mean
from affinity.tables import Metrics


@dataclass(frozen=True)
class Explained:
    """facts : plain values for machines; text : the same for people."""

    facts: dict[str, Any]
    text: str


def explain_metric(name: str, found: Metrics | None = None) -> Explained:
    """The metric ``name``, with its rows over everybody of ``found`` where given.

    The bare "cross_sell_rate" is answered by the metrics that it may mean, with their values. SettingsError for an unknown
    name.
    """
    from affinity.metrics import DEFINITIONS
    from affinity.metrics.meanings import MEANINGS, is_ambiguous

    base = name.partition("(")[0].strip()
    if is_ambiguous(base):
        said = [_describe(one, found) for one in MEANINGS]
        text = f"There is no metric {name!r}: one name for {len(said)} different ratios. Name the one you mean.\n\n"
        return Explained({"name": name, "may_mean": [one.facts for one in said]}, text + "\n\n".join(one.text for one in said))
    if base not in DEFINITIONS:
        raise SettingsError(f"There is no metric {name!r}.", do=did_you_mean(base, DEFINITIONS))
    return _describe(base, found)


def _describe(name: str, found: Metrics | None) -> Explained:
    from affinity.metrics import DEFINITIONS

    definition = DEFINITIONS[name]
    facts: dict[str, Any] = {
        "metric": name,
        "formula": definition.formula,
        "population": definition.population,
        "needs": definition.needs,
        "source": definition.source,
    }
    lines = [name, *(f"  {key:<10}  {value}" for key, value in list(facts.items())[1:])]
    if found is not None:
        facts["values"] = [row for row in _rows(found) if row["metric"].partition("(")[0] == name]
        lines += [f"  {'here':<10}  {_tell(row)}" for row in facts["values"]]
        if not facts["values"]:
            lines.append(f"  {'here':<10}  a plain function of counts: affinity.metrics.find_metric({name!r})")
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
