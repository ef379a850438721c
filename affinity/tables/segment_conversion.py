"""SegmentConversion: conversion A→B within each segment, beside the pooled rate and what the mix of segments makes of it.

Made by affinity.conversion from the life tables of each segment. One row an ordered pair, horizon and segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table, check_lengths
from affinity.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class SegmentConversion(Table):
    """Rows sorted by antecedent, consequent, horizon, segment.

    segment                        : object label, None unknown
    eligible, converted            : int64 customers of the segment
    rate, lower, upper, baseline   : as in Conversion, of the segment alone
    pooled_rate, pooled_baseline   : of all segments together
    standardised_rate              : Σ wₛ·rateₛ with the same weights for every pair: the segment's share of all owners
                                     of any product who entered. NaN unless every segment with a weight has a rate
    mix_effect                     : pooled_rate − standardised_rate: what the pair's own mix of segments adds
    kind                           : object, "cross_sell" or "upsell" (both products of one family)
    reversal                       : bool: pooled, A's owners convert more (less) than similar buyers, beyond the interval,
                                     yet segments with at least 80 % of the eligible say the opposite (Simpson's paradox),
                                     each with at least 3 converted or expected to be
    """

    antecedent: np.ndarray
    consequent: np.ndarray
    horizon_days: np.ndarray
    segment: np.ndarray
    eligible: np.ndarray
    converted: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    baseline: np.ndarray
    pooled_rate: np.ndarray
    pooled_baseline: np.ndarray
    standardised_rate: np.ndarray
    mix_effect: np.ndarray
    reversal: np.ndarray
    kind: np.ndarray
    products: Vocabulary
    info: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_lengths(self, len(self.antecedent), "consequent", *self._columns())

    def __len__(self) -> int:
        return len(self.antecedent)

    @staticmethod
    def _columns() -> tuple[str, ...]:
        return (
            "horizon_days", "segment", "eligible", "converted", "rate", "lower", "upper", "baseline", "pooled_rate",
            "pooled_baseline", "standardised_rate", "mix_effect", "reversal", "kind",
        )  # fmt: skip

    def between(self, antecedent: Any, consequent: Any) -> Any:
        """The rows of one ordered pair (labels), as a pandas.DataFrame."""
        a, b = self.products.code(antecedent), self.products.code(consequent)
        return self.rows_to_pandas(np.flatnonzero((self.antecedent == a) & (self.consequent == b)))

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """antecedent, consequent, horizon_days, segment, counts, rates, pooled and standardised, reversal."""
        return {
            "antecedent": self.products.decode(self.antecedent),
            "consequent": self.products.decode(self.consequent),
            **{name: getattr(self, name) for name in self._columns()},
        }
