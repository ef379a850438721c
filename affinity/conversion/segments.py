"""Conversion by segment: each segment by itself, the pooled rate, the standardised one, and where the two worlds disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from affinity.conversion.estimate import count_converted, estimate_rows
from affinity.conversion.kinds import is_upsell, name_kinds
from affinity.errors import InputError
from affinity.settings import ConversionSettings
from affinity.tables.life_tables import LifeTables
from affinity.tables.segment_conversion import SegmentConversion

#: Share of the eligible whose segments must say the opposite of the pooled figure for a reversal.
REVERSED_SHARE = 0.8

#: Converted, or expected to be, below which a segment says nothing: no purchase where half of one was expected is no reversal.
LEAST_EVENTS = 3.0


def estimate_by_segment(
    pooled: LifeTables,
    segments: Iterable[tuple[str | None, LifeTables]],
    *,
    family: np.ndarray | None = None,
    settings: ConversionSettings | None = None,
) -> SegmentConversion:
    """Conversion within each segment, of the ``settings.segment_pairs`` pairs with the most converted over all segments.

    pooled, segments : life tables of all customers, and (label, of each segment alone), on the same pairs and days (see
                       `count_by_segment`); ``pooled`` without strata of its own, so that it does not know of segments
    family           : int32[n_products]; None: each product is its own
    direction        : sign(rate − baseline), of the whole only where the baseline is outside its interval; see
                       `SegmentConversion` for the reversal flag

    Raises InputError when the tables do not hold the same pairs.
    """
    settings = settings or ConversionSettings()
    converted = count_converted(pooled)
    enough = np.flatnonzero(converted >= settings.min_converted)
    rows = np.sort(enough[np.lexsort((enough, -converted[enough]))[: settings.segment_pairs]])
    whole = estimate_rows(pooled, rows, family)
    names: list[str | None] = []
    parts, owners = [], []
    for label, table in segments:  # one at a time: together they take too much memory
        if not (np.array_equal(table.antecedent, pooled.antecedent) and np.array_equal(table.consequent, pooled.consequent)):
            raise InputError(
                f"The life tables of segment {label!r} hold other pairs than the pooled ones.",
                why="Segments are compared pair by pair.",
                do="Count all with the same asked=.",
            )
        names.append(label)
        parts.append(estimate_rows(table, rows, family))
        owners.append(table.owners.sum())
    figures = ("eligible", "converted", "rate", "lower", "upper", "baseline")
    stacked = {name: np.stack([part[name] for part in parts], axis=1) for name in figures}  # [pair × horizon, segment]
    weights = np.array(owners, dtype=np.float64)
    weights /= max(weights.sum(), 1.0)
    # not @: there the processor decides on the order of sums
    standard = (np.where(weights > 0, stacked["rate"], 0.0) * weights).sum(axis=1)
    n_segments, n_horizons = len(names), len(pooled.horizons_days)

    def repeat(column: np.ndarray) -> np.ndarray:
        return np.repeat(column, n_segments)

    labels = np.empty(n_segments, dtype=object)
    labels[:] = names
    return SegmentConversion(
        antecedent=repeat(np.repeat(pooled.antecedent[rows], n_horizons)),
        consequent=repeat(np.repeat(pooled.consequent[rows], n_horizons)),
        horizon_days=repeat(np.tile(np.array(pooled.horizons_days, dtype=np.int32), len(rows))),
        segment=np.tile(labels, len(rows) * n_horizons),
        **{name: column.ravel() for name, column in stacked.items()},
        pooled_rate=repeat(whole["rate"]),
        pooled_baseline=repeat(whole["baseline"]),
        standardised_rate=repeat(standard),
        mix_effect=repeat(whole["rate"] - standard),
        reversal=repeat(_reversed(whole, stacked)),
        kind=repeat(np.repeat(name_kinds(is_upsell(family, pooled.antecedent[rows], pooled.consequent[rows])), n_horizons)),
        products=pooled.products,
        info={
            "weights": {label: float(weight) for label, weight in zip(names, weights)},
            "churn": pooled.churn,
            "pairs_left_out": len(enough) - len(rows),
        },
    )


def _reversed(whole: Mapping[str, np.ndarray], stacked: Mapping[str, np.ndarray]) -> np.ndarray:
    """bool a pair and horizon: segments with 80 % of the eligible go the other way than the whole."""
    with np.errstate(invalid="ignore"):
        beyond = (whole["baseline"] < whole["lower"]) | (whole["baseline"] > whole["upper"])  # else it has no direction
        direction = np.where(beyond, np.sign(whole["rate"] - whole["baseline"]), 0.0)
        told = np.maximum(stacked["converted"], stacked["baseline"] * stacked["eligible"]) >= LEAST_EVENTS
        within = np.where(told, np.sign(stacked["rate"] - stacked["baseline"]), 0.0)
    against = np.where(within == -direction[:, None], stacked["eligible"], 0).sum(axis=1)
    total = stacked["eligible"].sum(axis=1)
    return (np.abs(direction) == 1) & (against >= REVERSED_SHARE * total) & (total > 0)
