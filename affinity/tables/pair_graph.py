"""The product-pair graph: every published pair in both directions, with its evidence.

Made by affinity.graph, read by affinity.fit and affinity.ranking. CSR by antecedent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from affinity import frames
from affinity.frames import AnyColumn, LabelColumn, ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class PairGraph(Table):
    """One row a directed edge antecedent → consequent, consequents rising within an antecedent.

    indptr            : int64[n_products + 1] by antecedent; consequent : int32
    count, customers  : int64 baskets / customers that hold both; n_item : int64[n_products]; n : all baskets
    support, confidence, confidence_lower, confidence_upper : of baskets, in [0, 1]
    lift              : classical n·n_ab / (n_a·n_b); lift_adjusted : n_ab / expected (basket sizes allowed for)
    lift_eb, lift_eb_lower, lift_eb_upper : empirical-Bayes shrunk lift_adjusted and its 5 % and 95 % bounds
    owner_lift_eb     : the same at customer grain, NaN without customers
    q_value           : at ``q_grain`` ("customer" | "basket"), over all candidate pairs
    community         : int32[n_products], bundle candidate the product belongs to, −1 none
    """

    indptr: np.ndarray
    consequent: np.ndarray
    count: np.ndarray
    customers: np.ndarray
    n_item: np.ndarray
    n: int
    support: np.ndarray
    confidence: np.ndarray
    confidence_lower: np.ndarray
    confidence_upper: np.ndarray
    lift: np.ndarray
    lift_adjusted: np.ndarray
    lift_eb: np.ndarray
    lift_eb_lower: np.ndarray
    lift_eb_upper: np.ndarray
    owner_lift_eb: np.ndarray
    q_value: np.ndarray
    community: np.ndarray
    products: Vocabulary
    q_grain: str = "customer"
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.consequent), "count", "support", "confidence", "lift", "lift_eb", "q_value")

    def __len__(self) -> int:
        return len(self.consequent)

    @property
    def antecedent(self) -> np.ndarray:
        """int32: the antecedent of each edge."""
        return np.repeat(np.arange(len(self.products), dtype=np.int32), np.diff(self.indptr))

    def edges_of(self, product: int) -> slice:
        """The edges that start at the product with this code."""
        return slice(int(self.indptr[product]), int(self.indptr[product + 1]))

    def neighbors(self, product: Any, k: int = 10) -> Any:
        """The ``k`` strongest consequents of ``product`` (a label) by shrunk lift, as a pandas.DataFrame."""
        edges = np.arange(len(self))[self.edges_of(self.products.code(product))]
        order = np.lexsort((self.consequent[edges], -self.count[edges], -self.lift_eb[edges]))[:k]
        from affinity.tables.notebook import show_neighbors

        return frames.show_as(self.rows_to_pandas(edges[order]), lambda: show_neighbors(self, product, edges[order]))

    @staticmethod
    def _numbers() -> tuple[str, ...]:
        return (
            "count", "customers", "support", "confidence", "confidence_lower", "confidence_upper", "lift",
            "lift_adjusted", "lift_eb", "lift_eb_lower", "lift_eb_upper", "owner_lift_eb", "q_value",
        )  # fmt: skip

    def to_networkx(self) -> Any:
        """A networkx.DiGraph: a node a product that has an edge, an edge a row.

        Nodes are labels with attributes count and community (−1 none); edges carry the numeric columns of
        `columns` (NaN where unknown) and ``weight``, the shrunk lift.
        """
        import networkx as nx

        graph = nx.DiGraph(n_baskets=int(self.n), q_grain=self.q_grain)
        labels = self.products.labels
        for code in np.flatnonzero(np.diff(self.indptr) > 0).tolist():
            graph.add_node(labels[code], count=int(self.n_item[code]), community=int(self.community[code]))
        shown = {name: column.tolist() for name, column in self.columns().items() if isinstance(column, np.ndarray)}
        antecedents, consequents = shown.pop("antecedent"), shown.pop("consequent")
        shown["weight"] = shown["lift_eb"]
        for antecedent, consequent, *values in zip(antecedents, consequents, *shown.values()):
            graph.add_edge(antecedent, consequent, **dict(zip(shown, values)))
        return graph

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """antecedent, consequent, count, customers, support, confidence, its bounds, the lifts, q_value."""
        return {
            "antecedent": self.products.decode(self.antecedent),
            "consequent": self.products.decode(self.consequent),
            **{name: getattr(self, name) for name in self._numbers()},
        }

    def coded_columns(self) -> dict[str, AnyColumn]:
        """The same rows, products as codes and labels."""
        labels = self.products.labels
        return {
            "antecedent": LabelColumn(self.antecedent, labels),
            "consequent": LabelColumn(self.consequent, labels),
            **{name: getattr(self, name) for name in self._numbers()},
        }
