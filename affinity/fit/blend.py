"""The ranking blend: a conditional logit within the customer, shrunk towards the closed form alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from affinity.fit.features import FEATURES
from affinity.statistics.climb import minimize_bounded

#: Where the ridge pulls: the closed form alone.
CLOSED_FORM_ONLY = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])

#: Ridge towards it, against a loss of one a customer: .03 ranked best of .3, .1, .03, .01 and .001 on validation windows.
BLEND_RIDGE = 0.03

#: Only the weights of popularity may be negative (it tilts away from staples).
LOWEST = np.array([0.0, 0.0, 0.0, 0.0, -np.inf, -np.inf, 0.0])


def learn_blend(
    features: np.ndarray, indptr: np.ndarray, label: np.ndarray, *, centre: float = 0.0, ridge: float = BLEND_RIDGE
) -> np.ndarray:
    """float64[7] coefficients of u = w·features that minimise
    mean over customers with a label of (mean over his purchases of −log softmax(u)) + ridge/2·|w′ − (1, 0, …, 0)|²,
    w′ = w but for the weight of popularity, taken at a history of log(1 + products) = ``centre``.

    features : float64[n, 7] (see `FEATURES`); indptr : int64 by customer; label : uint8[n] bought within the horizon.
    Without a labelled customer: the closed form alone.
    """
    bought = np.diff(np.concatenate([[0], np.cumsum(label, dtype=np.int64)])[indptr])  # a customer may have no candidate
    if not bought.any():
        return CLOSED_FORM_ONLY.copy()
    from affinity.kernels.scoring import add_softmax_terms

    keep = np.repeat(bought > 0, np.diff(indptr))
    x, y = features[keep], np.ascontiguousarray(label[keep], dtype=np.uint8)
    x[:, 5] -= centre * x[:, 4]
    starts = np.concatenate([[0], np.cumsum(np.diff(indptr)[bought > 0])]).astype(np.int64)
    customers = len(starts) - 1

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.zeros(len(w))
        value = add_softmax_terms(starts, x, y, w, gradient) / customers
        away = w - CLOSED_FORM_ONLY
        return value + 0.5 * ridge * float((away * away).sum()), gradient / customers + ridge * away

    weights = minimize_bounded(loss, CLOSED_FORM_ONLY, LOWEST, np.full(len(LOWEST), np.inf)).x
    weights[4] -= centre * weights[5]
    return weights


def as_mapping(coefficients: np.ndarray) -> Mapping[str, float]:
    """The coefficients by name."""
    return dict(zip(FEATURES, coefficients.tolist()))
