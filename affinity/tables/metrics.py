"""Metrics: named cross-sell metrics, each with its numerator, denominator, interval and spread; and their changes.

Made by affinity.metrics. One row a metric, segment and window.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table

COLUMNS = (
    "metric", "segment_by", "segment", "window", "numerator", "denominator", "value", "lower", "upper", "interval",
    "spread_by", "spread_low", "spread_low_segment", "spread_high", "spread_high_segment", "as_of", "population", "source",
    "note",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Metrics(Table):
    """object columns are texts (None where absent), the rest float64 (NaN where undefined, with a ``note``).

    segment_by, segment : what the row is about; both None in the row over everybody
    interval            : how ``lower`` and ``upper`` (95 %) were made, or "none: " and why there are none
    spread_*            : in a row over everybody the least and the greatest value over the segments of ``spread_by``
    """

    metric: np.ndarray
    segment_by: np.ndarray
    segment: np.ndarray
    window: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    interval: np.ndarray
    spread_by: np.ndarray
    spread_low: np.ndarray
    spread_low_segment: np.ndarray
    spread_high: np.ndarray
    spread_high_segment: np.ndarray
    as_of: np.ndarray
    population: np.ndarray
    source: np.ndarray
    note: np.ndarray

    def __len__(self) -> int:
        return len(self.metric)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """All columns as they are."""
        return {name: getattr(self, name) for name in COLUMNS}

    def take(self, rows: np.ndarray) -> Metrics:
        """The picked ``rows`` (mask or indices)."""
        return Metrics(**{name: getattr(self, name)[rows] for name in COLUMNS})


@dataclass(frozen=True, eq=False, repr=False)
class MetricChanges(Table):
    """The change of each metric between two windows, over everybody and by segment; a mix effect is never a rate effect.

    before, after       : the two values; points = after − before; relative = points / before (NaN over 0)
    rate_effect         : what the segments' own values moved the blend by, in points
    mix_effect          : what their shares of the denominator moved it by; over everybody rate + mix = points, per segment_by
    reversal            : over everybody True where the blend moved one way and segments that hold at least 80 % of the
                          denominator moved the other (Simpson); False in rows of segments
    note                : "ENTRY" or "EXIT" for a segment of one window only; why a value is not defined
    """

    metric: np.ndarray
    segment_by: np.ndarray
    segment: np.ndarray
    window_before: np.ndarray
    window_after: np.ndarray
    denominator_before: np.ndarray
    denominator_after: np.ndarray
    before: np.ndarray
    after: np.ndarray
    points: np.ndarray
    relative: np.ndarray
    rate_effect: np.ndarray
    mix_effect: np.ndarray
    reversal: np.ndarray
    note: np.ndarray

    def __len__(self) -> int:
        return len(self.metric)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """All columns as they are."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, eq=False, repr=False)
class Meanings(Table):
    """What a bare "cross-sell rate" may mean, on one shop's data: a row a named metric, columns as in `Metrics`."""

    metric: np.ndarray
    formula: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    population: np.ndarray
    source: np.ndarray
    note: np.ndarray

    def __len__(self) -> int:
        return len(self.metric)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """All columns as they are."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
