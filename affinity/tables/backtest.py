"""Backtest: how recommenders of the past would have done, against what customers then bought.

Made by affinity.evaluate. One row a protocol, landmark, method and metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths

#: ``at`` of the rows over all landmarks.
POOLED = "pooled"

#: What stands between the two methods of a paired difference.
MINUS = " − "


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Table):
    """Rows in the order of the protocols, landmarks, methods, then metrics.

    protocol, at   : object; "new_product" or "next_basket"; a date, "order -1" or "pooled"
    method, metric : object; a method "A − B" holds paired differences
    value, lower, upper : float64, the mean over customers and its 95 % bootstrap interval (NaN where there is none)
    customers      : int64, customers the value is over
    info           : cutoff, seed, resamples, horizon_days; left_out: method -> why; implausible: protocol -> methods
    """

    protocol: np.ndarray
    at: np.ndarray
    method: np.ndarray
    metric: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    customers: np.ndarray
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.protocol), "at", "method", "metric", "value", "lower", "upper", "customers")

    def __len__(self) -> int:
        return len(self.method)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """protocol, at, method, metric, value, lower, upper, customers."""
        names = ("protocol", "at", "method", "metric", "value", "lower", "upper", "customers")
        return {name: getattr(self, name) for name in names}

    def find(
        self, method: str, metric: str, *, protocol: str | None = None, at: str | None = None
    ) -> tuple[float, float, float]:
        """(value, lower, upper) of a method and metric; protocol and at: the first there are. KeyError without such a row."""
        rows = (self.method == method) & (self.metric == metric)
        rows &= (self.protocol == (protocol or self.protocol[0])) & (self.at == (at or self.at[0]))
        if not rows.any():
            raise KeyError(f"{method}, {metric}, {protocol}, {at}")
        row = int(np.flatnonzero(rows)[0])
        return float(self.value[row]), float(self.lower[row]), float(self.upper[row])

    def groups(self) -> list[tuple[str, str]]:
        """The (protocol, at) there are, in the order of the rows."""
        return list(dict.fromkeys(zip(self.protocol.tolist(), self.at.tolist())))

    def methods(self, protocol: str, at: str) -> list[str]:
        """The methods of a group, differences left out."""
        rows = (self.protocol == protocol) & (self.at == at)
        return [name for name in dict.fromkeys(self.method[rows].tolist()) if MINUS not in name]

    def wide_columns(self, metrics: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
        """A row a protocol, landmark and method: its metrics, and the first method's lead in NDCG with its interval."""
        cells = dict(zip(zip(self.protocol, self.at, self.method, self.metric), zip(self.value, self.lower, self.upper)))
        rows = [(*group, method) for group in self.groups() for method in self.methods(*group)]
        shown = metrics or ("ndcg", "hit_rate_at_1", "hit_rate", "recall", "reciprocal_rank", "coverage", "novelty")
        calibrated = ("calibration_error", "calibration_slope") if "calibration_error" in self.metric else ()
        wide: dict[str, np.ndarray] = {
            name: np.array([row[i] for row in rows], dtype=object) for i, name in enumerate(("protocol", "at", "method"))
        }
        nothing = (np.nan, np.nan, np.nan)
        for metric in (*shown, *calibrated):
            wide[metric] = np.array([cells.get((*row, metric), nothing)[0] for row in rows])
        leads = [cells.get((*row[:2], f"{self.methods(*row[:2])[0]}{MINUS}{row[2]}", "ndcg"), nothing) for row in rows]
        for i, name in enumerate(("ndcg_lead", "lead_lower", "lead_upper")):
            wide[name] = np.array([lead[i] for lead in leads])
        return wide
