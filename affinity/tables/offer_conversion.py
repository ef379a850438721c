"""OfferConversion: of the customers who were made offers, how many accepted, by campaign, category and segment.

Made by affinity.conversion from the offer log. One row a cut and cell; the first row is everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths


@dataclass(frozen=True, eq=False, repr=False)
class OfferConversion(Table):
    """Rows by cut, then by the labels.

    cut                     : object, the names cut by, joined by " × "; "all" for the first row
    campaign, category, segment : object labels, None where the cut is not by it or the label is not known
    offered, accepted       : int64 distinct customers
    rate, lower, upper      : accepted / offered with Wilson 95 % bounds; NaN when nobody was offered
    shrunk, shrunk_lower, shrunk_upper : the rate drawn towards the cell above it (campaign, then campaign × category, then
                              segment within), with approximate 90 % bounds; of many cells look at these. The unit is
                              (customer, campaign, category)
    organic_rate            : share of customers never offered the product who first bought it in the same days; NaN
                              where it is not known
    info                    : window_days, excluded (reason -> offers left out), note, kappa by level
    """

    cut: np.ndarray
    campaign: np.ndarray
    category: np.ndarray
    segment: np.ndarray
    offered: np.ndarray
    accepted: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    shrunk: np.ndarray
    shrunk_lower: np.ndarray
    shrunk_upper: np.ndarray
    organic_rate: np.ndarray
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.cut), *self._columns())

    def __len__(self) -> int:
        return len(self.cut)

    @staticmethod
    def _columns() -> tuple[str, ...]:
        return (
            "campaign", "category", "segment", "offered", "accepted", "rate", "lower", "upper", "shrunk", "shrunk_lower",
            "shrunk_upper", "organic_rate",
        )  # fmt: skip

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """cut, campaign, category, segment, offered, accepted, the rates with their bounds, organic_rate, note."""
        note = np.full(len(self), self.info.get("note"), dtype=object)
        return {"cut": self.cut, **{name: getattr(self, name) for name in self._columns()}, "note": note}
