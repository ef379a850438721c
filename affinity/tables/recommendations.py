"""Recommendations: the highest-fit products for each customer, with reasons.

Made by affinity.ranking, published by affinity.release. Sorted by customer, then rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations(Table):
    """One row a (customer, rank).

    customer, product : int32; rank : int32 from 1
    fit         : float64 probability of a purchase within the horizon, falling with rank; NaN where unknown
    because     : int32 owned antecedent, −1 in a fallback
    reason_code : object, e.g. "converts_from", "bought_together", "popular"
    reason      : object, a sentence whose numbers are measured pair figures
    is_fallback : bool, popularity stood in for evidence
    """

    customer: np.ndarray
    rank: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    because: np.ndarray
    reason_code: np.ndarray
    reason: np.ndarray
    is_fallback: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.customer), "rank", "product", "fit", "because", "reason_code", "is_fallback")

    def __len__(self) -> int:
        return len(self.customer)

    def of(self, customer: Any) -> Recommendations:
        """The recommendations of one customer (a label); UnknownLabel when nobody has that id."""
        rows = self.customer == self.customers.code(customer)
        names = ("customer", "rank", "product", "fit", "because", "reason_code", "reason", "is_fallback")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def explain(self, customer: Any) -> Any:
        """The recommendations of one customer (a label) with their reasons, as a pandas.DataFrame."""
        return self.of(customer).to_pandas()

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, rank, product_id, fit, because, reason, reason_code, is_fallback."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "rank": self.rank,
            "product_id": self.products.decode(self.product),
            "fit": self.fit,
            "because": self.products.decode(self.because),
            "reason": self.reason,
            "reason_code": self.reason_code,
            "is_fallback": self.is_fallback,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, customers and products as codes and labels."""
        return {
            "customer_id": LabelColumn(self.customer, self.customers.labels),
            "rank": self.rank,
            "product_id": LabelColumn(self.product, self.products.labels),
            "fit": self.fit,
            "because": LabelColumn(self.because, self.products.labels),
            "reason": self.reason,
            "reason_code": self.reason_code,
            "is_fallback": self.is_fallback,
        }


@dataclass(frozen=True, eq=False, repr=False)
class AlsoBought(Table):
    """For product and cart widgets: the products best bought with a product. Sorted by product, rank.

    product, recommended : int32; rank : int32 from 1; score : float64, what ranks (popularity × shrunk lift)
    evidence : name -> column (count, confidence, lift_eb, …)
    """

    product: np.ndarray
    rank: np.ndarray
    recommended: np.ndarray
    score: np.ndarray
    products: Vocabulary
    evidence: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.product)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """product_id, rank, recommended_id, score and its evidence."""
        return {
            "product_id": self.products.decode(self.product),
            "rank": self.rank,
            "recommended_id": self.products.decode(self.recommended),
            "score": self.score,
            **self.evidence,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        return {
            "product_id": LabelColumn(self.product, self.products.labels),
            "rank": self.rank,
            "recommended_id": LabelColumn(self.recommended, self.products.labels),
            "score": self.score,
            **self.evidence,
        }
