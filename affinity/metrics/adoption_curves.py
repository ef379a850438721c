"""Curves behind the metrics of time: adoption by day and segment, and by cohort and month (the cohort triangle)."""

from __future__ import annotations

import numpy as np

from affinity.errors import MissingPart, SettingsError
from affinity.metrics.bands import name_cohorts
from affinity.metrics.facts import Facts, gather_facts
from affinity.metrics.segments import find_segments
from affinity.metrics.tally import Durations, Undefined
from affinity.metrics.velocity import DAYS_A_MONTH, time_to_added
from affinity.settings import MetricSettings
from affinity.statistics import survival
from affinity.tables import AdoptionCurves, CohortTriangle, Customers, OrderLines, Products


def trace_adoption(
    lines: OrderLines,
    *,
    products: Products | None = None,
    customers: Customers | None = None,
    settings: MetricSettings | None = None,
    by: str | None = None,
) -> AdoptionCurves:
    """The Kaplan–Meier curve of the first added family since the first purchase, over everybody or by segment.

    lines : net order lines cut at as_of

    Formula and bounds as in `affinity.statistics.survival`. Customers who bought two families at once have added none
    yet; those of one day only are not followed and stay out. Raises MissingPart with the reason where time or families
    are unknown, UnknownColumns for ``by``.
    """
    facts, durations = _follow(lines, products, customers, settings)
    if by is None:
        names: list[str | None] = [None]
        group = np.zeros(len(durations.event), dtype=np.int64)
    else:
        split = find_segments(facts, by)
        names, group = [*split.labels], split.of_customer[durations.customer]
    indptr, day, at_risk, events = survival.count_life_table(durations.followed_days, durations.event, group, len(names))
    curve = survival.cumulative_curve(indptr, day, at_risk, events)
    inside = durations.followed_days >= 1
    followed = np.bincount(group[inside], minlength=len(names))
    longest = np.zeros(len(names), dtype=np.int64)
    np.maximum.at(longest, group[inside], durations.followed_days[inside])
    of_row = np.repeat(np.arange(len(names)), np.diff(indptr))
    size = survival.effective_size(curve.rate, curve.variance, followed[of_row], followed[of_row])
    lower, upper = survival.rate_bounds(curve.rate, size)
    return AdoptionCurves(
        segment=np.array(names, dtype=object)[of_row],
        customers=followed[of_row],
        day=day,
        at_risk=at_risk.astype(np.int64),
        events=events.astype(np.int64),
        rate=curve.rate,
        lower=lower,
        upper=upper,
        segment_by=by,
        segments={name: (int(followed[i]), int(longest[i])) for i, name in enumerate(names) if followed[i]},
    )


def count_triangle(
    lines: OrderLines,
    *,
    months: int,
    products: Products | None = None,
    customers: Customers | None = None,
    settings: MetricSettings | None = None,
) -> CohortTriangle:
    """The share of each cohort (``settings.cohort_by`` of the first purchase) that has added a family within 1 … ``months``.

    Kaplan–Meier within the cohort, so that those not followed to the month are censored, not a "no". MissingPart as
    `trace_adoption`.
    """
    if months < 1:
        raise SettingsError(f"months={months}: there is no month before the first.", do="Give 1 or more.")
    facts, durations = _follow(lines, products, customers, settings)
    assert facts.as_of_day is not None
    first = facts.first_at[durations.customer]
    labels, cohort = np.unique(name_cohorts(first, facts.settings.cohort_by), return_inverse=True)
    groups = len(labels)
    n = np.bincount(cohort, minlength=groups)
    table = survival.count_life_table(durations.followed_days, durations.event, cohort, groups)
    curve = survival.cumulative_curve(*table)
    follow_up = facts.as_of_day - 1 - first
    columns: dict[str, list[np.ndarray]] = {}
    for month in range(1, months + 1):
        days = round(month * DAYS_A_MONTH)
        rate, variance = curve.at(days)
        open_then = np.bincount(cohort[durations.followed_days >= days], minlength=groups)
        followed = np.bincount(cohort[follow_up >= days], minlength=groups)
        adopted = np.bincount(cohort[durations.event & (durations.followed_days <= days)], minlength=groups)
        size = survival.effective_size(rate, variance, n, survival.steady_size(n, open_then))
        lower, upper = survival.rate_bounds(rate, size)
        unseen = (open_then == 0) & (rate < 1)
        row = {
            "month": np.full(groups, month, dtype=np.int32),
            "followed": followed,
            "adopted": adopted,
            "rate": np.where(unseen, np.nan, rate),
            "lower": np.where(unseen, np.nan, lower),
            "upper": np.where(unseen, np.nan, upper),
            "complete": followed == n,
        }
        for name, values in row.items():
            columns.setdefault(name, []).append(values)
    return CohortTriangle(
        cohort=np.repeat(labels.astype(object), months),
        customers=np.repeat(n, months),
        **{name: np.stack(values, axis=1).ravel() for name, values in columns.items()},
    )


def _follow(
    lines: OrderLines, products: Products | None, customers: Customers | None, settings: MetricSettings | None
) -> tuple[Facts, Durations]:
    """Days to the first added family, of every customer; MissingPart where they are not known."""
    facts = gather_facts(lines, products=products, customers=customers, settings=settings)
    durations = time_to_added(facts)
    if isinstance(durations, Undefined):
        raise MissingPart(f"Adoption cannot be followed: {durations.note}.", do="Give customers, dates and two families.")
    return facts, durations
