"""Columns of the small published tables that no room makes as a table: curves, calibration, bundles."""

from __future__ import annotations

import numpy as np

from affinity.frames import AnyColumn, LabelColumn
from affinity.statistics.survival import cumulative_curve
from affinity.tables import Calibration, LifeTables, PairGraph


def curve_columns(life: LifeTables, rows: np.ndarray) -> dict[str, AnyColumn]:
    """The conversion curves of some pairs for curves.parquet: antecedent, consequent, day, at_risk, events, rate.

    rows : int array, which rows of ``life``, in the order wanted; rate : Kaplan–Meier cumulative rate after that day,
    in [0, 1]. A pair without events has no rows.
    """
    rows = np.asarray(rows, dtype=np.int64)
    lengths = np.diff(life.indptr)[rows]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    place = np.repeat(life.indptr[rows] - indptr[:-1], lengths) + np.arange(indptr[-1])
    day, at_risk, events = life.day[place], life.at_risk[place], life.events[place]
    labels = life.products.labels
    return {
        "antecedent": LabelColumn(np.repeat(life.antecedent[rows], lengths), labels),
        "consequent": LabelColumn(np.repeat(life.consequent[rows], lengths), labels),
        "day": day,
        "at_risk": at_risk,
        "events": events,
        "rate": cumulative_curve(indptr, day, at_risk, events).rate,
    }


def calibration_columns(calibration: Calibration) -> dict[str, AnyColumn]:
    """The bins of a calibration for calibration.parquet: bin (from 1), rows, predicted, observed."""
    return {
        "bin": np.arange(1, len(calibration.rows) + 1, dtype=np.int32),
        "rows": calibration.rows,
        "predicted": calibration.predicted,
        "observed": calibration.observed,
    }


def bundle_columns(graph: PairGraph) -> dict[str, AnyColumn]:
    """The members of the graph's communities for bundles.parquet: bundle (from 0), product_id, by bundle and product."""
    members = np.flatnonzero(graph.community >= 0)
    members = members[np.argsort(graph.community[members], kind="stable")]
    return {
        "bundle": graph.community[members].astype(np.int32),
        "product_id": LabelColumn(members.astype(np.int32), graph.products.labels),
    }
