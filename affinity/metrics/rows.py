"""Figures become rows: over everybody with the spread over segments, by segment with the smallest cell that has a rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from affinity.metrics.bands import OTHER
from affinity.metrics.definitions import DEFINITIONS
from affinity.metrics.lifetime import Lifetimes
from affinity.metrics.pairs import Follow
from affinity.metrics.retention import Lives
from affinity.metrics.segments import UNKNOWN, Segmentation
from affinity.metrics.tally import A_TOTAL, UNDEFINED, Cell, Durations, Tally, Undefined, join_notes
from affinity.metrics.velocity import Cohorts
from affinity.settings import MetricSettings
from affinity.tables import Metrics
from affinity.tables.metrics import COLUMNS

#: Segments smaller than this are not named as the extremes of a spread (where larger ones exist).
MIN_SPREAD_SIZE = 30

Countable = Tally | Durations | Lifetimes | Follow | Lives
Found = Countable | Cohorts | Cell | Undefined


@dataclass(frozen=True)
class Spread:
    """The least and the greatest value over the segments of one split."""

    by: str
    low: float
    low_segment: str
    high: float
    high_segment: str

    @property
    def note(self) -> str:
        return f"by {self.by}: {self.low:.4g} ({self.low_segment}) to {self.high:.4g} ({self.high_segment})"


@dataclass(frozen=True)
class Row:
    """One row of the table; ``spread`` is that of the widest split."""

    metric: str
    definition: str
    cell: Cell
    window: str | None
    segment_by: str | None = None
    segment: str | None = None
    spread: Spread | None = None


def make_rows(
    metric: str, found: Found, segmentations: Iterable[Segmentation], settings: MetricSettings, window: str | None = None
) -> list[Row]:
    """The row over everybody, then those of each split."""
    definition = metric.partition("(")[0]
    if isinstance(found, Undefined):
        nan = math.nan
        return [Row(metric, definition, Cell(nan, nan, nan, note=found.note), found.window)]
    if isinstance(found, Cell):
        return [Row(metric, definition, found, window)]
    if isinstance(found, Cohorts):
        total, cohorts = found.cells()
        parts = {"cohort": [(label, _screened(cell, settings)) for label, cell in cohorts]}
    else:
        total, parts = found.cells()[0], _split(found, segmentations, settings)
    spreads = [spread for name, pairs in parts.items() if (spread := _spread(name, pairs)) is not None]
    noted = replace(total, note=join_notes(total.note, *(spread.note for spread in spreads)))
    widest = max(spreads, key=lambda spread: spread.high - spread.low, default=None)
    return [
        Row(metric, definition, noted, found.window, spread=widest),
        *(Row(metric, definition, cell, found.window, name, label) for name, pairs in parts.items() for label, cell in pairs),
    ]


def _split(
    found: Countable, segmentations: Iterable[Segmentation], settings: MetricSettings
) -> dict[str, list[tuple[str, Cell]]]:
    parts: dict[str, list[tuple[str, Cell]]] = {}
    if isinstance(found, Tally) and found.group is not None and found.group_by is not None:
        parts[found.group_by] = _cut(found, found.group, found.group_labels, settings)
    for segmentation in segmentations:
        group = segmentation.of_units(found.customer, found.line)
        parts[segmentation.name] = _cut(found, group, segmentation.labels, settings)
    return parts


def _cut(found: Countable, group: np.ndarray, labels: Sequence[str], settings: MetricSettings) -> list[tuple[str, Cell]]:
    """The cells of a split: (unknown) only where somebody is, small ones pooled or without a rate."""
    cells = found.cells(group, len(labels))
    if settings.small_cells == "pool":
        small = np.array([cell.units < settings.min_cell for cell in cells], dtype=bool)
        if small.any():
            kept = [label for label, is_small in zip(labels, small.tolist()) if not is_small and label != OTHER]
            number = {label: i for i, label in enumerate(kept)}
            place = np.array([number.get(label, len(kept)) for label in labels], dtype=np.int64)
            labels, group = (*kept, OTHER), place[group]
            cells = found.cells(group, len(labels))
    used = np.bincount(group, minlength=len(cells))
    return [
        (label, _screened(cell, settings))
        for label, cell, n in zip(labels, cells, used.tolist())
        if n or label not in (UNKNOWN, OTHER)
    ]


def _screened(cell: Cell, settings: MetricSettings) -> Cell:
    """``cell`` without its rate where it rests on fewer than ``min_cell`` customers; totals stay."""
    if cell.units >= settings.min_cell or cell.interval == A_TOTAL or math.isnan(cell.value):
        return cell
    note = join_notes(f"SMALL_CELL: fewer than {settings.min_cell}", cell.note)
    return replace(cell, value=math.nan, lower=math.nan, upper=math.nan, note=note, interval=UNDEFINED)


def _spread(name: str, pairs: list[tuple[str, Cell]]) -> Spread | None:
    known = [(cell.value, label, cell) for label, cell in pairs if not math.isnan(cell.value) and label != UNKNOWN]
    large = [part for part in known if part[2].units >= MIN_SPREAD_SIZE]
    large = large if len(large) >= 2 else known
    if len(large) < 2:
        return None
    low, high = min(large, key=lambda part: part[:2]), max(large, key=lambda part: part[:2])
    return Spread(name, low[0], low[1], high[0], high[1])


def as_table(rows: list[Row], as_of_day: int | None) -> Metrics:
    """The rows as a table."""
    as_of = None if as_of_day is None else str(np.datetime64(as_of_day, "D"))
    texts = {
        "metric": [row.metric for row in rows],
        "segment_by": [row.segment_by for row in rows],
        "segment": [row.segment for row in rows],
        "window": [row.window for row in rows],
        "interval": [UNDEFINED if math.isnan(row.cell.value) else row.cell.interval for row in rows],
        "spread_by": [row.spread and row.spread.by for row in rows],
        "spread_low_segment": [row.spread and row.spread.low_segment for row in rows],
        "spread_high_segment": [row.spread and row.spread.high_segment for row in rows],
        "as_of": [as_of] * len(rows),
        "population": [DEFINITIONS[row.definition].population for row in rows],
        "source": [DEFINITIONS[row.definition].source for row in rows],
        "note": [row.cell.note for row in rows],
    }
    numbers = {
        name: [getattr(row.cell, name) for row in rows] for name in ("numerator", "denominator", "value", "lower", "upper")
    }
    numbers["spread_low"] = [row.spread.low if row.spread else math.nan for row in rows]
    numbers["spread_high"] = [row.spread.high if row.spread else math.nan for row in rows]
    columns = {name: np.array(column, dtype=object) for name, column in texts.items()}
    columns |= {name: np.array(column, dtype=np.float64) for name, column in numbers.items()}
    return Metrics(**{name: columns[name] for name in COLUMNS})
