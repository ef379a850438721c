"""Conversion: of the customers eligible to go from A to B, how many did.

Made by affinity.conversion, read by affinity.fit and affinity.ranking. One row an ordered pair and horizon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

#: Columns that a table may lack.
OPTIONAL = ("best_from_day", "best_to_day", "best_lift", "q_value", "kind", "churn")


@dataclass(frozen=True, eq=False, repr=False)
class Conversion(Table):
    """Rows sorted by antecedent, consequent, horizon.

    eligible, converted, censored : int64 customers: at risk at day 1; bought B within the horizon; neither
                      converted nor followed to the horizon
    rate, lower, upper : Kaplan–Meier cumulative conversion at the horizon, Wilson 95 % on the effective n; NaN with a note
    baseline       : expected rate of similar buyers
    hazard_ratio, hazard_ratio_lower, hazard_ratio_upper : observed over expected, shrunk (90 % bounds)
    median_days    : smallest day by which half of the converters within the horizon had converted
    best_from_day, best_to_day, best_lift : days after A (both inclusive) in which the daily rate is highest, and that rate
                      over the pair's mean daily rate within a year; the same at every horizon, NaN unknown, None not made
    q_value        : false-discovery rate at which "more than similar buyers" is claimed, over all ordered pairs of products of
                      that kind, the unseen ones included; the same at every horizon. In simulated worlds with planted pairs
                      at most .05 of the claims at .05 were false
    kind           : object, "cross_sell", or "upsell" where both products are of one family; not to be added together
    churn          : object, "crude": who left stays at risk; "net": follow-up ends when a customer leaves
    offered, accepted : int64 distinct customers; offer_rate, offer_lower, offer_upper : NaN when nobody was offered
    note           : object, reason code of a null ("SHORT_FOLLOWUP", "SHORT_HISTORY", …) or None
    """

    antecedent: np.ndarray
    consequent: np.ndarray
    horizon_days: np.ndarray
    eligible: np.ndarray
    converted: np.ndarray
    censored: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    baseline: np.ndarray
    hazard_ratio: np.ndarray
    hazard_ratio_lower: np.ndarray
    hazard_ratio_upper: np.ndarray
    median_days: np.ndarray
    offered: np.ndarray
    accepted: np.ndarray
    offer_rate: np.ndarray
    offer_lower: np.ndarray
    offer_upper: np.ndarray
    note: np.ndarray
    products: Vocabulary
    best_from_day: np.ndarray | None = None
    best_to_day: np.ndarray | None = None
    best_lift: np.ndarray | None = None
    q_value: np.ndarray | None = None
    kind: np.ndarray | None = None
    churn: np.ndarray | None = None
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.antecedent), *self._numbers(), *OPTIONAL, "note")

    def __len__(self) -> int:
        return len(self.antecedent)

    @staticmethod
    def _numbers() -> tuple[str, ...]:
        return (
            "horizon_days", "eligible", "converted", "censored", "rate", "lower", "upper", "baseline", "hazard_ratio",
            "hazard_ratio_lower", "hazard_ratio_upper", "median_days", "offered", "accepted", "offer_rate",
            "offer_lower", "offer_upper",
        )  # fmt: skip

    def between(self, antecedent: Any, consequent: Any) -> Any:
        """The rows of one ordered pair (labels), a horizon a row, as a pandas.DataFrame."""
        a, b = self.products.code(antecedent), self.products.code(consequent)
        return self.rows_to_pandas(np.flatnonzero((self.antecedent == a) & (self.consequent == b)))

    def take(self, rows: np.ndarray) -> Conversion:
        """The rows (int64, rising), without their info."""
        names = [
            name
            for name in ("antecedent", "consequent", *self._numbers(), *OPTIONAL, "note")
            if getattr(self, name) is not None
        ]
        return replace(self, **{name: getattr(self, name)[rows] for name in names}, info={})

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """antecedent, consequent, horizon_days, counts, rate and bounds, baseline, hazard ratio, offers, note."""
        return {
            "antecedent": self.products.decode(self.antecedent),
            "consequent": self.products.decode(self.consequent),
            **{name: getattr(self, name) for name in self._numbers()},
            **{name: getattr(self, name) for name in OPTIONAL if getattr(self, name) is not None},
            "note": self.note,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        labels = self.products.labels
        return {
            "antecedent": LabelColumn(self.antecedent, labels),
            "consequent": LabelColumn(self.consequent, labels),
            **{name: getattr(self, name) for name in self._numbers()},
            **{name: getattr(self, name) for name in OPTIONAL if getattr(self, name) is not None},
            "note": self.note,
        }
