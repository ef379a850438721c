"""What came of a campaign: effects with their intervals, over all and by segment, and the verdict.

Made by affinity.campaigns from a frozen assignment and its outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths

_TEXTS = ("outcome", "method", "segment_by", "segment")
_COUNTS = ("treated", "control")
_NUMBERS = (
    "treated_mean", "control_mean", "effect", "lower", "upper", "adjusted_lower", "adjusted_upper", "incremental",
    "incremental_lower", "incremental_upper",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class CampaignResult(Table):
    """One row an estimate.

    outcome : "conversion" (shares) or "revenue" (money a customer)
    method  : what the interval is: "newcombe", "welch", "wilson" (no comparison), "stratified", "cuped", "cace", …
    segment_by, segment : None over all
    treated, control : int64 customers; treated_mean, control_mean : float64
    effect, lower, upper : treated − control with its interval, NaN where nothing may be claimed
    adjusted_lower, adjusted_upper : the interval widened for the number of segments (Bonferroni)
    incremental… : effect × treated customers
    info    : label, verdict, cost, return on it, cost a conversion, what was left out, notes
    """

    outcome: np.ndarray
    method: np.ndarray
    segment_by: np.ndarray
    segment: np.ndarray
    treated: np.ndarray
    control: np.ndarray
    treated_mean: np.ndarray
    control_mean: np.ndarray
    effect: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    adjusted_lower: np.ndarray
    adjusted_upper: np.ndarray
    incremental: np.ndarray
    incremental_lower: np.ndarray
    incremental_upper: np.ndarray
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.outcome), *_TEXTS[1:], *_COUNTS, *_NUMBERS)

    @classmethod
    def of(cls, rows: list[dict[str, Any]], info: Mapping[str, Any]) -> CampaignResult:
        """A table of rows given as mappings."""
        texts = {name: np.array([row[name] for row in rows], dtype=object) for name in _TEXTS}
        counts = {name: np.array([row[name] for row in rows], dtype=np.int64) for name in _COUNTS}
        numbers = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in _NUMBERS}
        return cls(**texts, **counts, **numbers, info=info)

    @property
    def label(self) -> str:
        """How it is known: "randomised", "difference_in_differences" or "before_after_unverified"."""
        return str(self.info["label"])

    @property
    def verdict(self) -> str:
        """What came of it, in one sentence."""
        return str(self.info["verdict"])

    def __len__(self) -> int:
        return len(self.outcome)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """outcome, method, segment_by, segment, customers and means of the arms, the effect and what it adds up to."""
        return {name: getattr(self, name) for name in (*_TEXTS, *_COUNTS, *_NUMBERS)}
