"""A landmark: what was known at one time, and what came in the horizon after it.

Assembled by flow from the lines before the time, read by affinity.fit (to learn, to score) and affinity.evaluate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.tables.baskets import Baskets
from affinity.tables.holdings import Holdings
from affinity.tables.transitions import Transitions


@dataclass(frozen=True, eq=False)
class SegmentScores:
    """place : int32[n_customers], row of each customer in ``score``; score : float64[segments + 1, n_products], row 0 is
    of customers whose segment is not known, or has too few"""

    place: np.ndarray
    score: np.ndarray


@dataclass(frozen=True, eq=False)
class Landmark:
    """What was known at one time, and, for a past time, what was then newly bought within the horizon.

    at          : day since the epoch (clock "day"), −k when each customer's last k orders are held out
                  (clock "order"); None is now
    holdings, steps, transitions : counted before ``at`` only; steps None without a clock
    segment     : what customers of a segment own more often than others; None where no segment column is used
    label_indptr, label_product : CSR by customer of the products first bought within the horizon; None now
    offered     : (customers, products) codes of what was offered within the horizon; a purchase of it is not organic
    """

    at: int | None
    holdings: Holdings
    steps: Baskets | None
    transitions: Transitions
    label_indptr: np.ndarray | None = None
    label_product: np.ndarray | None = None
    segment: SegmentScores | None = None
    offered: tuple[np.ndarray, np.ndarray] | None = None

    def for_customers(self, who: np.ndarray) -> Landmark:
        """What scores the customers ``who`` (int32 codes, rising), whose codes are then their places; no labels."""
        segment = None if self.segment is None else replace(self.segment, place=self.segment.place[who])
        dated = self.steps is not None and self.steps.customer is not None
        return Landmark(
            self.at,
            self.holdings.for_customers(who),
            self.steps.times_of(who) if self.steps is not None and dated else None,
            self.transitions,
            segment=segment,
        )
