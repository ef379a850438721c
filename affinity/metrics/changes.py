"""Two values of one metric compared, and a blended value taken apart."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """points : after − before, in the unit of the metric; relative : the same over before (NaN when before is 0)."""

    points: float
    relative: float


def compare_values(before: float, after: float) -> Change:
    """The change from ``before`` to ``after``, in points and relative: never one for the other.

    >>> change = compare_values(0.22, 0.38)
    >>> round(change.points, 4), round(change.relative, 4)
    (0.16, 0.7273)
    """
    points = after - before
    return Change(points, points / before if before else math.nan)


def implied_share(blended: float, high: float, low: float) -> float:
    """The share of the ``high`` segment that makes a blend of two rates: (blended − low) / (high − low).

    In [0, 1] when the blend lies between the two; NaN when they are equal.
    """
    return (blended - low) / (high - low) if high != low else math.nan


@dataclass(frozen=True)
class LifetimeSplit:
    """Two lifetime values and the exact parts of their difference: before + revenue_part + churn_part = after."""

    before: float
    after: float
    revenue_part: float
    churn_part: float


def split_lifetime_value(revenue_before: float, churn_before: float, revenue_after: float, churn_after: float) -> LifetimeSplit:
    """What more revenue and what less churn contribute to the change of revenue / churn (Shapley: both orders averaged).

    Churn rates in the unit of time of the revenues, > 0 (else all parts are NaN).

    >>> found = split_lifetime_value(10_000, 0.15, 18_000, 0.08)
    >>> round(found.before), round(found.after), round(found.revenue_part), round(found.churn_part)
    (66667, 225000, 76667, 81667)
    """
    if min(churn_before, churn_after) <= 0:
        return LifetimeSplit(math.nan, math.nan, math.nan, math.nan)
    lives = 1 / churn_before, 1 / churn_after
    return LifetimeSplit(
        revenue_before * lives[0],
        revenue_after * lives[1],
        (revenue_after - revenue_before) * (lives[0] + lives[1]) / 2,
        (lives[1] - lives[0]) * (revenue_before + revenue_after) / 2,
    )


def tree_revenue(eligible: float, reach: float, conversion: float, value_each: float) -> float:
    """Cross-sell revenue = eligible customers × reach (offered / eligible) × conversion × value each (S0)."""
    return eligible * reach * conversion * value_each
