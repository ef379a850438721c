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


def tree_revenue(eligible: float, reach: float, conversion: float, value_each: float) -> float:
    """Cross-sell revenue = eligible customers × reach (offered / eligible) × conversion × value each (S0)."""
    return eligible * reach * conversion * value_each
