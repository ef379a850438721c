"""Conversion curves of the pairs that are looked at: what curves.parquet holds."""

from __future__ import annotations

import numpy as np

from affinity.conversion.estimate import slice_runs
from affinity.frames import AnyColumn, LabelColumn
from affinity.statistics.survival import cumulative_curve
from affinity.tables.conversion import Conversion
from affinity.tables.life_tables import LifeTables


def curve_rows(life_tables: LifeTables, conversion: Conversion, *, per_antecedent: int = 10) -> dict[str, AnyColumn]:
    """Columns antecedent, consequent, day, at_risk, events, rate: a row an event day of a chosen pair.

    Chosen are, of the pairs in ``conversion``, the ``per_antecedent`` consequents of each antecedent with the
    largest lower bound of the hazard ratio (ties: more converted, then the smaller code), so a reason's curve
    is there. rate is the Kaplan–Meier F(day). Sorted by codes, then day.
    """
    rows = _strongest(conversion, per_antecedent)
    n_products = len(life_tables.products)
    stored = life_tables.antecedent.astype(np.int64) * n_products + life_tables.consequent
    wanted = conversion.antecedent[rows].astype(np.int64) * n_products + conversion.consequent[rows]
    pairs = np.searchsorted(stored, np.sort(wanted))
    indptr, position = slice_runs(life_tables.indptr, pairs)
    day, at_risk, events = (getattr(life_tables, name)[position] for name in ("day", "at_risk", "events"))
    pair = np.repeat(pairs, np.diff(indptr))
    labels = life_tables.products.labels
    return {
        "antecedent": LabelColumn(life_tables.antecedent[pair], labels),
        "consequent": LabelColumn(life_tables.consequent[pair], labels),
        "day": day,
        "at_risk": at_risk.astype(np.int64),
        "events": events.astype(np.int64),
        "rate": cumulative_curve(indptr, day, at_risk, events).rate,
    }


def _strongest(conversion: Conversion, per_antecedent: int) -> np.ndarray:
    """Rows (last horizon of each pair) of the strongest consequents of every antecedent."""
    last = np.flatnonzero(conversion.horizon_days == conversion.horizon_days.max(initial=0))
    strength = np.nan_to_num(conversion.hazard_ratio_lower[last], nan=-1.0)
    a = conversion.antecedent[last]
    order = np.lexsort((conversion.consequent[last], -conversion.converted[last], -strength, a))
    a = a[order]
    rank = np.arange(len(a)) - np.searchsorted(a, a, side="left")
    return last[order][rank < per_antecedent]
