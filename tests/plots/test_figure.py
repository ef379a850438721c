"""Ticks of log scales."""

from __future__ import annotations

import pytest

from affinity.plots.figure import log_ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 110, [1, 2, 5, 10, 20, 50, 100]), (1.4, 5.5, [1.5, 2, 3, 4, 5]), (20.4, 23.9, [21, 22, 23])],
)
def test_a_log_scale_has_round_ticks_also_over_less_than_a_decade(low, high, expected):
    assert log_ticks(low, high) == pytest.approx(expected)


def test_a_wide_scale_has_few_ticks():
    assert 4 <= len(log_ticks(1e-9, 1e9)) <= 16
