"""Offers: which customer was offered which product, when, in which arm, and whether it was accepted.

Made by affinity.ingest, read by affinity.conversion, affinity.metrics and affinity.eligibility.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table
from affinity.vocabulary import Vocabulary

#: The columns of an event log written as an offer log.
LOG_COLUMNS = (
    "offer_id", "customer_id", "product_id", "campaign_id", "offered_at", "exposed", "arm", "accepted", "accepted_at",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Offers(Table):
    """One row an offer.

    offer       : object, the offer's id (unique)
    customer    : int32 code; product : int32 code, −1 when the offer names none
    campaign    : int32 code, −1 none
    offered_at  : int64 µs since the epoch, or None where the log has no dates
    exposed     : bool, the customer saw it (True where unknown: "sent")
    treated     : bool, False in a randomised control arm (no offer was made)
    accepted    : int8, 1 yes, 0 no, −1 not recorded (then measured from the orders)
    accepted_at : int64 µs, −1 none
    cost        : float64, NaN unknown
    named       : bool, a product is named, be it one that nobody bought (−1 in the codes of the orders); None: product ≥ 0
    """

    offer: np.ndarray
    customer: np.ndarray
    product: np.ndarray
    campaign: np.ndarray
    exposed: np.ndarray
    treated: np.ndarray
    accepted: np.ndarray
    accepted_at: np.ndarray
    cost: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    campaigns: Vocabulary
    offered_at: np.ndarray | None = None
    report: IngestReport = IngestReport()
    named: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.offer)

    @property
    def names_product(self) -> np.ndarray:
        """bool[n]: offers of one product, known or not; False: of none in particular, so any purchase answers them."""
        return self.product >= 0 if self.named is None else self.named

    def recoded(self, customers: Vocabulary, products: Vocabulary) -> Offers:
        """The same offers in the codes of ``customers`` and ``products``; unknown ones become −1."""
        return replace(
            self,
            customer=customers.translate(self.customer, self.customers),
            product=products.translate(self.product, self.products),
            customers=customers,
            products=products,
            named=self.names_product,
        )

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """offer_id, customer_id, product_id, campaign_id, offered_at, exposed, arm, accepted, accepted_at, cost."""
        shown: dict[str, np.ndarray | ListColumn] = {
            "offer_id": self.offer,
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            "campaign_id": self.campaigns.decode(self.campaign),
        }
        if self.offered_at is not None:
            shown["offered_at"] = self.offered_at.astype("datetime64[us]")
        return shown | {
            "exposed": self.exposed,
            "arm": np.where(self.treated, "treated", "control").astype(object),
            "accepted": self.accepted,
            "accepted_at": np.where(self.accepted_at < 0, np.datetime64("NaT"), self.accepted_at.astype("datetime64[us]")),
            "cost": self.cost,
        }
