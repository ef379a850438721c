"""The bounded minimiser: known minima, bounds, hard valleys, and what is no number."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from affinity.statistics.climb import minimize_bounded

WIDE = np.full(4, 10.0)


def test_a_curved_valley_is_followed_to_its_end():
    end = minimize_bounded(lambda x: (rosen(x), rosen_der(x)), np.array([1.3, 0.7, 0.8, 1.9]), -WIDE, WIDE)
    np.testing.assert_allclose(end.x, 1.0, atol=1e-3)
    assert end.value < 1e-6
    assert end.finite


def test_bounds_hold_and_what_pushes_out_rests():
    weight = np.array([1.0, 10.0, 0.1])

    def cost(x):
        return float((weight * (x - 3.0) ** 2).sum() + x[0] * x[1]), 2 * weight * (x - 3.0) + x[[1, 0, 2]] * [1, 1, 0]

    end = minimize_bounded(cost, np.zeros(3), np.zeros(3), np.array([1.0, 9.0, 2.0]))
    np.testing.assert_allclose(end.x, [1.0, 2.95, 2.0], atol=1e-5)
    outside = minimize_bounded(cost, np.full(3, 99.0), np.zeros(3), np.array([1.0, 9.0, 2.0]))
    np.testing.assert_allclose(outside.x, end.x, atol=1e-5)


def test_a_saddle_is_left():
    end = minimize_bounded(
        lambda x: (float(x[0] ** 4 - x[0] ** 2 + x[1] ** 2), np.array([4 * x[0] ** 3 - 2 * x[0], 2 * x[1]])),
        np.array([1e-3, 1.0]), -WIDE[:2], WIDE[:2],
    )  # fmt: skip
    np.testing.assert_allclose(end.x, [np.sqrt(0.5), 0.0], atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_ends_at_once(value):
    end = minimize_bounded(lambda x: (value, np.full(2, np.nan)), np.zeros(2), -WIDE[:2], WIDE[:2])
    assert not end.finite


def test_nothing_to_gain():
    end = minimize_bounded(lambda x: (0.0, np.zeros(2)), np.ones(2), -WIDE[:2], WIDE[:2])
    assert end.x.tolist() == [1.0, 1.0]
