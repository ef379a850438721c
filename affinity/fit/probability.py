"""The probability: p = σ(b·u + γ·x_c + a_L + δ), pooled over landmarks, one intercept each, a shift for the season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.statistics.elementary import exp, log
from affinity.statistics.linear import solve_positive
from affinity.tables.baskets import Baskets

#: Rows of a customer that the probability is learnt from: the best by u.
TOP_ROWS = 50

#: Keeps the coefficients of constant terms at 0 (on standardised terms; it changes nothing else).
TINY_RIDGE = 1e-3

#: The least slope: fit must rise with the score that ranks.
LEAST_SLOPE = 1e-3


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of one landmark: u and label a row, the customer's terms (float64[customers, d]) by row number."""

    u: np.ndarray
    label: np.ndarray
    customer: np.ndarray
    terms: np.ndarray


@dataclass(frozen=True, eq=False)
class Probability:
    """slope b, γ by customer term, the intercept of the latest landmark; δ is added when scoring."""

    slope: float
    customer_terms: np.ndarray
    intercept: float

    def predict(self, u: np.ndarray, terms: np.ndarray, shift: float = 0.0) -> np.ndarray:
        """float64 probabilities for rows of score ``u`` and customer ``terms`` (float64[n, d])."""
        z = self.slope * u + self.intercept + shift
        for k, gamma in enumerate(self.customer_terms):  # a fixed order of sums, whatever the BLAS
            z = z + gamma * terms[:, k]
        return 1.0 / (1.0 + exp(-np.clip(z, -700, 700)))


def learn_probability(samples: list[Sample]) -> Probability | None:
    """b > 0 and γ shared, one intercept a landmark; that of the first sample (the latest landmark) is kept.

    None when no sample holds rows that were bought and rows that were not. Newton steps on the log likelihood, its
    sums in the order of the rows; terms are standardised inside.
    """
    samples = [s for s in samples if len(s.u) and 0 < int(s.label.sum()) < len(s.label)]
    if not samples:
        return None
    pooled = np.concatenate([s.terms for s in samples])
    centre, spread = pooled.mean(axis=0), pooled.std(axis=0)
    spread[spread < 1e-9] = 1.0
    scaled = [np.ascontiguousarray((s.terms - centre) / spread) for s in samples]
    parameter = _newton(samples, scaled, fixed_slope=None)
    if parameter[0] < LEAST_SLOPE:
        parameter = _newton(samples, scaled, fixed_slope=LEAST_SLOPE)
    d = pooled.shape[1]
    gamma = parameter[1 : 1 + d] / spread
    return Probability(float(parameter[0]), gamma, float(parameter[1 + d] - (gamma * centre).sum()))


def _newton(samples: list[Sample], scaled: list[np.ndarray], fixed_slope: float | None) -> np.ndarray:
    """(b, γ…, a of each landmark): Newton steps, halved until the loss falls."""
    d = scaled[0].shape[1] + 1
    total = np.zeros(d + len(samples))
    total[0] = 0.5 if fixed_slope is None else fixed_slope
    for k, s in enumerate(samples):
        share = s.label.mean()
        total[d + k] = log(share / (1 - share)) - total[0] * float(np.mean(s.u))
    loss, gradient, hessian = _likelihood(samples, scaled, total)
    for _ in range(60):
        if fixed_slope is not None:
            gradient[0], hessian[0, :], hessian[:, 0], hessian[0, 0] = 0.0, 0.0, 0.0, 1.0
        step = solve_positive(hessian, gradient)
        if step is None:  # terms that say the same: nothing more is to be learnt
            break
        scale = 1.0
        while scale > 1e-6:
            trial = _likelihood(samples, scaled, total - scale * step)
            if trial[0] <= loss:
                break
            scale /= 2
        else:
            break
        total = total - scale * step
        loss, gradient, hessian = trial
        if float(np.abs(scale * step).max()) < 1e-9:
            break
    return total


def _likelihood(samples: list[Sample], scaled: list[np.ndarray], total: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """−log likelihood with the tiny ridge, its gradient and Hessian."""
    from affinity.kernels.scoring import add_logistic_terms

    d = scaled[0].shape[1] + 1
    gradient, hessian = np.zeros(len(total)), np.zeros((len(total), len(total)))
    loss = 0.5 * TINY_RIDGE * float((total[1:d] * total[1:d]).sum())
    for k, (s, terms) in enumerate(zip(samples, scaled)):
        own = np.append(np.arange(d), d + k)
        g, h = np.zeros(d + 1), np.zeros((d + 1, d + 1))
        loss += add_logistic_terms(s.u, s.customer, s.label, terms, total[own], g, h)
        gradient[own] += g
        hessian[np.ix_(own, own)] += h
    hessian = np.tril(hessian) + np.tril(hessian, -1).T
    gradient[1:d] += TINY_RIDGE * total[1:d]
    hessian[np.arange(len(total)), np.arange(len(total))] += TINY_RIDGE
    return loss, gradient, hessian


def season_shift(steps: Baskets | None, at: int | None, horizon_days: int) -> float | None:
    """δ = ½·log(order lines in [T−365, T−365+h) / in [T−365−h, T−365)), T = ``at``; None where the data do not reach back."""
    if not _reaches_back(steps, at, 365 + horizon_days):
        return None
    assert at is not None
    after, before = _lines_around(steps, at - 365, horizon_days)
    return float(0.5 * log(after / before)) if after and before else None


def recent_growth(steps: Baskets | None, at: int | None, horizon_days: int) -> float | None:
    """Order lines in [T−h, T) over those in [T−2h, T−h), T = ``at``, where the season is not known (`season_shift` is None).

    None where it is known, and where the data do not reach back 2h.
    """
    if _reaches_back(steps, at, 365 + horizon_days) or not _reaches_back(steps, at, 2 * horizon_days):
        return None
    assert at is not None
    after, before = _lines_around(steps, at - horizon_days, horizon_days)
    return after / before if before else None


def _reaches_back(steps: Baskets | None, at: int | None, days: int) -> bool:
    """Whether there are dated lines from ``at`` − days on."""
    if steps is None or steps.at is None or steps.clock != "day" or at is None or len(steps) == 0:
        return False
    return int(steps.at.min()) <= at - days


def _lines_around(steps: Baskets | None, day: int, days: int) -> tuple[int, int]:
    """Order lines in [day, day + days) and in [day − days, day)."""
    assert steps is not None
    assert steps.at is not None
    sizes = steps.sizes
    late = (steps.at >= day) & (steps.at < day + days)
    early = (steps.at >= day - days) & (steps.at < day)
    return int(sizes[late].sum()), int(sizes[early].sum())
