"""Adoption over time: the share of customers who have added a family by each day, and by cohort and month.

Made by affinity.metrics. Both start a customer's clock at the first seen purchase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths


@dataclass(frozen=True, eq=False, repr=False)
class AdoptionCurves(Table):
    """One row a segment and event day: Kaplan–Meier F(day), the share who have added a family by then.

    segment         : object texts, None over everybody; ``segment_by`` says of which column (None: no split)
    customers       : int64 customers of the segment who were followed a day or more
    day             : int32 days since the first purchase, rising within a segment
    at_risk, events : int64 customers still open on the day, and those who added a family on it
    rate, lower, upper : float64 in [0, 1]; the interval is Wilson's (95 %) on the effective number
    segments        : of each segment the customers (followed a day or more) and the last day that one was followed to; also
                      of those where nobody added a family, which have no row
    """

    segment: np.ndarray
    customers: np.ndarray
    day: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    segment_by: str | None = None
    segments: Mapping[str | None, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.day), "segment", "customers", "at_risk", "events", "rate", "lower", "upper")

    def __len__(self) -> int:
        return len(self.day)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """segment_by, segment, customers, day, at_risk, events, rate, lower, upper."""
        by = np.full(len(self), self.segment_by, dtype=object)
        names = ("segment", "customers", "day", "at_risk", "events", "rate", "lower", "upper")
        return {"segment_by": by} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, eq=False, repr=False)
class CohortTriangle(Table):
    """One row a cohort and month since the first purchase: the share of the cohort that has added a family by then.

    cohort    : object texts, in time order; month : int32 1, 2, … (30.4375 days each)
    customers : int64 members of the cohort; followed : int64 of them, those seen for the whole of so many months
    adopted   : int64 members seen to add a family by then
    rate      : float64 Kaplan–Meier share; NaN where nobody of the cohort was still open so long after
    lower, upper : 95 % Wilson bounds on the effective number
    complete  : bool, whether every member was followed that long (then rate = adopted / customers)
    """

    cohort: np.ndarray
    month: np.ndarray
    customers: np.ndarray
    followed: np.ndarray
    adopted: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    complete: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("month", "customers", "followed", "adopted", "rate", "lower", "upper", "complete")
        check_lengths(self, len(self.cohort), *names)

    def __len__(self) -> int:
        return len(self.cohort)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """All columns as they are."""
        names = ("cohort", "month", "customers", "followed", "adopted", "rate", "lower", "upper", "complete")
        return {name: getattr(self, name) for name in names}
