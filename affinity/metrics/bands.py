"""Segments that are worked out: bands of tenure, health, usage, size, revenue; cohort, what was held, the way there.

Each function takes `Facts` and gives object[n_customers] labels, None where unknown. What is measured in the window is
split by what was known before it (tenure apart, which runs with the calendar), so that no split depends on the outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from affinity.metrics.facts import NEVER, Facts

#: More labels than these are pooled into ``OTHER``, the rarest first.
MAX_LABELS = 20
OTHER = "(other)"
NEW = "(new in the window)"
_MAX_NAMED = 3  # families of a combination or a step, and steps of a path, that are named


def by_tenure(facts: Facts) -> np.ndarray:
    """Y1, Y2, Y3+ (``tenure_edges_days``): whole years from the start, or the first seen purchase, to as_of."""
    edges = facts.settings.tenure_edges_days
    if facts.as_of_day is None or facts.lines.clock != "day":
        return _nobody(facts)
    names = [*(f"Y{i + 1}" for i in range(len(edges))), f"Y{len(edges) + 1}+"]
    band = np.searchsorted(edges, facts.as_of_day - facts.began_at, side="right")
    return np.array([*names, None], dtype=object)[np.where(facts.began_at < NEVER, band, len(names))]


def by_cohort(facts: Facts) -> np.ndarray:
    """The calendar quarter (``cohort_by``) of the start, or of the first seen purchase."""
    if facts.lines.clock != "day":
        return _nobody(facts)
    known = np.flatnonzero(facts.began_at < NEVER)
    labels = _nobody(facts)
    labels[known] = name_cohorts(facts.began_at[known], facts.settings.cohort_by)
    return labels


def name_cohorts(day: np.ndarray, cohort_by: str) -> np.ndarray:
    """Text[n] of days since the epoch: 2025, 2025-Q1 or 2025-01."""
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    distinct, place = np.unique(month, return_inverse=True)
    wording: dict[str, Callable[[int, int], str]] = {
        "year": lambda y, m: f"{y}",
        "quarter": lambda y, m: f"{y}-Q{m // 3 + 1}",
        "month": lambda y, m: f"{y}-{m + 1:02}",
    }
    named = [wording[cohort_by](1970 + m // 12, m % 12) for m in distinct.tolist()]
    return np.array(named, dtype="U16")[place]


def by_health(facts: Facts) -> np.ndarray:
    """low, medium, high by ``health_edges`` (S2: above 60 is healthy, above 75 highly engaged)."""
    return _bands(facts.customers.health, facts.settings.health_edges, ("low", "medium", "high"))


def by_usage(facts: Facts) -> np.ndarray:
    """low, medium, high by ``usage_edges`` (S2: above half of the capacity is core usage)."""
    return _bands(facts.customers.usage, facts.settings.usage_edges, ("low", "medium", "high"))


def by_employees(facts: Facts) -> np.ndarray:
    """Below 200, 200 to 1,000, more (S2; ``employee_edges``), from a customer column "employees"."""
    column = facts.customers.segments.get("employees", _nobody(facts))
    low, high = facts.settings.employee_edges
    names = (f"<{low:,}", f"{low:,}-{high:,}", f">{high:,}")
    return _bands(np.array([_number(text) for text in column], dtype=np.float64), (low - 0.5, high), names)


def by_revenue_tier(facts: Facts) -> np.ndarray:
    """Tier 1, 2, 3 by the revenue of the 365 days before the window (``revenue_edges``; S2's tiers)."""
    if facts.start_day is None or facts.lines.clock != "day":
        return _nobody(facts)
    lines, low_high = facts.lines, facts.settings.revenue_edges
    inside = (lines.customer >= 0) & (facts.at < facts.start_day) & (facts.at >= facts.start_day - 365)
    inside &= np.isfinite(lines.net_amount)
    revenue = np.bincount(lines.customer[inside], lines.net_amount[inside], minlength=len(lines.customers))
    return _bands(revenue, (np.nextafter(low_high[0], -np.inf), low_high[1]), ("tier 3", "tier 2", "tier 1"))


def by_combination(facts: Facts) -> np.ndarray:
    """The families that were owned at the start of the window, joined by " + "."""
    return _described(facts, lambda steps: _join(sorted(name for step in steps for name in step)))


def by_purchase_path(facts: Facts) -> np.ndarray:
    """The families in the order in which they were first bought before the window, joined by " > "."""

    def describe(steps: list[list[str]]) -> str:
        return " > ".join([*(_join(sorted(step)) for step in steps[:_MAX_NAMED]), *["…"][: len(steps) > _MAX_NAMED]])

    return _described(facts, describe)


def by_first_product(facts: Facts) -> np.ndarray:
    """The family (or families) of the first purchase, whenever it was."""
    return _described(facts, lambda steps: _join(sorted(steps[0])), everything=True)


BANDS: dict[str, Callable[[Facts], np.ndarray]] = {
    "tenure": by_tenure,
    "cohort": by_cohort,
    "health": by_health,
    "usage": by_usage,
    "employees": by_employees,
    "revenue_tier": by_revenue_tier,
    "combination": by_combination,
    "purchase_path": by_purchase_path,
    "first_product": by_first_product,
}

#: Bands of a number of the customer file: they stand for the column itself.
BANDS_OF_NUMBERS = ("health", "usage", "employees")


def _nobody(facts: Facts) -> np.ndarray:
    return np.full(len(facts.lines.customers), None, dtype=object)


def _bands(number: np.ndarray, edges: tuple[float, float], names: tuple[str, str, str]) -> np.ndarray:
    band = np.searchsorted(edges, number, side="left")  # an edge itself belongs to the band below
    return np.array([*names, None], dtype=object)[np.where(np.isnan(number), len(names), band)]


def _number(text: str | None) -> float:
    try:
        return float(str(text).replace(",", ""))
    except ValueError:
        return float("nan")


def _join(names: list[str]) -> str:
    return " + ".join(names) if len(names) <= _MAX_NAMED else f"{_MAX_NAMED + 1} or more families"


def _described(facts: Facts, describe: Callable[[list[list[str]]], str], *, everything: bool = False) -> np.ndarray:
    """A label of each customer's families, in steps of one time each; of those before the window, or of ``everything``."""
    if facts.lines.clock is None:
        return _nobody(facts)
    pairs, names = facts.by_family, facts.family_names
    before = np.full(len(pairs.item), True) if everything or facts.start_day is None else pairs.first_at < facts.start_day
    rows = np.flatnonzero(before)
    rows = rows[np.lexsort((pairs.first_at[rows], pairs.customer[rows]))]
    steps_of: dict[int, list[list[str]]] = {}
    last: tuple[int, int] | None = None
    for customer, at, item in zip(pairs.customer[rows].tolist(), pairs.first_at[rows].tolist(), pairs.item[rows].tolist()):
        steps = steps_of.setdefault(customer, [])
        if (customer, at) != last:
            steps.append([])
            last = customer, at
        steps[-1].append(names[item])
    labels = _nobody(facts)
    labels[np.unique(pairs.customer)] = NEW
    for customer, steps in steps_of.items():
        labels[customer] = describe(steps)
    return _pooled(labels)


def _pooled(labels: np.ndarray) -> np.ndarray:
    """``labels`` with all but the ``MAX_LABELS`` most frequent (ties: in text order) pooled."""
    counts = Counter(label for label in labels.tolist() if label is not None and label != NEW)
    kept = {NEW, *(label for label, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_LABELS])}
    return np.array([label if label is None or label in kept else OTHER for label in labels.tolist()] or labels, dtype=object)
