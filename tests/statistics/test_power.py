"""Sample sizes: the worked figures, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.statistics.power import detectable_effect, power_of, sample_size


@pytest.mark.parametrize(
    ("p0", "p1", "ratio", "sizes"),
    [(0.02, 0.025, 1.0, (13809, 13809)), (0.02, 0.025, 1 / 9, (71320, 7925)), (0.05, 0.06, 1.0, (8158, 8158)),
     (0.10, 0.12, 1.0, (3841, 3841))],
)  # fmt: skip
def test_the_worked_figures(p0: float, p1: float, ratio: float, sizes: tuple[int, int]) -> None:
    assert sample_size(p0, p1, ratio=ratio) == sizes


@given(st.floats(0.01, 0.6), st.floats(0.005, 0.3), st.sampled_from([0.1, 1 / 9, 0.5, 1.0, 2.0]))
def test_size_power_and_effect_agree(p0: float, rise: float, ratio: float) -> None:
    treated, control = sample_size(p0, p0 + rise, ratio=ratio)
    assert power_of(p0, p0 + rise, treated, control) >= 0.8 - 1e-6
    assert detectable_effect(p0, treated, control) <= rise + 1e-6
    assert power_of(p0, p0 + rise, max(treated // 2, 1), max(control // 2, 1)) < 0.8


def test_the_promised_power_is_the_simulated_one() -> None:
    rng = np.random.default_rng(1)
    n, m = sample_size(0.10, 0.12)
    a, b = rng.binomial(n, 0.12, 20_000) / n, rng.binomial(m, 0.10, 20_000) / m
    pooled = (a + b) / 2
    z = (a - b) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    assert (np.abs(z) > 1.959964).mean() == pytest.approx(0.80, abs=0.01)


def test_no_test_no_power() -> None:
    assert math.isnan(power_of(0.1, 0.2, 0, 10))
    assert math.isnan(detectable_effect(0.1, 10, 0))
    assert math.isnan(detectable_effect(0.99, 5, 5))
    assert power_of(0.0, 1.0, 100, 100) == 1.0
    assert power_of(0.0, 0.0, 100, 100) == 0.0
    with pytest.raises(ValueError, match="no test"):
        sample_size(0.1, 0.1)
