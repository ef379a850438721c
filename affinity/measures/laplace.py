"""Laplace: confidence drawn towards ½ where X is rare."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def laplace(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(n_xy + 1) / (n_x + 2). ½ without X."""
    return (n_xy + 1.0) / (n_x + 2.0)


LAPLACE = Measure(
    name="laplace",
    formula="(n_xy + 1) / (n_x + 2)",
    low=0.0,
    high=1.0,
    at_independence=None,
    symmetric=False,
    reference="Good 1965; Tan, Kumar & Srivastava 2004",
    function=laplace,
)
