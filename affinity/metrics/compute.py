"""All named metrics of a shop, over everybody and by segment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from affinity.metrics.definitions import DEFINITIONS
from affinity.metrics.facts import Facts, gather_facts
from affinity.metrics.orders import count_attached
from affinity.metrics.registry import MEASURES, check_name, load
from affinity.metrics.segments import UNKNOWN, Segmentation, find_segments
from affinity.metrics.tally import Cell, Durations, Tally, Undefined, join_notes
from affinity.metrics.velocity import Cohorts
from affinity.settings import MetricSettings
from affinity.tables import Customers, Eligibility, Metrics, Offers, OrderLines, Products
from affinity.tables.metrics import COLUMNS

#: Segments smaller than this are not named as the extremes of a spread (where larger ones exist).
MIN_SPREAD_SIZE = 30


def compute_metrics(
    lines: OrderLines,
    *,
    offers: Offers | None = None,
    products: Products | None = None,
    customers: Customers | None = None,
    eligibility: Eligibility | None = None,
    settings: MetricSettings | None = None,
    by: str | Sequence[str] = (),
) -> Metrics:
    """The named metrics of `affinity.metrics.MEASURES` for net order lines cut at as_of.

    The window is the ``settings.window_days`` (90) before as_of; metrics of a state look at everything before it;
    without dates both are everything. A row carries numerator, denominator, value, Wilson 95 % bounds where it is a share,
    window, population and source. What the input cannot give is null (NaN) with a reason in ``note``, as is a
    zero denominator.

    by : columns of the customers or of the order lines (a customer's last value): each adds a row a segment, and the
         row over everybody then names the spread. Without it, ``settings.by``

    Raises UnknownColumns for a column that is not there, SettingsError for a metric name that is not.
    """
    settings = settings or MetricSettings()
    facts = gather_facts(
        lines, products=products, customers=customers, offers=offers, eligibility=eligibility, settings=settings
    )
    columns = (by,) if isinstance(by, str) else tuple(by) or settings.by
    segmentations = [find_segments(facts, name) for name in dict.fromkeys(columns)]
    rows: list[_Row] = []
    for name in settings.names or MEASURES:
        check_name(name, {**MEASURES, "attach_rate": ""})
        if name != "attach_rate":
            rows += _rows(name, name, load(MEASURES, name)(facts), segmentations)
    for a, b in settings.attach_pairs:
        rows += _rows(f"attach_rate({a}, {b})", "attach_rate", count_attached(facts, a, b), segmentations)
    return _as_table(rows, facts)


@dataclass(frozen=True)
class _Row:
    metric: str
    definition: str
    cell: Cell
    window: str | None
    segment_by: str | None = None
    segment: str | None = None


def _rows(
    metric: str, definition: str, found: Tally | Durations | Cohorts | Undefined, segmentations: Iterable[Segmentation]
) -> list[_Row]:
    nan = float("nan")
    if isinstance(found, Undefined):
        return [_Row(metric, definition, Cell(nan, nan, nan, note=found.note), found.window)]
    if isinstance(found, Cohorts):
        total, cohorts = found.cells()
        split = [_Row(metric, definition, cell, found.window, "cohort", label) for label, cell in cohorts]
        return [_Row(metric, definition, _with_spread(total, split), found.window), *split]
    parts: list[list[_Row]] = []
    if found.group is not None and found.group_by is not None:
        cells = found.cells(found.group, len(found.group_labels))
        parts.append(_segment_rows(metric, definition, found.window, found.group_by, list(zip(found.group_labels, cells))))
    for segmentation in segmentations:
        group = segmentation.of_units(found.customer, found.line)
        cells = found.cells(group, len(segmentation.labels))
        pairs = list(zip(segmentation.labels, cells))
        used = np.bincount(group, minlength=len(cells))
        pairs = [pair for pair, n in zip(pairs, used) if n or pair[0] != UNKNOWN]
        parts.append(_segment_rows(metric, definition, found.window, segmentation.name, pairs))
    total = found.cells()[0]
    for split in parts:
        total = _with_spread(total, split)
    return [_Row(metric, definition, total, found.window), *(row for split in parts for row in split)]


def _segment_rows(
    metric: str, definition: str, window: str | None, segment_by: str, pairs: list[tuple[str, Cell]]
) -> list[_Row]:
    return [_Row(metric, definition, cell, window, segment_by, label) for label, cell in pairs]


def _with_spread(total: Cell, split: list[_Row]) -> Cell:
    """``total`` with the least and greatest value over its segments in the note: a blend never stands alone."""
    known = [row for row in split if row.cell.value == row.cell.value]
    large = [row for row in known if row.cell.denominator >= MIN_SPREAD_SIZE] or known
    if len(large) < 2:
        return total
    low = min(large, key=lambda row: (row.cell.value, row.segment))
    high = max(large, key=lambda row: (row.cell.value, row.segment))
    spread = f"by {low.segment_by}: {low.cell.value:.4g} ({low.segment}) to {high.cell.value:.4g} ({high.segment})"
    return Cell(total.numerator, total.denominator, total.value, total.lower, total.upper, join_notes(total.note, spread))


def _as_table(rows: list[_Row], facts: Facts) -> Metrics:
    as_of = None if facts.as_of_day is None else str(np.datetime64(facts.as_of_day, "D"))
    texts = {
        "metric": [row.metric for row in rows],
        "segment_by": [row.segment_by for row in rows],
        "segment": [row.segment for row in rows],
        "window": [row.window for row in rows],
        "as_of": [as_of] * len(rows),
        "population": [DEFINITIONS[row.definition].population for row in rows],
        "source": [DEFINITIONS[row.definition].source for row in rows],
        "note": [row.cell.note for row in rows],
    }
    numbers = ("numerator", "denominator", "value", "lower", "upper")
    columns = {name: np.array(column, dtype=object) for name, column in texts.items()}
    columns |= {name: np.array([getattr(row.cell, name) for row in rows], dtype=np.float64) for name in numbers}
    return Metrics(**{name: columns[name] for name in COLUMNS})
