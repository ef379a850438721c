"""Metrics: named cross-sell metrics, each with its numerator, denominator and interval.

Made by affinity.metrics. One row a metric, segment and window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table

COLUMNS = (
    "metric", "segment_by", "segment", "window", "numerator", "denominator", "value", "lower", "upper", "as_of",
    "population", "source", "note",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Metrics(Table):
    """object columns are texts (None where absent), the rest float64 (NaN where undefined, with a ``note``)."""

    metric: np.ndarray
    segment_by: np.ndarray
    segment: np.ndarray
    window: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    as_of: np.ndarray
    population: np.ndarray
    source: np.ndarray
    note: np.ndarray

    def __len__(self) -> int:
        return len(self.metric)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """All columns as they are."""
        return {name: getattr(self, name) for name in COLUMNS}
