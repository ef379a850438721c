"""Life tables of shards of the customers, or of days that follow each other, added up.

Whether a customer is at risk on a day concerns that customer and that day alone, so every count of a life table is a sum
over both. Pairs and days without an event in one part may have one in another: each part first says where it saw
events, then counts, on the union of those, what adds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from affinity.counting.life_tables import count_life_tables
from affinity.errors import InputError
from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.life_tables import EventDays, LifeTables

_ALIKE = ("horizons_days", "wash_in_days", "start_day", "gap_days", "churn", "sale_date_step_days")
SUMMED = (
    "at_risk", "events", "eligible", "prior", "simultaneous", "followed", "exposure", "observed", "index_exposure",
    "index_events", "index_repeats", "owners", "entered", "owner_exposure", "owner_events", "excluded",
)  # fmt: skip


def unite_event_days(parts: Sequence[LifeTables], *, min_converted: int = 1) -> EventDays:
    """The pairs with ``min_converted`` events over all ``parts`` together, and the days on which any of them had one.

    The parts must have been counted with min_converted=1.
    """
    products = parts[0].products
    n, span = len(products), 1 + max(int(part.day.max(initial=0)) for part in parts)
    keys, events = [], []
    for part in parts:
        products.require_same(part.products)
        pair = np.repeat(part.antecedent.astype(np.int64) * n + part.consequent, np.diff(part.indptr))
        keys.append(pair * span + part.day)
        events.append(part.events)
    key = np.unique(np.concatenate(keys))
    total = np.zeros(len(key), dtype=np.int64)
    np.add.at(total, np.searchsorted(key, np.concatenate(keys)), np.concatenate(events))
    pair, first, lengths = np.unique(key // span, return_index=True, return_counts=True)
    enough = np.add.reduceat(total, first) >= min_converted if len(first) else np.empty(0, dtype=bool)
    kept = np.repeat(enough, lengths)
    indptr = np.concatenate([[0], np.cumsum(lengths[enough])]).astype(np.int64)
    chosen = pair[enough]
    days = (key[kept] % span).astype(np.int32)
    return EventDays((chosen // n).astype(np.int32), (chosen % n).astype(np.int32), indptr, days, products)


def add_life_tables(parts: Sequence[LifeTables]) -> LifeTables:
    """The life tables of all ``parts`` together: disjoint customers, or the same ones over days that follow each other.

    Every part was counted with the same ``asked`` (see `unite_event_days`), settings and vocabulary; parts of days with
    ``observed_from_day`` = the ``as_of_day`` of the part before. Days add up while what was bought before stays
    as it was: a return or a customer who passes max_products_per_customer changes the past, which is then to be recounted.

    Raises InputError when the parts do not have the same rows, or were counted by other rules.
    """
    first = parts[0]
    for other in parts[1:]:
        first.products.require_same(other.products)
        for name in _ALIKE:
            if getattr(first, name) != getattr(other, name):
                raise InputError(
                    f"Life tables with {name}={getattr(first, name)!r} and {getattr(other, name)!r} cannot be added.",
                    why="Counts by different rules have no common meaning.",
                    do=f"Count every part with the same {name}.",
                )
        same = all(np.array_equal(getattr(first, name), getattr(other, name)) for name in ("antecedent", "consequent", "day"))
        if not same or not np.array_equal(first.indptr, other.indptr):
            raise InputError(
                "The life tables hold different pairs or days and cannot be added.",
                why="A pair without events in one part has customers at risk there all the same.",
                do="Count every part with asked=unite_event_days(parts).",
            )
    sums = {name: sum(getattr(part, name) for part in parts) for name in SUMMED}
    latest = max(part.as_of_day or 0 for part in parts)
    since = [part.observed_from_day for part in parts]
    return replace(
        first,
        **{name: column.astype(getattr(first, name).dtype) for name, column in sums.items()},
        as_of_day=max((part.as_of_day for part in parts if part.as_of_day is not None), default=None),
        longest_followed_days=max(part.longest_followed_days for part in parts),
        observed_from_day=None if None in since else min(day for day in since if day is not None),
        customers_left_out=sum(part.customers_left_out for part in parts if (part.as_of_day or 0) == latest),
        entry_rule=first.entry_rule if len({part.entry_rule for part in parts}) == 1 else "mixed",
    )


def count_by_segment(
    holdings: Holdings,
    steps: Baskets | None,
    codes: np.ndarray,
    labels: Sequence[str | None],
    **rules: Any,
) -> tuple[LifeTables, Iterator[tuple[str | None, LifeTables]]]:
    """The life tables of all customers, and (label, those of each segment) one by one, on the same pairs and days.

    codes : int[n_customers] into ``labels``; rules : further arguments of `count_life_tables` (not ``asked``), of which
            ``min_converted`` counts over all segments together

    A segment that no customer is in has life tables of zeros.
    """
    rules.setdefault("start_day", int(holdings.first_at.min(initial=int(holdings.end.max(initial=0)))))
    rules.setdefault("as_of_day", int(holdings.end.max(initial=0)))
    pooled = count_life_tables(holdings, steps, **rules)
    asked = EventDays(pooled.antecedent, pooled.consequent, pooled.indptr, pooled.day, pooled.products)
    rules = {**rules, "min_converted": 1}
    return pooled, (
        (label, count_life_tables(_only(holdings, codes == code), steps, **rules, asked=asked))
        for code, label in enumerate(labels)
    )


def _only(holdings: Holdings, keep: np.ndarray) -> Holdings:
    """The same holdings, empty for customers outside the bool mask ``keep``."""
    sizes = np.where(keep, np.diff(holdings.indptr), 0)
    rows = keep[holdings.customer]
    columns = {name: getattr(holdings, name)[rows] for name in ("product", "first_at", "last_at", "times")}
    return replace(holdings, indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), **columns)
