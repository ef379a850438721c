"""Interventions: what was changed on purpose, when, where, and what became of it.

Read by affinity.ingest, judged by affinity.metrics.tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from affinity.frames import ListColumn
from affinity.tables.table import Table

Label = Literal["randomised", "difference_in_differences", "before_after_unverified", "not_yet_observed"]


@dataclass(frozen=True)
class Intervention:
    """A change made on purpose.

    day        : days since the epoch, the first day on which it worked
    node       : of the metric tree, which it was meant to move
    what       : what was done
    segments   : where; empty: everywhere
    randomised : the segments and the comparison were split by lot
    comparison : segments where nothing was done; empty: none
    """

    day: int
    node: str
    what: str
    segments: tuple[str, ...] = ()
    randomised: bool = False
    comparison: tuple[str, ...] = ()


@dataclass(frozen=True)
class Impact:
    """What a node did after an intervention.

    before, after       : the node where it was made, in the window before and after the day (NaN undefined)
    effect, lower, upper : 95 % bounds. randomised: after − comparison after; difference_in_differences: the change less the
                          comparison's; before_after_unverified: the change
    observed_days       : days followed after the day
    text                : one sentence that claims no more than the label allows
    """

    intervention: Intervention
    label: Label
    before: float
    after: float
    effect: float
    lower: float
    upper: float
    observed_days: int
    text: str


@dataclass(frozen=True, eq=False, repr=False)
class Impacts(Table):
    """One row an intervention, in the order given."""

    rows: tuple[Impact, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self) -> dict[str, np.ndarray | ListColumn]:
        """date, node, segment, what, randomised, comparison_segment, label, before, after, effect, lower, upper, …"""
        made = [row.intervention for row in self.rows]
        texts = {
            "node": [one.node for one in made],
            "segment": ["; ".join(one.segments) or None for one in made],
            "what": [one.what for one in made],
            "comparison_segment": ["; ".join(one.comparison) or None for one in made],
            "label": [row.label for row in self.rows],
            "text": [row.text for row in self.rows],
        }
        figures = ("before", "after", "effect", "lower", "upper")
        return {
            "date": np.array([one.day for one in made], dtype="datetime64[D]"),
            **{name: np.array(values, dtype=object) for name, values in texts.items()},
            "randomised": np.array([one.randomised for one in made], dtype=bool),
            **{name: np.array([getattr(row, name) for row in self.rows], dtype=np.float64) for name in figures},
            "observed_days": np.array([row.observed_days for row in self.rows], dtype=np.int32),
        }
