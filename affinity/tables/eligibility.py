"""Eligibility: one state for every customer × product, stored sparse.

Made by affinity.eligibility, read by conversion, ranking, metrics and campaigns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Eligibility(Table):
    """Who may be offered what. A state is decided in the order of ``states``; "eligible" is what is left.

    indptr, product, state : CSR customer × product of the pairs that are not eligible for a reason of their own
                             (owned, returned, prerequisite_missing, plan_excluded, offered_recently);
                             state is an int8 index into ``states``
    product_state          : int8[n_products], state of the product for everybody (not_on_sale), −1 none
    customer_state         : int8[n_customers], state of the customer for everything (suppressed_*), −1 none
    ledger                 : state -> number of (customer, product) pairs; adds up to customers × products
    """

    indptr: np.ndarray
    product: np.ndarray
    state: np.ndarray
    product_state: np.ndarray
    customer_state: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    states: tuple[str, ...]
    ledger: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ledger)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """The ledger: state, pairs."""
        return {
            "state": np.array(list(self.ledger), dtype=object),
            "pairs": np.array(list(self.ledger.values()), dtype=np.int64),
        }
