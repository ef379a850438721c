"""When after A the purchase of B is likeliest: the daily rate by time since A, steadied by what is expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity import mapped
from affinity.conversion.baseline import PAIRS_AT_ONCE, hazards_of_others
from affinity.tables.life_tables import BASELINE_BINS, LifeTables

#: Least and most events that the expected shape is worth.
SHAPE_EVENTS = (1.0, 1e4)


@dataclass(frozen=True)
class BestTime:
    """One row a pair. from_day, to_day : float64 days after A, both inclusive, of the bin of time with the highest daily
    rate; lift : that rate over the pair's own mean daily rate within a year. NaN where nothing was expected or observed."""

    from_day: np.ndarray
    to_day: np.ndarray
    lift: np.ndarray


def find_best_time(life_tables: LifeTables, rows: np.ndarray) -> BestTime:
    """The best time for an offer of B after A, of the pairs ``rows``.

    In the bin b of time since A (1–28, 29–56, 57–91, 92–147, 148–365 days): O_b events over Y_b customer-days, m_b expected of
    similar buyers, scaled to the pair's own level: m_b = E_b·O/E. The steadied daily rate is
    r_b = (m_b / Y_b)·(O_b + k)/(m_b + k), with k events that the expected shape is worth (by moments over the pairs); the best
    time is the bin with the largest r_b (of equals the earlier), lift = r_b·ΣY / Σ r_b·Y_b.
    """
    n_bins, may_map = len(BASELINE_BINS), mapped.is_mapped(life_tables.exposure)

    def cells() -> np.ndarray:
        return mapped.full(len(rows) * n_bins, 0, np.float64, may_map).reshape(len(rows), n_bins)

    events, days, scaled, top, bottom = cells(), cells(), cells(), cells(), cells()
    for first in range(0, len(rows), PAIRS_AT_ONCE):
        part = rows[first : first + PAIRS_AT_ONCE]
        hazard = hazards_of_others(life_tables, part)
        here = slice(first, first + len(part))
        exposure = life_tables.exposure[part]
        events[here] = life_tables.observed[part].reshape(len(part), -1, n_bins).sum(axis=1)
        days[here] = exposure.reshape(len(part), -1, n_bins).sum(axis=1)
        expected = (hazard * exposure).reshape(len(part), -1, n_bins).sum(axis=1)
        whole = expected.sum(axis=1)
        scale = np.divide(events[here].sum(axis=1), whole, out=np.zeros(len(part)), where=whole > 0)
        scaled[here] = expected * scale[:, None]
        top[here], bottom[here] = _shape_terms(events[here], scaled[here])
    above, below = float(top.sum()), float(bottom.sum())
    weight = float(np.clip(below / above if above > 0 else np.inf, *SHAPE_EVENTS))
    steps = [slice(first, first + PAIRS_AT_ONCE) for first in range(0, max(len(rows), 1), PAIRS_AT_ONCE)]
    parts = [_best_bins(events[here], days[here], scaled[here], weight, life_tables.gap_days) for here in steps]
    return BestTime(*(np.concatenate(column) for column in zip(*parts)))


def _best_bins(
    events: np.ndarray, days: np.ndarray, scaled: np.ndarray, weight: float, gap_days: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """from_day, to_day and lift of pairs by bin; ``weight`` : the events that the expected shape is worth."""
    steadied = scaled * (events + weight) / (scaled + weight)
    rate = np.divide(steadied, days, out=np.zeros_like(days), where=days > 0)
    best = rate.argmax(axis=1)
    known = rate.max(axis=1, initial=0.0) > 0
    every = np.divide(steadied.sum(axis=1), days.sum(axis=1), out=np.ones(len(known)), where=known)
    edges = np.array((0, *BASELINE_BINS), dtype=np.float64)
    return (
        np.where(known, np.maximum(edges[best], gap_days) + 1, np.nan),
        np.where(known, edges[best + 1], np.nan),
        np.where(known, rate.max(axis=1, initial=0.0) / every, np.nan),
    )


def _shape_terms(events: np.ndarray, scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The terms of k = 1/v, v = Σw[(O − m)² − m]/Σ w·m², w = (1 + m)⁻²: how far bins are from the expected shape by more than
    chance.

    The scale was fitted to the pair, which takes one event's freedom of each: m·(1 − m/Σm) stands for the chance part.
    """
    share = np.divide(scaled, scaled.sum(axis=1, keepdims=True), out=np.zeros_like(scaled), where=scaled > 0)
    w = 1.0 / (1.0 + scaled) ** 2
    return w * ((events - scaled) ** 2 - scaled * (1.0 - share)), w * scaled**2
