"""Small systems of linear equations, solved in one fixed order of sums.

Linear-algebra libraries choose their loops by the processor, and the built-in ``sum`` adds otherwise from Python 3.12 on:
either would give another last digit elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """float64[n] x with matrix·x = right for a symmetric positive definite float64[n, n]; None where it is not positive.

    Cholesky's factor in plain Python, meant for n below some 50; rows of size below 1e-14 of their diagonal count as 0.
    Source: Golub & Van Loan 2013, Matrix Computations, §4.2.

    >>> solve_positive(np.array([[4.0, 2.0], [2.0, 2.0]]), np.array([8.0, 6.0])).tolist()
    [1.0, 2.0]
    """
    lower = _cholesky(matrix.tolist())
    return None if lower is None else np.array(_solve(lower, right.tolist()), dtype=np.float64)


def _dot(one: Sequence[float], two: Sequence[float]) -> float:
    total = 0.0
    for x, y in zip(one, two):
        total += x * y
    return total


def _cholesky(matrix: list[list[float]]) -> list[list[float]] | None:
    """Lower factor of a positive matrix, None where it is not positive."""
    lower: list[list[float]] = []
    for i, row in enumerate(matrix):
        built: list[float] = []
        for j in range(i):
            built.append((row[j] - _dot(built, lower[j][:j])) / lower[j][j])
        rest = row[i] - _dot(built, built)
        if not rest > 1e-14 * row[i]:
            return None
        lower.append([*built, math.sqrt(rest)])
    return lower


def _solve(lower: list[list[float]], right: list[float]) -> list[float]:
    """x with lower·lowerᵀ·x = right."""
    n = len(right)
    y: list[float] = []
    for row, value in zip(lower, right):
        y.append((value - _dot(row, y)) / row[-1])
    x = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (y[i] - _dot([lower[k][i] for k in range(i + 1, n)], x[i + 1 :])) / lower[i][i]
    return x
