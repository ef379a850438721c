"""Small systems: the solution solves, and a matrix that is not positive is said to be none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.statistics.linear import solve_positive


@given(st.integers(1, 8), st.integers(0, 10_000))
def test_it_solves_what_the_library_solves(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    matrix, right = root @ root.T + np.eye(n), rng.normal(size=n)
    found = solve_positive(matrix, right)
    assert found is not None
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("matrix", [[[1.0, 1.0], [1.0, 1.0]], [[0.0]], [[-1.0]], [[np.nan]], [[1.0, 2.0], [2.0, 1.0]]], ids=str)
def test_what_is_not_positive_has_no_solution(matrix: list[list[float]]) -> None:
    assert solve_positive(np.array(matrix), np.ones(len(matrix))) is None
