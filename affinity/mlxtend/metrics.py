"""The twelve metrics of mlxtend from supports."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from affinity.measures import compute

METRICS = (
    "antecedent support", "consequent support", "support", "confidence", "lift", "representativity", "leverage",
    "conviction", "zhangs_metric", "jaccard", "certainty", "kulczynski",
)  # fmt: skip


class Metrics:
    """Metrics of rules A → C by name; each is computed when it is asked for.

    both, a, c : float64 supports of A ∪ C, A and C; n : rows of the data (1 stands for "not told")
    unknown    : float64[5, rules] of `count_unknown`, or None where every cell is known
    """

    def __init__(self, both: np.ndarray, a: np.ndarray, c: np.ndarray, n: float, unknown: np.ndarray | None) -> None:
        self.both, self.a, self.c, self.n = both, a, c, n
        counts = np.zeros((5, 1)) if unknown is None else unknown
        self.in_both, self.in_a, self.in_c = counts[0], counts[1], counts[2]
        self.in_c_of_a, self.in_a_of_c = counts[3], counts[4]

    def __getitem__(self, name: str) -> np.ndarray:
        """float64[rules]; KeyError where ``name`` is none of `METRICS`."""
        if name in _OF_SHARES:
            return compute(_OF_SHARES[name], self.both, self.a, self.c, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _OF_KNOWN[name](self)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Rows with A and C over rows with A that know C; n cancels out where all is known."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.both * (self.n - self.in_both) / (self.a * (self.n - self.in_a) - self.in_c_of_a)

    def lift(self) -> np.ndarray:
        return self.confidence / self.c

    def representativity(self) -> np.ndarray:
        return (self.n - self.in_both) / self.n + 0.0 * self.both

    def conviction(self) -> np.ndarray:
        confidence = self.confidence
        return np.where(confidence < 1.0, (1.0 - self.c) / (1.0 - confidence), np.inf)

    def certainty(self) -> np.ndarray:
        return np.where(1 - self.c == 0, 0.0, (self.confidence - self.c) / (1 - self.c))

    def kulczynski(self) -> np.ndarray:
        reverse = self.both * (self.n - self.in_both) / (self.c * (self.n - self.in_c) - self.in_a_of_c)
        return (self.confidence + reverse) / 2


#: Names in `affinity.measures` of the metrics that are the same function of the three shares, known cells or not.
_OF_SHARES = {
    "antecedent support": "antecedent_support", "consequent support": "consequent_support", "support": "support",
    "leverage": "leverage", "zhangs_metric": "zhangs_metric", "jaccard": "jaccard",
}  # fmt: skip
#: Metrics that mlxtend multiplies by known rows, and rounds so.
_OF_KNOWN: dict[str, Callable[[Metrics], np.ndarray]] = {
    "confidence": lambda metrics: metrics.confidence,
    "lift": Metrics.lift,
    "representativity": Metrics.representativity,
    "conviction": Metrics.conviction,
    "certainty": Metrics.certainty,
    "kulczynski": Metrics.kulczynski,
}
