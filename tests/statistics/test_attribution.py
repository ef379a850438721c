"""A change of a product taken apart: the worked examples, exactness whatever the numbers, zeros, mix and rate."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affinity.errors import InputError
from affinity.statistics.attribution import attribute_product, product_slopes, split_mix_rate

BEFORE, AFTER = (5000, 0.60, 0.12, 480), (5600, 0.50, 0.15, 450)

amounts = st.one_of(st.just(0.0), st.floats(1e-6, 1e6), st.floats(0, 1))


def all_orders(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The mean over all orders of what replacing a factor does: Shapley by its definition."""
    k = len(before)
    parts = np.zeros(k)
    for order in permutations(range(k)):
        now = before.copy()
        for factor in order:
            was = now.prod()
            now[factor] = after[factor]
            parts[factor] += now.prod() - was
    return parts / factorial(k)


def test_the_worked_example_to_its_digits() -> None:
    shapley = attribute_product(BEFORE, AFTER)
    assert shapley.tolist() == pytest.approx([20641.5, -33280.5, 40609.5, -11770.5])  # halves to even: 20,642, −33,280 …
    assert shapley.sum() == pytest.approx(16_200, rel=1e-12)
    lmdi = attribute_product(BEFORE, AFTER, method="lmdi")
    assert np.round(lmdi).tolist() == [20487, -32960, 40340, -11667]
    assert lmdi.sum() == pytest.approx(16_200, rel=1e-12)


def test_a_zero_start_is_shared_by_shapley_and_swallowed_by_lmdi() -> None:
    assert attribute_product([500, 0], [600, 10])[1] == pytest.approx(5_500)
    assert round(attribute_product([500, 0], [600, 10], method="lmdi")[1]) == 5_957


@given(
    st.integers(1, 6).flatmap(lambda k: arrays(np.float64, (2, 7, k), elements=amounts)), st.sampled_from(["shapley", "lmdi"])
)
def test_nothing_is_left_over(factors: np.ndarray, method: str) -> None:
    before, after = factors
    parts = attribute_product(before, after, method=method)
    change = after.prod(axis=1) - before.prod(axis=1)
    scale = np.abs(parts).sum(axis=1) + np.abs(before.prod(axis=1)) + np.abs(after.prod(axis=1))
    assert (np.abs(parts.sum(axis=1) - change) <= 1e-9 * np.maximum(scale, 1e-300)).all()


@given(arrays(np.float64, (2, 4), elements=st.floats(-50, 50)))
def test_shapley_is_the_mean_over_all_orders(factors: np.ndarray) -> None:
    before, after = factors
    scale = np.maximum(np.abs(before), np.abs(after)).prod() + 1e-9
    assert np.abs(attribute_product(before, after) - all_orders(before, after)).max() <= 1e-9 * max(scale, 1.0) * 24


def test_a_factor_that_did_not_change_gets_nothing_and_names_do_not_matter() -> None:
    parts = attribute_product([3, 4, 5], [3, 6, 2])
    assert parts[0] == 0
    assert attribute_product([5, 4, 3], [2, 6, 3]).tolist() == pytest.approx(parts[::-1].tolist())
    assert product_slopes([3, 4], [3, 4]).tolist() == [4, 3]


def test_what_cannot_be_taken_apart_is_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        attribute_product([1, np.nan], [1, 2])
    with pytest.raises(InputError, match="method='shapley'"):
        attribute_product([1, -2], [1, 2], method="lmdi")
    with pytest.raises(InputError, match="shapes"):
        attribute_product([1, 2], [1, 2, 3])


def test_mix_and_rate_of_the_worked_example() -> None:
    found = split_mix_rate([80, 30], [400, 600], [88, 60], [400, 1000])
    assert round(100 * found.before, 2) == 11.0
    assert round(100 * found.after, 2) == 10.57
    assert round(100 * found.rate.sum(), 2) == 1.34
    assert round(100 * found.mix.sum(), 2) == -1.77
    assert (found.rate > 0).all()


@given(arrays(np.float64, (4, 5), elements=st.one_of(st.just(0.0), st.floats(0.01, 1e5))))
def test_mix_and_rate_add_up_and_a_newcomer_only_changes_the_mix(counts: np.ndarray) -> None:
    x0, n0, x1, n1 = counts
    n0[0], n1[0] = 10.0, 10.0
    x0, x1 = np.where(n0 > 0, x0, 0), np.where(n1 > 0, x1, 0)
    found = split_mix_rate(x0, n0, x1, n1)
    scale = np.abs(found.rate).sum() + np.abs(found.mix).sum() + abs(found.before) + abs(found.after)
    assert abs(found.rate.sum() + found.mix.sum() - (found.after - found.before)) <= 1e-9 * max(scale, 1e-12)
    assert (found.rate[(n0 == 0) | (n1 == 0)] == 0).all()


def test_an_empty_period_has_no_blend() -> None:
    assert np.isnan(split_mix_rate([0], [0], [1], [2]).rate).all()
