"""When after A its buyers come to B, from the published curve: by when half of them have, whether the best time stands out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from affinity.plots.conversion import BoundedCurve
from affinity.statistics.intervals import wilson_interval

#: Purchases seen below which no best time is named.
FEWEST = 20


class Half(NamedTuple):
    """Days by which half of those who convert within ``within`` days have; lower, upper : 95 %."""

    days: int
    lower: int
    upper: int
    within: int


class Window(NamedTuple):
    """Purchases in the days first to last after A. share : of all seen; even : were they spread as the days at risk."""

    first: int
    last: int
    events: int
    of: int
    share: float
    lower: float
    upper: float
    even: float

    @property
    def stands_out(self) -> bool:
        """Whether more come then than if every day were alike, beyond chance."""
        return self.lower > self.even


def half_of_converters(curve: BoundedCurve, events: np.ndarray, last_day: int) -> Half | None:
    """The smallest day u with F(u) ≥ ½F(h), h = ``last_day``; the bounds where F/F(h) passes ½ ± 0.98/√n, n events by h.

    F is the Kaplan–Meier curve, so that customers not followed to h count for as long as they were. The bounds are those of
    a sample median by order statistics (binomial, normal form). None below FEWEST events.
    """
    shown = curve.day <= last_day
    n = int(events[shown].sum())
    if n < FEWEST:
        return None
    day, share = curve.day[shown], curve.rate[shown] / curve.rate[shown][-1]
    reached = [
        int(day[np.searchsorted(share, min(goal, 1.0) - 1e-12)]) for goal in 0.5 + 0.98 / np.sqrt(n) * np.array([0, -1, 1])
    ]
    return Half(reached[0], reached[1], reached[2], last_day)


def share_in_window(
    day: np.ndarray, at_risk: np.ndarray, events: np.ndarray, *, first: int, last: int, last_day: int
) -> Window | None:
    """Purchases of the days ``first`` to ``last`` among those up to ``last_day``, Wilson 95 %; None below FEWEST events.

    even : customer-days at risk within over all up to ``last_day``; the customers at risk on a day without a purchase are
    those of the next day with one (0 after the last).
    """
    shown, inside = day <= last_day, (day >= first) & (day <= last)
    n, k = int(events[shown].sum()), int(events[inside & shown].sum())
    if n < FEWEST:
        return None
    every = np.arange(1, last_day + 1)
    place = np.searchsorted(day, every)
    exposed = np.where(place < len(day), at_risk[np.minimum(place, len(day) - 1)], 0)
    even = float(exposed[first - 1 : last].sum() / max(int(exposed.sum()), 1))
    lower, upper = wilson_interval(k, n)
    return Window(first, last, k, n, k / n, float(lower), float(upper), even)
