"""Minimum of a smooth function of a few bounded parameters, without linear-algebra libraries.

Their threads made five-parameter fits ten times slower on a busy machine, and sums there depend on how many
threads there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from affinity.statistics.linear import solve_positive

Cost = Callable[[np.ndarray], tuple[float, np.ndarray]]
#: Gain of a step below which the climb ends (nats, for a log-likelihood); longest step in any parameter; steps at most.
LEAST_GAIN, LONGEST_STEP, MOST_STEPS = 1e-6, 2.0, 300
#: Width of the differences of the gradient that the curvature is taken from.
NEAR = 1e-5


@dataclass(frozen=True, eq=False)
class Climbed:
    """x : float64[k], where it ended; value : the function there."""

    x: np.ndarray
    value: float

    @property
    def finite(self) -> bool:
        """Whether it ended in numbers."""
        return bool(np.isfinite(self.value) and np.isfinite(self.x).all())


def minimize_bounded(cost: Cost, start: np.ndarray, low: np.ndarray, high: np.ndarray) -> Climbed:
    """Minimise ``cost`` (value and gradient) from ``start`` within [low, high]: damped, projected Newton steps.

    Curvature comes from differences of the gradient; damping grows until a step gains and then shrinks; a
    parameter at a bound that pushes outwards rests. The same start gives the same end.
    Source: Nocedal & Wright 2006, Numerical Optimization, §3.4 and §16.7.
    """
    x = np.clip(start, low, high)
    value, gradient = cost(x)
    damping = 1e-3
    for _ in range(MOST_STEPS):
        free = np.flatnonzero(~(((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))))
        if not np.isfinite(value) or not (np.abs(gradient[free]) > 1e-9).any():
            break
        curvature = _curvature(cost, x, gradient, free)
        before = value
        while damping < 1e12:
            step = np.zeros(len(x))
            step[free] = _newton_step(curvature, gradient[free], damping)
            after = np.clip(x + step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300)), low, high)
            value_after, gradient_after = cost(after)
            if value_after < value and np.isfinite(gradient_after).all():
                x, value, gradient, damping = after, value_after, gradient_after, max(damping / 10.0, 1e-9)
                break
            damping *= 8.0
        if not before - value > LEAST_GAIN:
            break
    return Climbed(x, float(value))


def _curvature(cost: Cost, x: np.ndarray, gradient: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The Hessian over the ``free`` parameters, made symmetric."""
    columns = []
    for place in free:
        shift = np.zeros(len(x))
        shift[place] = NEAR
        columns.append((cost(x + shift)[1][free] - gradient[free]) / NEAR)
    square = np.array(columns).reshape(len(free), len(free))
    return (square + square.T) / 2.0


def _newton_step(curvature: np.ndarray, gradient: np.ndarray, damping: float) -> np.ndarray:
    """−(H + μ·D)⁻¹·g, D the size of the diagonal; μ is raised until the matrix is positive."""
    size = np.maximum(np.abs(np.diag(curvature)), 1e-8)
    while damping < 1e15:
        step = solve_positive(curvature + np.diag(size * damping), gradient)
        if step is not None:
            return -step
        damping *= 10.0
    return -gradient / size
