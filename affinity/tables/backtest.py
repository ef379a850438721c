"""Backtest: how recommenders of the past would have done, against what customers then bought.

Made by affinity.evaluate. One row a method and metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Table):
    """Rows in the order of the methods, then of the metrics.

    method, metric : object; a method "A − B" holds paired differences
    value, lower, upper : float64, the mean over customers and its 95 % bootstrap interval (NaN where there is none)
    customers      : int64, customers the value is over
    info           : the protocol: at, horizon_days, cutoff, seed, products
    """

    method: np.ndarray
    metric: np.ndarray
    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    customers: np.ndarray
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.method), "metric", "value", "lower", "upper", "customers")

    def __len__(self) -> int:
        return len(self.method)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """method, metric, value, lower, upper, customers."""
        return {name: getattr(self, name) for name in ("method", "metric", "value", "lower", "upper", "customers")}
