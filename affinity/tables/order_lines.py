"""Order lines: who bought what, when, in which order.

Its columns may stand in files that are mapped (affinity.mapped): what reads all of them does so block by block.
Made by affinity.ingest (gross, returns as negative lines), cut at as_of and netted by affinity.baskets.
One row an order line, in the order of the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.mapped import each_block, is_mapped, take
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary

MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False)
class Attribute:
    """A label column of the lines (country, product name): int32 code a line (−1 none) and its labels."""

    code: np.ndarray
    labels: Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class OrderLines(Table):
    """Order lines as a struct of arrays, all of length n.

    order, product : int32 codes
    customer       : int32 code, −1 for a guest
    quantity       : float64, negative for a return
    net_amount     : float64, money of the line (quantity × unit price), NaN when unknown; one currency
    row            : int64, number of the source row (from 0)
    ordered_at     : int64 µs since the epoch in the reporting time zone, or None
    order_seq      : int64 position of the order in its customer's sequence, or None
    attributes     : further label columns, e.g. "product_name", "country"
    as_of_day      : int, first day (since the epoch) not looked at; None before the cut or without dates
    report         : what was read, kept and set aside, and why
    """

    order: np.ndarray
    customer: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    net_amount: np.ndarray
    row: np.ndarray
    orders: Vocabulary
    customers: Vocabulary
    products: Vocabulary
    ordered_at: np.ndarray | None = None
    order_seq: np.ndarray | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    as_of_day: int | None = None
    report: IngestReport = field(default_factory=IngestReport)

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("customer", "product", "quantity", "net_amount", "row", "ordered_at", "order_seq")
        check_lengths(self, len(self.order), *names)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def clock(self) -> Literal["day", "order"] | None:
        """What time is measured in: whole days, positions in the customer's order sequence, or nothing."""
        return "day" if self.ordered_at is not None else "order" if self.order_seq is not None else None

    @property
    def day(self) -> np.ndarray | None:
        """int32 days since the epoch in the reporting time zone, or None without dates."""
        at = self.ordered_at
        if at is None:
            return None
        return each_block(lambda rows: at[rows] // MICROSECONDS_A_DAY, len(at), np.int32, is_mapped(at))

    def take(self, which: np.ndarray, **instead: np.ndarray) -> OrderLines:
        """A copy of the lines that the mask or index array ``which`` picks, same vocabularies and report.

        instead : columns of the lines picked, where they are not those of these lines
        """
        names = ("order", "customer", "product", "quantity", "net_amount", "row", "ordered_at", "order_seq")
        taken: dict[str, Any] = {**instead}
        for name in names:
            if name not in instead and getattr(self, name) is not None:
                taken[name] = take(getattr(self, name), which)
        attributes = {name: Attribute(take(a.code, which), a.labels) for name, a in self.attributes.items()}
        return replace(self, **taken, attributes=attributes)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """order_id, customer_id, product_id, ordered_at or order_seq, quantity, net_amount, attributes."""
        shown: dict[str, np.ndarray | ListColumn] = {
            "order_id": self.orders.decode(self.order),
            "customer_id": self.customers.decode(self.customer),
            "product_id": self.products.decode(self.product),
        }
        if self.ordered_at is not None:
            shown["ordered_at"] = self.ordered_at.astype("datetime64[us]")
        if self.order_seq is not None:
            shown["order_seq"] = self.order_seq
        shown |= {"quantity": self.quantity, "net_amount": self.net_amount}
        return shown | {name: a.labels.decode(a.code) for name, a in self.attributes.items()}
