"""Subscriptions: who paid how much a month for which product, from when to when; and the events that this makes.

Made by affinity.ingest from a subscription file, or by affinity.metrics from order lines of products that last; read by
affinity.metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table, check_lengths, optional_dates
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Subscriptions(Table):
    """One row a spell: a time in which product, price and seats stood still.

    customer, product    : int32 codes, −1 one that the vocabulary does not hold
    started_at, ended_at : int32 days since the epoch; ended_at is the first day not paid for, −1 while it runs
    recurring            : float64, money a month (NaN unknown)
    seats                : float64, NaN unknown
    trial                : bool, a trial: nothing is paid yet
    """

    customer: np.ndarray
    product: np.ndarray
    started_at: np.ndarray
    ended_at: np.ndarray
    recurring: np.ndarray
    seats: np.ndarray
    trial: np.ndarray
    customers: Vocabulary
    products: Vocabulary
    report: IngestReport = IngestReport()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.customer), "product", "started_at", "ended_at", "recurring", "seats", "trial")

    def __len__(self) -> int:
        return len(self.customer)

    def recoded(self, customers: Vocabulary, products: Vocabulary) -> Subscriptions:
        """The same spells in the codes of ``customers`` and ``products``; unknown ones become −1."""
        return replace(
            self,
            customer=customers.translate(self.customer, self.customers),
            product=products.translate(self.product, self.products),
            customers=customers,
            products=products,
        )

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, product_id, started_at, ended_at, recurring, seats, trial."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            "started_at": optional_dates(self.started_at),
            "ended_at": optional_dates(self.ended_at),
            "recurring": self.recurring,
            "seats": self.seats,
            "trial": self.trial,
        }


#: What happens to a subscription, in the order of a day.
KINDS = ("churn", "start", "reactivation", "renewal", "upgrade", "downgrade", "seat_change")


@dataclass(frozen=True, eq=False, repr=False)
class SubscriptionEvents(Table):
    """One row an event of a customer's product family, by customer, family and day.

    customer, product : int32 codes; the product is the one held after the event (before it, for a churn)
    family            : int32 number of the family
    day               : int32 days since the epoch
    kind              : int8 index into ``KINDS``
    cross_sell        : bool, a start of a further family by a customer who already had one
    before, after     : float64, money a month around the event (0 around a start or a churn)
    """

    customer: np.ndarray
    product: np.ndarray
    family: np.ndarray
    day: np.ndarray
    kind: np.ndarray
    cross_sell: np.ndarray
    before: np.ndarray
    after: np.ndarray
    customers: Vocabulary
    products: Vocabulary

    def __len__(self) -> int:
        return len(self.customer)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, product_id, day, kind, cross_sell, before, after."""
        return {
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
            "day": optional_dates(self.day),
            "kind": np.array(KINDS, dtype=object)[self.kind],
            "cross_sell": self.cross_sell,
            "before": self.before,
            "after": self.after,
        }
