"""Prospects: what each customer might be offered, with fit; what a campaign chooses from.

Made by affinity.ingest from a table of fits, or from Candidates or a release; read by affinity.campaigns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Prospects(Table):
    """One row a possible offer, CSR by customer, products rising within a customer.

    indptr  : int64[n_customers + 1]; product : int32
    fit     : float64 probability of a purchase within the horizon, without an offer
    value   : float64, money of a sale, NaN unknown
    reason  : object (str or None), or None where nobody has one
    dropped : rows of a source that repeated an earlier one
    """

    indptr: np.ndarray
    product: np.ndarray
    fit: np.ndarray
    value: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    reason: np.ndarray | None = None
    dropped: int = 0
    report: IngestReport = IngestReport()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.product), "fit", "value", "reason")

    def __len__(self) -> int:
        return len(self.product)

    @property
    def customer(self) -> np.ndarray:
        """int32: the customer of each row."""
        return np.repeat(np.arange(len(self.customers), dtype=np.int32), np.diff(self.indptr))

    def take(self, keep: np.ndarray) -> Prospects:
        """The rows that the mask ``keep`` picks; every customer stays."""
        if keep.all():
            return self
        counts = np.bincount(self.customer[keep], minlength=len(self.customers))
        return replace(
            self,
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            **{name: getattr(self, name)[keep] for name in ("product", "fit", "value")},
            reason=None if self.reason is None else self.reason[keep],
        )

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, product_id, fit, value."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            "fit": self.fit,
            "value": self.value,
        }
