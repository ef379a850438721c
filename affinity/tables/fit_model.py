"""The fit model: edges from owned to wanted products, the ranking blend and the probability.

Made by affinity.fit, read by affinity.fit (scoring) and affinity.ranking (reasons).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Calibration:
    """How fit compared with what happened at the latest complete landmark: one row a bin of predicted fit.

    predicted, observed : float64[bins] mean fit and share bought; rows : int64[bins]
    slope, error        : slope of calibration, expected calibration error; landmark_day : its first day
    note                : None, or why fit is not a probability ("order only", "no complete landmark", …)
    """

    predicted: np.ndarray
    observed: np.ndarray
    rows: np.ndarray
    slope: float
    error: float
    landmark_day: int | None
    season_shift: float = 0.0
    note: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class FitModel(Table):
    """score(c, B) = Σ over owned A of weight(c, A) × edge(A, B); fit = σ(b·u + γ·x_c + a + δ).

    indptr, consequent, edge : CSR by antecedent (int64, int32, float64): W, what B gains from owning A
    similar_*    : CSR by antecedent of the cosines, a ranking feature
    blend        : name -> coefficient of the ranking features; slope, customer_terms, intercept : of the probability
    """

    indptr: np.ndarray
    consequent: np.ndarray
    edge: np.ndarray
    products: Vocabulary
    clock: Literal["day", "order"] | None
    half_life: float
    blend: Mapping[str, float]
    slope: float
    customer_terms: Mapping[str, float]
    intercept: float
    calibration: Calibration
    horizon_days: int
    info: Mapping[str, object] = field(default_factory=dict)
    similar_indptr: np.ndarray | None = None
    similar_consequent: np.ndarray | None = None
    similar_edge: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.consequent)

    def describe(self) -> dict[str, object]:
        """How good the probability was at the latest complete landmark, and what was learnt, as plain values."""
        found = self.calibration
        return {
            "horizon_days": self.horizon_days if self.clock == "day" else None,
            "calibration_slope": found.slope,
            "expected_calibration_error": found.error,
            "landmark": None if found.landmark_day is None else str(np.datetime64(found.landmark_day, "D")),
            "note": found.note,
            "blend": dict(self.blend),
            "intercept": self.intercept,
            **self.info,
        }

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """antecedent, consequent, edge."""
        rows = np.repeat(np.arange(len(self.products), dtype=np.int32), np.diff(self.indptr))
        return {
            "antecedent": self.products.decode(rows),
            "consequent": self.products.decode(self.consequent),
            "edge": self.edge,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Candidates(Table):
    """Candidate products of each customer with their fit, best first (CSR by customer).

    product  : int32, not owned; fit : float64 probability in [0, 1], falling within a customer;
               NaN where no probability could be learnt (then ``score`` still orders)
    score    : float64, what ranks (u)
    base     : float64, part of score that is not due to any owned product (popularity)
    evidence : float64, Σ over owned A of weight × edge: the closed-form score
    because  : int32, owned product with the largest weight × edge, −1 when none is positive
    antecedent, term : int32 and float64[n, 5], the owned products with the largest weight × edge and their
               contributions, largest first (−1 and 0 where there are fewer)
    """

    indptr: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    score: np.ndarray
    base: np.ndarray
    evidence: np.ndarray
    because: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    antecedent: np.ndarray | None = None
    term: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.product)

    @property
    def customer(self) -> np.ndarray:
        """int32: the customer of each row."""
        return np.repeat(np.arange(len(self.customers), dtype=np.int32), np.diff(self.indptr))

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, product_id, fit, score, base, evidence, because."""
        numbers = {name: getattr(self, name) for name in ("fit", "score", "base", "evidence")}
        return {
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            **numbers,
            "because": self.products.decode(self.because),
        }
