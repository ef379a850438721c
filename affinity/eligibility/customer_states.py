"""What keeps a customer from every offer: opted out, left, a status, a bad moment, too new, too unwell, too idle."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from affinity.eligibility.rules import EligibilityRules
from affinity.errors import SettingsError, did_you_mean
from affinity.tables import Customers, Holdings

_NEVER = np.iinfo(np.int32).max
#: States of a customer that hold before and after those of the statuses that the rules list.
_FIRST = ("suppressed_opt_out", "suppressed_ended")
_LAST = (
    "suppressed_escalation", "suppressed_renewal_at_risk", "tenure_too_short", "outside_best_time", "health_too_low",
    "usage_too_low", "not_active",
)  # fmt: skip


def customer_states(
    customers: Customers, holdings: Holdings, rules: EligibilityRules, as_of_day: int | None
) -> tuple[np.ndarray, tuple[str, ...], dict[str, str]]:
    """(int16[n_customers] index of the first state that holds, −1 none; the states in order; state -> note)."""
    people = _People(customers, rules, as_of_day)
    people.look_at_status()
    people.look_at_moments()
    people.look_at_tenure(_tenure(customers, holdings, as_of_day))
    people.look_at_levels()
    first = np.full(len(customers), -1, dtype=np.int16)
    for index, name in reversed(list(enumerate(people.states))):
        first[people.holds[name]] = index
    return first, people.states, people.notes


class _People:
    """Which state holds for whom, rule by rule; a rule that lacks what it needs leaves a note instead."""

    def __init__(self, customers: Customers, rules: EligibilityRules, as_of_day: int | None) -> None:
        self._customers, self._rules, self._as_of_day = customers, rules, as_of_day
        self._status = np.array(["" if s is None else normal_label(s) for s in customers.status], dtype=object)
        listed = [f"suppressed_{normal_label(status)}" for status in rules.suppressed_statuses]
        self.states = tuple(dict.fromkeys([*_FIRST, *(name for name in listed if name not in _LAST), *_LAST]))
        self.holds = {name: np.zeros(len(customers), dtype=bool) for name in self.states}
        self.notes: dict[str, str] = {}

    def look_at_status(self) -> None:
        """Opted out, ended, or of a status that the rules list."""
        customers = self._customers
        opt_outs = {normal_label(status) for status in self._rules.opt_out_statuses}
        ended = customers.ended_at >= 0
        self.holds["suppressed_ended"] |= ended if self._as_of_day is None else ended & (customers.ended_at < self._as_of_day)
        for label in map(normal_label, self._rules.suppressed_statuses):
            self.holds[f"suppressed_{label}"] |= self._status == label
        for label in opt_outs:
            self.holds["suppressed_opt_out"] |= self._status == label

    def look_at_moments(self) -> None:
        """After an escalation; near a renewal while at risk."""
        rules = self._rules
        escalated = self._days("escalated_at", rules.escalation_days, "suppressed_escalation")
        if escalated is not None:
            since = self._day - escalated
            self.holds["suppressed_escalation"] |= (escalated >= 0) & (since >= 1) & (since <= (rules.escalation_days or 0))
        renewal = self._days("renewal_at", rules.renewal_days, "suppressed_renewal_at_risk")
        if renewal is not None:
            until = renewal - self._day
            near = (renewal >= 0) & (until >= 0) & (until <= (rules.renewal_days or 0))
            at_risk = self._status == "at_risk"
            if rules.at_risk_health is not None:
                at_risk = at_risk | (self._customers.health <= rules.at_risk_health)
            self.holds["suppressed_renewal_at_risk"] |= near & at_risk

    def look_at_tenure(self, tenure: np.ndarray | None) -> None:
        """Too short, or outside the best time of the segment."""
        rules = self._rules
        asked = {"tenure_too_short": bool(rules.min_tenure_days), "outside_best_time": rules.best_time_by is not None}
        for state, is_asked in asked.items():
            if is_asked and tenure is None:
                self._note(state, "not applied: without dates there is no as_of")
            elif is_asked and tenure is not None:
                self._note_unknown(state, "tenure", tenure < 0)
        if tenure is None:
            return
        if rules.min_tenure_days:
            self.holds["tenure_too_short"] = (tenure >= 0) & (tenure < rules.min_tenure_days)
        if rules.best_time_by is not None:
            begin, end = self._best_times(rules.best_time_by)
            self.holds["outside_best_time"] = (tenure >= 0) & ((tenure < begin) | (tenure >= end))

    def look_at_levels(self) -> None:
        """Health and usage too low; not active lately."""
        rules, customers = self._rules, self._customers
        levels = (
            ("health_too_low", "health", customers.health, rules.min_health),
            ("usage_too_low", "usage", customers.usage, rules.min_usage),
        )
        for state, name, value, above in levels:
            if above is not None:
                self._note_unknown(state, name, np.isnan(value))
                self.holds[state] = value <= above  # unknown is not below
        active = self._days("last_active_at", rules.max_idle_days, "not_active")
        if active is not None:
            self._note_unknown("not_active", "last_active_at", active < 0)
            self.holds["not_active"] = (active >= 0) & (self._day - active > (rules.max_idle_days or 0))

    @property
    def _day(self) -> int:
        assert self._as_of_day is not None
        return self._as_of_day

    def _days(self, name: str, rule: int | None, state: str) -> np.ndarray | None:
        """A column of dates, or None and a note where the rule is off or cannot be applied."""
        if rule is None:
            return None
        if name not in self._customers.dates:
            self._note(state, f"not applied: the customers have no column {name}")
        elif self._as_of_day is None:
            self._note(state, "not applied: without dates there is no as_of")
        else:
            return self._customers.dates[name]
        return None

    def _best_times(self, by: str) -> tuple[np.ndarray, np.ndarray]:
        """(int64, int64 a customer): first day of the best time and first day after it; 0 and for ever where unknown."""
        if by not in self._customers.segments:
            known = self._customers.segments
            raise SettingsError(f"There is no segment column {by!r} for best_time_by.", do=did_you_mean(by, known))
        days = {normal_label(label): window for label, window in self._rules.best_time_days.items()}
        labels = ["" if label is None else normal_label(label) for label in self._customers.segments[by]]
        windows = np.array([days.get(label, (0, _NEVER)) for label in labels], dtype=np.int64).reshape(-1, 2)
        without = sum(label not in days for label in labels)
        if without:
            self._note("outside_best_time", f"{by} of {without:,} customers has no best time and keeps nobody out")
        return windows[:, 0], windows[:, 1]

    def _note_unknown(self, state: str, name: str, unknown: np.ndarray) -> None:
        if len(unknown) and unknown.all():
            self._note(state, f"not applied: {name} is not known of any customer")
        elif unknown.any():
            self._note(state, f"{name} of {np.count_nonzero(unknown):,} customers is unknown and keeps nobody out")

    def _note(self, state: str, sentence: str) -> None:
        self.notes[state] = "; ".join([*filter(None, [self.notes.get(state)]), sentence])


def normal_label(label: object) -> str:
    """A status or segment in lower case, its words joined by underscores."""
    return _normal_text(str(label))


@lru_cache(maxsize=10_000)
def _normal_text(text: str) -> str:
    return re.sub(r"[\s\-]+", "_", text.strip().lower())


def _tenure(customers: Customers, holdings: Holdings, as_of_day: int | None) -> np.ndarray | None:
    """int64 days from started_at or the first seen purchase, whichever is earlier; −1 unknown; None without as_of."""
    if as_of_day is None:
        return None
    started = np.where(customers.started_at >= 0, customers.started_at, _NEVER).astype(np.int64)
    if holdings.clock == "day" and len(holdings):
        owning = np.flatnonzero(np.diff(holdings.indptr))
        first = np.minimum.reduceat(holdings.first_at, holdings.indptr[:-1][owning])
        started[owning] = np.minimum(started[owning], first)
    return np.where(started < _NEVER, np.maximum(as_of_day - started, 0), -1)
