"""The change of metrics between two windows, and how much of it is only that the segments weigh differently."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from affinity.metrics.changes import compare_values
from affinity.tables.metrics import MetricChanges, Metrics

#: A blend that moves against segments of this share of the denominator is reversed.
REVERSAL_SHARE = 0.8


@dataclass(frozen=True)
class SegmentEffect:
    """What one segment did to a blend, in the unit of the metric; note "ENTRY" or "EXIT" where it is in one window only."""

    rate_effect: float
    mix_effect: float
    note: str | None = None


def split_change(
    before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]
) -> tuple[dict[str, SegmentEffect], bool]:
    """The effect of each segment on the change of a blended value, and whether the blend is reversed.

    before, after : segment -> (numerator, denominator); w is a segment's share of the denominator, r its value, r̄ the blend

    rate_s = ½(w₀ + w₁)(r₁ − r₀); mix_s = (w₁ − w₀)[½(r₀ + r₁) − ½(r̄₀ + r̄₁)]; their sum is r̄₁ − r̄₀ exactly. A segment of one
    window only has its one value in both (all of it is mix). Reversed: the blend moves one way, and segments that hold at
    least 80 % of the denominator (of the mean of the two shares) the other.

    >>> effects, reversed_ = split_change({"a": (80, 400), "b": (30, 600)}, {"a": (88, 400), "b": (60, 1000)})
    >>> round(sum(e.rate_effect for e in effects.values()), 4), round(sum(e.mix_effect for e in effects.values()), 4)
    (0.0134, -0.0177)
    >>> reversed_
    True
    """
    whole = [tuple(math.fsum(part[i] for part in cells.values()) for i in (0, 1)) for cells in (before, after)]
    if whole[0][1] <= 0 or whole[1][1] <= 0:
        return {}, False
    blend = [top / bottom for top, bottom in whole]
    effects, against = {}, 0.0
    for name in dict.fromkeys([*before, *after]):
        (x0, n0), (x1, n1) = before.get(name, (0.0, 0.0)), after.get(name, (0.0, 0.0))
        if n0 == 0 and n1 == 0:
            continue
        r0, r1 = x0 / n0 if n0 else x1 / n1, x1 / n1 if n1 else x0 / n0
        w0, w1 = n0 / whole[0][1], n1 / whole[1][1]
        rate, mix = (w0 + w1) / 2 * (r1 - r0), (w1 - w0) * ((r0 + r1) / 2 - (blend[0] + blend[1]) / 2)
        effects[name] = SegmentEffect(rate, mix, "ENTRY" if n0 == 0 else "EXIT" if n1 == 0 else None)
        if (r1 - r0) * (blend[1] - blend[0]) < 0:
            against += (w0 + w1) / 2
    return effects, against >= REVERSAL_SHARE


def compare_metrics(before: Metrics, after: Metrics) -> MetricChanges:
    """The change of every metric from one table to a later one, over everybody and by segment, with mix and rate effects.

    Both tables come from `compute_metrics` with the same settings and segments. The row over everybody names one split
    a row (``segment_by``, segment None): its rate and mix effects add up to the change in points; a metric without
    splits, or whose segments do not add up (medians, rate ratios, cohorts), has a change and no effects.
    """
    old, new = _index(before), _index(after)
    rows: list[tuple[object, ...]] = []
    for metric in dict.fromkeys([*(key[0] for key in new), *(key[0] for key in old)]):
        total = old.get((metric, None, None)), new.get((metric, None, None))
        splits = [by for by in dict.fromkeys(key[1] for key in (*new, *old) if key[0] == metric) if by is not None]
        found = [_row(metric, None, None, total, (before, after), None, reversal=False)] if not splits else []
        for by in splits:
            found += _split_rows(metric, by, total, (old, new), (before, after))
        rows += found
    columns = list(zip(*rows)) if rows else [()] * len(_COLUMNS)
    return MetricChanges(**{name: np.array(column, dtype=kind) for (name, kind), column in zip(_COLUMNS.items(), columns)})


_COLUMNS: dict[str, type] = {
    "metric": object, "segment_by": object, "segment": object, "window_before": object, "window_after": object,
    "denominator_before": float, "denominator_after": float, "before": float, "after": float, "points": float,
    "relative": float, "rate_effect": float, "mix_effect": float, "reversal": bool, "note": object,
}  # fmt: skip

_Key = tuple[str, str | None, str | None]
_Pair = tuple[int | None, int | None]
_Tables = tuple[Metrics, Metrics]


def _index(table: Metrics) -> dict[_Key, int]:
    return {key: i for i, key in enumerate(zip(table.metric.tolist(), table.segment_by.tolist(), table.segment.tolist()))}


def _split_rows(
    metric: str, by: str, total: _Pair, index: tuple[dict[_Key, int], dict[_Key, int]], tables: _Tables
) -> list[tuple[object, ...]]:
    names = list(dict.fromkeys(key[2] for table in index for key in table if key[:2] == (metric, by)))
    cells = [
        {
            str(name): (float(table.numerator[place]), float(table.denominator[place]))
            for name in names
            if (place := places.get((metric, by, name))) is not None
        }
        for places, table in zip(index, tables)
    ]
    adds_up = all(_adds_up(part, table, row) for part, table, row in zip(cells, tables, total))
    effects, reversal = split_change(*cells) if adds_up else ({}, False)
    whole = None
    if effects:
        whole = SegmentEffect(
            math.fsum(effect.rate_effect for effect in effects.values()),
            math.fsum(effect.mix_effect for effect in effects.values()),
        )
    rows = [_row(metric, by, None, total, tables, whole, reversal=reversal)]
    for name in names:
        places = tuple(places.get((metric, by, name)) for places in index)
        rows.append(_row(metric, by, name, places, tables, effects.get(str(name)), reversal=False))  # type: ignore[arg-type]
    return rows


def _adds_up(cells: dict[str, tuple[float, float]], table: Metrics, row: int | None) -> bool:
    """Whether the segments' numerators and denominators are those of the row over everybody, and the value their ratio."""
    if row is None or not math.isfinite(float(table.value[row])):
        return False
    top, bottom = (math.fsum(part[i] for part in cells.values()) for i in (0, 1))
    whole = float(table.numerator[row]), float(table.denominator[row])
    return bottom > 0 and np.allclose((top, bottom, top / bottom), (*whole, float(table.value[row])), rtol=1e-9, atol=0)


def _row(
    metric: str,
    by: str | None,
    segment: str | None,
    places: _Pair,
    tables: _Tables,
    effect: SegmentEffect | None,
    *,
    reversal: bool,
) -> tuple[object, ...]:
    def of(name: str, i: int) -> object:
        place = places[i]
        return (None if name == "window" else math.nan) if place is None else getattr(tables[i], name)[place]

    values = float(of("value", 0)), float(of("value", 1))  # type: ignore[arg-type]
    change = compare_values(*values)
    undefined = [(when, i) for i, when in enumerate(("before", "after")) if math.isnan(values[i])]
    notes = [effect.note] if effect and effect.note else []
    notes += [f"{when}: {_note(tables[i], places[i])}" for when, i in undefined]
    return (
        metric, by, segment, of("window", 0), of("window", 1), of("denominator", 0), of("denominator", 1), *values,
        change.points, change.relative,
        effect.rate_effect if effect else math.nan, effect.mix_effect if effect else math.nan,
        reversal, "; ".join(notes) or None,
    )  # fmt: skip


def _note(table: Metrics, place: int | None) -> str:
    return "not there" if place is None else str(table.note[place])
