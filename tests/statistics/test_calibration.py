"""Calibration: bins, error and slope."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.statistics.calibration import calibration_bins, calibration_error, calibration_slope


def test_bins_hold_equal_numbers_of_rows_in_order_of_the_prediction() -> None:
    mean, share, rows = calibration_bins(np.array([0.4, 0.1, 0.3, 0.2]), np.array([1, 0, 1, 0]), bins=2)
    assert mean.tolist() == pytest.approx([0.15, 0.35])
    assert share.tolist() == [0.0, 1.0]
    assert rows.tolist() == [2, 2]


def test_error_is_the_mean_distance_of_the_bins() -> None:
    assert calibration_error(np.array([0.15, 0.35]), np.array([0.0, 1.0]), np.array([3, 1])) == pytest.approx(0.275)


def test_fewer_rows_than_bins_and_none() -> None:
    assert calibration_bins(np.array([0.2]), np.array([1]))[2].tolist() == [1]
    mean, share, rows = calibration_bins(np.zeros(0), np.zeros(0))
    assert len(mean) == 0
    assert np.isnan(calibration_error(mean, share, rows))


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.0])
def test_slope_recovers_how_much_too_extreme_predictions_are(truth: float) -> None:
    random = np.random.default_rng(1)
    z = random.normal(-2, 1, 200_000)
    happened = random.random(len(z)) < 1 / (1 + np.exp(-truth * z - 0.3))
    assert calibration_slope(1 / (1 + np.exp(-z)), happened) == pytest.approx(truth, abs=0.03)


def test_slope_is_unknown_without_variation() -> None:
    assert np.isnan(calibration_slope(np.array([0.1, 0.2]), np.array([0, 0])))
    assert np.isnan(calibration_slope(np.array([0.1, 0.1]), np.array([0, 1])))
    assert np.isnan(calibration_slope(np.zeros(0), np.zeros(0)))
