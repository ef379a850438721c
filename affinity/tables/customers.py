"""Customers: since when, in which segments, on which plan.

Made by affinity.ingest from a customer file, or by affinity.baskets from the order lines (segment columns).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from affinity.errors import SettingsError, did_you_mean
from affinity.frames import ListColumn
from affinity.tables.ingest_report import IngestReport
from affinity.tables.table import Table, optional_dates
from affinity.vocabulary import Vocabulary

#: Days that some eligibility rules look at: last seen using the service, next renewal, latest support escalation.
DATES = ("last_active_at", "renewal_at", "escalated_at")


@dataclass(frozen=True, eq=False, repr=False)
class Customers(Table):
    """One row a customer of the run's vocabulary, in its order.

    started_at, ended_at : int32 days since the epoch, −1 unknown or not ended
    status               : object (str or None)
    segments             : name -> object labels a customer (None unknown)
    health, usage        : float64, NaN unknown
    plan                 : object (str or None)
    plan_excludes        : plan -> labels of the products that it excludes
    dates                : name of ``DATES`` -> int32 days since the epoch, −1 unknown; without a name: no such column
    """

    customers: Vocabulary
    started_at: np.ndarray
    ended_at: np.ndarray
    status: np.ndarray
    health: np.ndarray
    usage: np.ndarray
    plan: np.ndarray
    segments: Mapping[str, np.ndarray] = field(default_factory=dict)
    plan_excludes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    report: IngestReport = IngestReport()
    dates: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def bare(cls, customers: Vocabulary) -> Customers:
        """Customers of which only the ids are known."""
        n = len(customers)
        nothing, nan, unknown = np.full(n, None, dtype=object), np.full(n, np.nan), np.full(n, -1, dtype=np.int32)
        return cls(customers, unknown, unknown, nothing, nan, nan, nothing)

    def __len__(self) -> int:
        return len(self.customers)

    def recoded(self, customers: Vocabulary) -> Customers:
        """The same facts for ``customers``, in its order; customers not described here are bare."""
        source = self.customers.recode_from(customers)
        known = source >= 0
        bare = Customers.bare(customers)
        changed = {}
        for name in ("started_at", "ended_at", "status", "health", "usage", "plan"):
            column = getattr(bare, name).copy()
            column[known] = getattr(self, name)[source[known]]
            changed[name] = column
        segments = {}
        for name, labels in self.segments.items():
            column = np.full(len(customers), None, dtype=object)
            column[known] = labels[source[known]]
            segments[name] = column
        dates = {name: np.where(known, days[source], -1).astype(np.int32) for name, days in self.dates.items() if len(days)}
        return Customers(
            customers, **changed, segments=segments, plan_excludes=self.plan_excludes, report=self.report, dates=dates
        )

    def for_customers(self, who: np.ndarray) -> Customers:
        """The facts of the customers ``who`` (int32 codes, rising), whose codes are then their places."""
        return replace(
            self,
            customers=self.customers.take(who),
            started_at=self.started_at[who],
            ended_at=self.ended_at[who],
            status=self.status[who],
            health=self.health[who],
            usage=self.usage[who],
            plan=self.plan[who],
            segments={name: labels[who] for name, labels in self.segments.items()},
            dates={name: days[who] for name, days in self.dates.items() if len(days)},
        )

    def segment_codes(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """(int32 code of each customer's label in the segment column ``name``, object labels by code, rising; None, where
        somebody's is not known, comes last). SettingsError, with the nearest name, where there is no such column."""
        if name not in self.segments:
            raise SettingsError(f"There is no segment column {name!r}.", do=did_you_mean(name, self.segments))
        labels = self.segments[name].tolist()
        known: list[str | None] = [*sorted({label for label in labels if label is not None})]
        if None in labels:
            known.append(None)
        number = {label: code for code, label in enumerate(known)}
        codes = np.fromiter((number[label] for label in labels), dtype=np.int32, count=len(labels))
        return codes, np.array([*known, None], dtype=object)[: len(known)]

    def plan_exclusions(self, products: Vocabulary) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """(int32 plan of each customer, −1 none; CSR indptr int64 and int32 product codes that each plan excludes,
        rising; excluded labels that are not among ``products``). Plans are numbered by their sorted names."""
        names = sorted(self.plan_excludes)
        number = {name: i for i, name in enumerate(names)}
        plan = np.fromiter((number.get(name, -1) for name in self.plan), dtype=np.int32, count=len(self))
        codes = [products.encode(self.plan_excludes[name]) for name in names]
        unknown = sum(int(np.count_nonzero(row < 0)) for row in codes)
        rows = [np.unique(row[row >= 0]) for row in codes]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return plan, indptr, np.concatenate([*rows, np.empty(0)]).astype(np.int32), unknown

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """customer_id, started_at, ended_at, status, health, usage, plan, then further dates and the segment columns."""
        return {
            "customer_id": self.customers.labels,
            "started_at": optional_dates(self.started_at),
            "ended_at": optional_dates(self.ended_at),
            "status": self.status,
            "health": self.health,
            "usage": self.usage,
            "plan": self.plan,
            **{name: optional_dates(days) for name, days in self.dates.items()},
            **self.segments,
        }
