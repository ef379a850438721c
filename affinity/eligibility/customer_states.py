"""What keeps a customer from every offer: opted out, left, a status, too new, too unwell, too idle."""

from __future__ import annotations

import re

import numpy as np

from affinity.eligibility.rules import EligibilityRules
from affinity.tables import Customers, Holdings

_NEVER = np.iinfo(np.int32).max


def customer_states(
    customers: Customers, holdings: Holdings, rules: EligibilityRules, as_of_day: int | None
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """(int16[n_customers] index of the first state that holds, −1 none; the states in order; notes)."""
    opt_outs = {_normal(status) for status in rules.opt_out_statuses}
    listed = dict.fromkeys(_normal(status) for status in rules.suppressed_statuses)
    by_status = [f"suppressed_{status}" for status in listed if status not in opt_outs and status != "ended"]
    names = ["suppressed_opt_out", "suppressed_ended", *by_status, "tenure_too_short", "health_too_low", "usage_too_low"]
    status = np.array(["" if s is None else _normal(s) for s in customers.status], dtype=object)
    notes: list[str] = []
    holds = [np.array([s in opt_outs for s in status], dtype=bool), _ended(customers, as_of_day)]
    if "ended" in listed:
        holds[1] |= status == "ended"
    holds += [status == name.removeprefix("suppressed_") for name in by_status]
    holds.append(_too_short(customers, holdings, rules.min_tenure_days, as_of_day, notes))
    holds.append(_too_low(customers.health, rules.min_health, "health", notes))
    holds.append(_too_low(customers.usage, rules.min_usage, "usage", notes))
    first = np.full(len(customers), -1, dtype=np.int16)
    for index in reversed(range(len(names))):
        first[holds[index]] = index
    return first, tuple(names), tuple(notes)


def _normal(status: object) -> str:
    return re.sub(r"[\s\-]+", "_", str(status).strip().lower())


def _ended(customers: Customers, as_of_day: int | None) -> np.ndarray:
    known = customers.ended_at >= 0
    return known if as_of_day is None else known & (customers.ended_at < as_of_day)


def _too_short(
    customers: Customers, holdings: Holdings, min_days: int | None, as_of_day: int | None, notes: list[str]
) -> np.ndarray:
    """Tenure counts from started_at or the first seen purchase, whichever is earlier."""
    if not min_days:
        return np.zeros(len(customers), dtype=bool)
    started = np.where(customers.started_at >= 0, customers.started_at, _NEVER)
    if holdings.clock == "day" and len(holdings):
        np.minimum.at(started, holdings.customer, holdings.first_at)
    known = started < _NEVER
    if as_of_day is None:
        notes.append("tenure_too_short is not applied: without dates there is no as_of")
        return np.zeros(len(customers), dtype=bool)
    if not known.all():
        notes.append(f"tenure of {np.count_nonzero(~known):,} customers is unknown and keeps nobody out")
    return known & (as_of_day - started < min_days)


def _too_low(value: np.ndarray, above: float | None, name: str, notes: list[str]) -> np.ndarray:
    if above is None:
        return np.zeros(len(value), dtype=bool)
    unknown = np.isnan(value)
    if unknown.any():
        notes.append(f"{name} of {np.count_nonzero(unknown):,} customers is unknown and keeps nobody out")
    return ~unknown & (value <= above)
