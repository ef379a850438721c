"""A campaign plan: who is offered what, who is held out, and what is to be expected.

Made by affinity.campaigns, written as one JSON file, read back when the campaign is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

_ROWS = ("customer", "product", "fit", "value", "cost", "treated", "stratum", "reason")


@dataclass(frozen=True, eq=False, repr=False)
class CampaignPlan(Table):
    """One row a customer of the audience (at most one offer each), in the order of customers.

    customer, product : int32 codes; of who is held out: what would have been offered
    fit     : float64 probability of a purchase within the horizon, without an offer
    value   : float64, money of a sale, NaN unknown; cost : float64, of the offer
    treated : bool, False is held out: offered nothing, so that the campaign can be measured
    stratum : int32, the stratum that the holdout was drawn in
    reason  : object (str or None), why this product
    segments : name -> object labels a row, for the measurement by segment
    info    : everything else as plain values: name, salt, as_of, starts_on, horizon_days, sizes, expected, power, gap, notes
    """

    customer: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    value: np.ndarray
    cost: np.ndarray
    treated: np.ndarray
    stratum: np.ndarray
    reason: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    segments: Mapping[str, np.ndarray] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.customer), *_ROWS[1:])

    def __len__(self) -> int:
        return len(self.customer)

    def because(self, reason: np.ndarray) -> CampaignPlan:
        """The same plan with the reasons of its rows."""
        return replace(self, reason=reason)

    @property
    def expected(self) -> list[dict[str, Any]]:
        """What is to be expected of the offers made: of all together (product None), then a product each, most offers first."""
        return list(self.info["expected"])

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, product_id, arm, fit, value, cost, stratum, reason, then the segments."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            **self._facts(),
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, customers and products as codes and labels."""
        return {
            "customer_id": LabelColumn(self.customer, self.customers.labels),
            "product_id": LabelColumn(self.product, self.products.labels),
            **self._facts(),
        }

    def _facts(self) -> dict[str, Any]:
        arm = np.where(self.treated, "treated", "control").astype(object)
        numbers = {name: getattr(self, name) for name in ("fit", "value", "cost", "stratum", "reason")}
        clashing = {"customer_id", "product_id", "arm", *numbers}
        segments = {f"segment_{name}" if name in clashing else name: labels for name, labels in self.segments.items()}
        return {"arm": arm, **numbers, **segments}
