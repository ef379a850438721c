"""Measures of a rule X ⇒ Y from one contingency table (n_xy, n_x, n_y, n)."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike

from affinity.errors import SettingsError, did_you_mean
from affinity.measures.measure import Measure
from affinity.measures.registry import MEASURES

__all__ = ["MEASURES", "Measure", "compute", "get_measure"]


@cache
def get_measure(name: str) -> Measure:
    """The registered measure ``name``; SettingsError with the nearest name when there is none."""
    if name not in MEASURES:
        raise SettingsError(f"There is no measure {name!r}.", do=did_you_mean(name, MEASURES))
    module, attribute = MEASURES[name].split(":")
    measure: Measure = getattr(import_module(module), attribute)
    return measure


def compute(name: str, n_xy: ArrayLike, n_x: ArrayLike, n_y: ArrayLike, n: ArrayLike) -> np.ndarray:
    """The measure ``name`` of each table: baskets with both, with X, with Y, and all; float64, broadcast.

    Counts become float64 first (exact below 2**53), so no product of counts overflows. What is undefined (no
    baskets, no X, …) is NaN, a quotient by zero ±inf; each measure says which.

    >>> float(compute("lift", 30, 100, 60, 1000))
    5.0
    """
    table = np.broadcast_arrays(*(np.asarray(count, dtype=np.float64) for count in (n_xy, n_x, n_y, n)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(get_measure(name).function(*table), dtype=np.float64)
