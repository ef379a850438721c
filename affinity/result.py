"""What one run made: every table, the report, and how it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from affinity import __version__, release
from affinity.mapped import split_rows
from affinity.ranking import append_recommendations
from affinity.settings import Settings
from affinity.tables import (
    AlsoBought,
    Bundles,
    Conversion,
    Eligibility,
    FitModel,
    Holdings,
    ItemsetCounts,
    LifeTables,
    Metrics,
    MetricTree,
    OfferConversion,
    OrderLines,
    PairGraph,
    Products,
    Recommendations,
    Rules,
    SegmentConversion,
    Table,
    TreeChange,
)

#: Settings that never change an answer, and so are no part of a release's identity.
_WITHOUT_EFFECT = {"campaign", "engine", "memory_budget", "release", "spark"}


@dataclass(frozen=True)
class Result:
    """The tables of a run; one that the data cannot give is None, and ``notes`` says why.

    newcomers : what is popular, for listed customers who have not bought (codes of their own); published with
                ``recommendations``, as ``everybody`` holds them together
    learnt_day : with ``learn_every_days``, the first day that pairs, rules, conversion and fit know nothing of
    life_tables : None too where what was learnt came from a state; kept : what was taken from it, and what not and why
    republish : with a state: calls what writes a release with the files that need not be written again
    """

    settings: Settings
    inputs: Mapping[str, str]
    lines: OrderLines
    holdings: Holdings
    products: Products
    itemsets: ItemsetCounts
    rules: Rules
    graph: PairGraph
    bundles: Bundles
    also_bought: AlsoBought
    metrics: Metrics
    metric_tree: MetricTree | None = None
    metric_change: TreeChange | None = None
    offers: Mapping[str, Any] | None = None
    eligibility: Eligibility | None = None
    life_tables: LifeTables | None = None
    conversion: Conversion | None = None
    segment_conversion: SegmentConversion | None = None
    offer_conversion: OfferConversion | None = None
    curves: Mapping[str, Any] | None = None
    model: FitModel | None = None
    recommendations: Recommendations | None = None
    newcomers: Recommendations | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    capped: Mapping[str, str] = field(default_factory=dict)
    recommender: Callable[..., Recommendations | AlsoBought] | None = None
    packer: Callable[[], Mapping[str, Any]] | None = None
    learnt_day: int | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    republish: Callable[[Callable[..., Path], Mapping[str, Any]], Path] | None = None

    def recommend(
        self, context: str = "customer", *, given: Iterable[str] = (), customer: str | None = None
    ) -> Recommendations | AlsoBought:
        """What to show in a context: "customer", "product", "cart" or "order_confirmation" (see `affinity.recommend`).

        given : product ids of the context; customer : one customer's id, None everybody (or a guest)
        """
        assert self.recommender is not None, "affinity.run gives it"
        return self.recommender(context, given=given, customer=customer)

    @cached_property
    def everybody(self) -> Recommendations | None:
        """The recommendations of customers who have bought, then those of newcomers."""
        return None if self.recommendations is None else append_recommendations(self.recommendations, self.newcomers)

    @property
    def as_of(self) -> str | None:
        """The first day not looked at, as text; None without dates."""
        return None if self.lines.as_of_day is None else str(np.datetime64(self.lines.as_of_day, "D"))

    def report(self) -> dict[str, Any]:
        """What was read, kept, set aside, capped and left null: the content of report.json."""
        recommendations = self.everybody
        found = {
            "customers": int(np.count_nonzero(np.diff(self.holdings.indptr))),
            "products": len(self.products),
            "itemsets": len(self.itemsets),
            "rules": len(self.rules),
            "pairs": len(self.graph) // 2,
            "recommendations": 0 if recommendations is None else len(recommendations),
        }
        return {
            **self.lines.report.to_dict(),
            "as_of": self.as_of,
            **({} if self.learnt_day is None else {"learnt_as_of": str(np.datetime64(self.learnt_day, "D"))}),
            "found": found,
            "capped": dict(self.capped),
            "notes": dict(self.notes),
            "metric_change": {} if self.metric_change is None else self.metric_change.describe(),
            "fit": {} if self.model is None else self.model.describe(),
            "ranking": {} if recommendations is None else recommendations.describe(),
        }

    def identity(self) -> dict[str, Any]:
        """What the release id is a hash of: the inputs' rows, the settings that change answers, as_of, the version."""
        settings = self.settings.model_dump(mode="json", exclude=_WITHOUT_EFFECT)
        return {"inputs": dict(self.inputs), "settings": settings, "as_of": self.as_of, "version": __version__}

    def tables(self) -> dict[str, Table | Mapping[str, Any] | None]:
        """The tables by the name of their file in a release."""
        return {
            "itemsets": self.itemsets,
            "rules": self.rules,
            "pairs": self.graph,
            "conversions": self.conversion,
            "segment_conversions": self.segment_conversion,
            "offer_conversions": self.offer_conversion,
            "recommendations": self.everybody,
            "also_bought": self.also_bought,
            "metrics": self.metrics,
            "metric_tree": self.metric_tree,
            "metric_change": self.metric_change,
            "offers": self.offers,
            "quarantine": self.lines.report.quarantine,
            "products": self.products,
            "curves": self.curves,
            "ledger": self.eligibility,
            "calibration": None if self.model is None else release.calibration_columns(self.model.calibration),
            "bundles": self.bundles,
        }

    def publish(self, folder: str | Path) -> Path:
        """Publish the tables as a release under ``folder``; returns the folder of the release.

        Published atomically: until the last rename the previous release stays current, and afterwards the new one is.
        """
        tables = self.tables()
        write = partial(
            release.write_release,
            folder,
            tables,
            report=self.report(),
            identity=self.identity(),
            keep=self.settings.release.keep,
            shop=None if self.packer is None else self.packer(),
        )
        return write() if self.republish is None else self.republish(write, tables)

    def sample_customer(self) -> str | None:
        """The customer with the most evidence-based recommendations, for a first look."""
        recs = self.recommendations
        if recs is None or not len(recs):
            return None
        evident = np.zeros(len(recs.customers), dtype=np.int64)
        for rows in split_rows(len(recs)):
            evident += np.bincount(recs.customer[rows][~recs.is_fallback[rows]], minlength=len(evident))
        return str(recs.customers.labels[int(np.argmax(evident))])
