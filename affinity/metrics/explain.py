"""What a metric is and what it takes, for a user who finds it null."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from affinity.metrics.definitions import DEFINITIONS, SOURCES
from affinity.metrics.registry import FORMULAS, MEASURES, check_name, find_metric


@dataclass(frozen=True)
class Explanation:
    """formula, population, source and needs as in `Definition`; function : the plain function of counts, with its parameters;
    measured : whether `compute_metrics` counts it from tables."""

    name: str
    formula: str
    population: str
    source: str
    needs: str
    function: str | None
    measured: bool

    def __str__(self) -> str:
        """Some lines for people, the short names of the sources written out."""
        named = ", ".join(f"{short} is {page}" for short, page in SOURCES.items() if short in self.source)
        lines = [
            self.name,
            f"  formula     {self.formula}",
            f"  population  {self.population}",
            f"  needs       {self.needs}",
            f"  source      {self.source}" + (f" ({named})" if named else ""),
        ]
        return "\n".join(lines if self.function is None else [*lines, f"  from counts affinity.metrics.{self.function}"])


def explain_metric(name: str) -> Explanation:
    """Definition, formula, needed columns and source of the metric ``name``; a pair's "attach_rate(A, B)" is "attach_rate".

    Raises SettingsError for an unknown name (with the nearest), and for a bare "cross_sell_rate" with what it may mean.

    >>> print(explain_metric("simple_ltv").needs.split(";")[0])
    subscriptions: customer_id, product_id, started_at, ended_at, recurring (or products: lasting_days)
    """
    base = name.partition("(")[0].strip()
    check_name(base, dict.fromkeys(DEFINITIONS, ""))
    found, measured = DEFINITIONS[base], base in MEASURES or base in ("attach_rate", "pair_conversion_rate")
    function = None
    if base in FORMULAS:
        plain = find_metric(base)
        parameters = ", ".join(inspect.signature(plain).parameters)
        function = f"{FORMULAS[base].split(':')[0].rsplit('.', 1)[1]}.{base}({parameters})"
    return Explanation(base, found.formula, found.population, found.source, found.needs, function, measured)
