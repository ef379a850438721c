"""Life tables A→B: at risk and events by day since a customer first bought A.

Made by affinity.counting, read by affinity.conversion. Integers only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

#: Right ends (inclusive, days) of the duration bins of the baseline, and lower edges of its order-number strata.
BASELINE_BINS = (28, 56, 91, 147, 365)
ORDER_NUMBER_STRATA = (1, 2, 3, 5, 9)


@dataclass(frozen=True, eq=False, repr=False)
class EventDays(Table):
    """The pairs and days that several life tables must answer alike, to be added up; sorted by codes.

    antecedent, consequent : int32[n]; indptr : int64[n + 1] into day : int32, rising within a pair
    """

    antecedent: np.ndarray
    consequent: np.ndarray
    indptr: np.ndarray
    day: np.ndarray
    products: Vocabulary

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.antecedent), "consequent")

    def __len__(self) -> int:
        return len(self.antecedent)

    def towards(self, products: np.ndarray) -> EventDays:
        """The pairs whose consequent is in the bool mask ``products``."""
        rows = np.flatnonzero(products[self.consequent])
        lengths = np.diff(self.indptr)
        kept = np.repeat(products[self.consequent], lengths)
        indptr = np.concatenate([[0], np.cumsum(lengths[rows])]).astype(np.int64)
        return EventDays(self.antecedent[rows], self.consequent[rows], indptr, self.day[kept], self.products)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """antecedent, consequent, day: a row a day."""
        pair = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        return {
            "antecedent": self.products.decode(self.antecedent[pair]),
            "consequent": self.products.decode(self.consequent[pair]),
            "day": self.day,
        }


@dataclass(frozen=True, eq=False, repr=False)
class LifeTables(Table):
    """One row an ordered pair (antecedent, consequent) with enough events; sorted by codes.

    indptr                  : int64[n + 1] into the event days of the pair
    day, at_risk, events    : int32 per event day d ≥ 1, rising: n_AB(d), customers who bought B exactly d days after A
    eligible                : int64[n], at risk at day 1 + gap (owners of A − prior − simultaneous − not followed)
    prior, simultaneous     : int64[n], owners of A who had B before / bought B on the same day
    followed                : int64[n, H], still at risk at each horizon h: n_AB(h)
    exposure, observed      : int32[n, C] customer-days at risk, and events, within 365 days by baseline cell
                              (C = strata × bins, row-major); int64 where the sums could pass 2**31
    index_exposure, index_events : int64[n_products, C], the same summed over every antecedent, by consequent
    index_repeats           : int64[n_products, C], index events × all index events of the same buyer of B, who counts once
                              for each product he had: what the baseline's variance is made of
    owners                  : int64[n_products], owners of A who entered
    horizons_days           : the H horizons; longest_followed_days : the longest follow-up of anyone
    entry_rule              : "wash_in" | "started_at" | "mixed" (each customer by what is known); wash_in_days : what was used
    min_converted           : pairs with fewer converted within the longest horizon are not stored
    entered                 : int32[n, S], ``eligible`` by stratum (order number × segment)
    owner_exposure, owner_events : int32 or int64[n, C]: what A's owners add, from their purchase of A on, to the
                              index sums of the consequent; taken off, A is left out of its own baseline
    as_of_day, start_day    : days since the epoch: the first not looked at, the first of the data
    gap_days                : purchases up to so many days after A are simultaneous
    excluded                : int64[n], owners of A who entered and to whom B was not open (sale dates, plan, prerequisite)
    churn                   : "crude", who left stays at risk; "net", follow-up ends when the customer leaves
    sale_date_step_days     : sale dates were moved inwards to multiples of so many days (1: not moved)
    observed_from_day       : only what happened from this day on is counted; None: everything
    customers_left_out      : customers with too many products for pair statistics
    """

    antecedent: np.ndarray
    consequent: np.ndarray
    indptr: np.ndarray
    day: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    eligible: np.ndarray
    prior: np.ndarray
    simultaneous: np.ndarray
    followed: np.ndarray
    exposure: np.ndarray
    observed: np.ndarray
    index_exposure: np.ndarray
    index_events: np.ndarray
    owners: np.ndarray
    products: Vocabulary
    horizons_days: tuple[int, ...]
    longest_followed_days: int
    wash_in_days: int
    entry_rule: str = "wash_in"
    min_converted: int = 1
    entered: np.ndarray | None = None
    owner_exposure: np.ndarray | None = None
    owner_events: np.ndarray | None = None
    as_of_day: int | None = None
    start_day: int | None = None
    gap_days: int = 0
    customers_left_out: int = 0
    excluded: np.ndarray | None = None
    index_repeats: np.ndarray | None = None
    churn: str = "crude"
    sale_date_step_days: int = 1
    observed_from_day: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("consequent", "eligible", "prior", "simultaneous", "followed", "exposure", "observed",
                 "entered", "owner_exposure", "owner_events", "excluded")  # fmt: skip
        check_lengths(self, len(self.antecedent), *names)

    def __len__(self) -> int:
        return len(self.antecedent)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """One row an event day: antecedent, consequent, day, at_risk, events."""
        pair = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        return {
            "antecedent": self.products.decode(self.antecedent[pair]),
            "consequent": self.products.decode(self.consequent[pair]),
            "day": self.day,
            "at_risk": self.at_risk,
            "events": self.events,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        pair = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        return {
            "antecedent": LabelColumn(self.antecedent[pair], self.products.labels),
            "consequent": LabelColumn(self.consequent[pair], self.products.labels),
            "day": self.day,
            "at_risk": self.at_risk,
            "events": self.events,
        }
