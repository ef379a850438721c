"""Association rules X ⇒ Y with their counts and measures.

Made by affinity.rules. Sorted by antecedents, then consequents (codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Rules(Table):
    """One row a rule.

    antecedent_indptr, antecedent_item, consequent_indptr, consequent_item : CSR of item codes
    n_xy, n_x, n_y : int64 baskets that hold both sides, the antecedent, the consequent; n : all baskets
    measures       : name -> float64 column (see affinity.measures)
    q_value        : float64, false-discovery rate at which the rule would be flagged; NaN where not tested
    """

    antecedent_indptr: np.ndarray
    antecedent_item: np.ndarray
    consequent_indptr: np.ndarray
    consequent_item: np.ndarray
    n_xy: np.ndarray
    n_x: np.ndarray
    n_y: np.ndarray
    n: int
    q_value: np.ndarray
    products: Vocabulary
    measures: Mapping[str, np.ndarray] = field(default_factory=dict)
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.n_xy), "n_x", "n_y", "q_value")

    def __len__(self) -> int:
        return len(self.n_xy)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """antecedents, consequents, the three counts, support, confidence, lift, further measures, q_value."""
        return {
            "antecedents": ListColumn(self.antecedent_indptr, self.products.decode(self.antecedent_item)),
            "consequents": ListColumn(self.consequent_indptr, self.products.decode(self.consequent_item)),
            "antecedent_count": self.n_x,
            "consequent_count": self.n_y,
            "count": self.n_xy,
            **self.measures,
            "q_value": self.q_value,
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        labels = self.products.labels
        return {
            **self.columns(),
            "antecedents": ListColumn(self.antecedent_indptr, LabelColumn(self.antecedent_item, labels)),
            "consequents": ListColumn(self.consequent_indptr, LabelColumn(self.consequent_item, labels)),
        }
