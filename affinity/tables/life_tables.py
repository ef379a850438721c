"""Life tables A→B: at risk and events by day since a customer first bought A.

Made by affinity.counting, read by affinity.conversion. Integers only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

#: Right ends (inclusive, days) of the duration bins of the baseline, and lower edges of its order-number strata.
BASELINE_BINS = (28, 56, 91, 147, 365)
ORDER_NUMBER_STRATA = (1, 2, 3, 5, 9)


@dataclass(frozen=True, eq=False, repr=False)
class LifeTables(Table):
    """One row an ordered pair (antecedent, consequent) with enough events; sorted by codes.

    indptr                  : int64[n + 1] into the event days of the pair
    day, at_risk, events    : int32 per event day d ≥ 1, rising: n_AB(d), customers who bought B exactly d days after A
    eligible                : int64[n], at risk at day 1 (owners of A − prior − simultaneous − not followed)
    prior, simultaneous     : int64[n], owners of A who had B before / bought B on the same day
    followed                : int64[n, H], still at risk at each horizon h: n_AB(h)
    exposure, observed      : int64[n, C] customer-days at risk, and events, within 365 days by baseline cell
                              (C = strata × bins, row-major)
    index_exposure, index_events : int64[n_products, C], the same summed over every antecedent, by consequent
    owners                  : int64[n_products], owners of A who entered
    horizons_days           : the H horizons; longest_followed_days : the longest follow-up of anyone
    entry_rule              : "wash_in" | "started_at"; wash_in_days : what was used
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

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("consequent", "eligible", "prior", "simultaneous", "followed", "exposure", "observed")
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
