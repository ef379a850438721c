"""What a measure of a rule X ⇒ Y is: a pure function of one contingency table, with its facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Function = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Measure:
    """One measure.

    name            : as in columns and settings
    formula         : in probabilities of X and Y among baskets; ¬Y is "without Y"
    low, high       : the range of its finite values (±inf where unbounded)
    at_independence : its value where P(XY) = P(X)·P(Y), None where that is not one number
    symmetric       : whether X ⇒ Y and Y ⇒ X score the same
    reference       : where it comes from
    function        : (n_xy, n_x, n_y, n) float64 arrays -> float64; call it through `affinity.measures.compute`
    """

    name: str
    formula: str
    low: float
    high: float
    at_independence: float | None
    symmetric: bool
    reference: str
    function: Function
