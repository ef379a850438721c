"""Zhang's metric: attraction (above 0) or repulsion (below 0) between −1 and 1."""

from __future__ import annotations

import numpy as np

from affinity.measures.measure import Measure


def zhangs_metric(n_xy: np.ndarray, n_x: np.ndarray, n_y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """(P(XY) − P(X)·P(Y)) / max(P(XY)·P(¬X), P(X)·(P(Y) − P(XY))).

    0 where its denominator is 0, as in mlxtend; NaN without baskets.
    """
    xy, x, y = n_xy / n, n_x / n, n_y / n
    largest = np.maximum(xy * (1.0 - x), x * (y - xy))
    return np.where(largest == 0, 0.0, (xy - x * y) / largest)


ZHANGS_METRIC = Measure(
    name="zhangs_metric",
    formula="(P(XY) − P(X)·P(Y)) / max(P(XY)·P(¬X), P(X)·(P(Y) − P(XY)))",
    low=-1.0,
    high=1.0,
    at_independence=0.0,
    symmetric=False,
    reference="Yan, Zhang & Zhang 2009",
    function=zhangs_metric,
)
