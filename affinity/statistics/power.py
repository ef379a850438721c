"""How many customers a test of two shares needs, and what a test of given size can detect. Numbers in, numbers out."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri


def sample_size(p0: float, p1: float, *, ratio: float = 1.0, alpha: float = 0.05, power: float = 0.8) -> tuple[int, int]:
    """Customers needed ``(treated, control)`` to tell the share p₁ from p₀ with a two-sided test.

    n_T = [z_{α/2}·√((1 + 1/k)·p̄(1−p̄)) + z_β·√(p₁(1−p₁) + p₀(1−p₀)/k)]² / (p₁−p₀)², p̄ = (p₁ + k·p₀)/(1+k), k = ``ratio`` =
    control / treated > 0; both are rounded up, n_C = ⌈k·n_T⌉. Shares in [0, 1]; ValueError where they are equal or k ≤ 0.
    Source: Fleiss, Tytun, Ury 1980 (Biometrics 36), without the continuity correction.

    >>> sample_size(0.02, 0.025), sample_size(0.02, 0.025, ratio=1 / 9)
    ((13809, 13809), (71320, 7925))
    """
    if p0 == p1 or ratio <= 0:
        raise ValueError(f"no test tells p1={p1} from p0={p0} at ratio={ratio}")
    mean = (p1 + ratio * p0) / (1 + ratio)
    null = math.sqrt((1 + 1 / ratio) * mean * (1 - mean))
    real = math.sqrt(p1 * (1 - p1) + p0 * (1 - p0) / ratio)
    exact = ((float(ndtri(1 - alpha / 2)) * null + float(ndtri(power)) * real) / (p1 - p0)) ** 2
    treated = math.ceil(exact - 1e-9)
    return treated, math.ceil(ratio * treated - 1e-9)


def power_of(p0: float, p1: float, treated: int, control: int, *, alpha: float = 0.05) -> float:
    """Probability in [0, 1] that a two-sided test of ``treated`` and ``control`` customers tells p₁ from p₀.

    The formula of `sample_size` solved for the power; the chance of the wrong direction is left out. NaN with an empty arm;
    without variance 1 where the shares differ, else 0.

    >>> round(power_of(0.02, 0.025, 13809, 13809), 3)
    0.8
    """
    if treated <= 0 or control <= 0:
        return math.nan
    ratio = control / treated
    mean = (p1 + ratio * p0) / (1 + ratio)
    null = math.sqrt((1 + 1 / ratio) * mean * (1 - mean))
    real = math.sqrt(p1 * (1 - p1) + p0 * (1 - p0) / ratio)
    reach = abs(p1 - p0) * math.sqrt(treated) - float(ndtri(1 - alpha / 2)) * null
    if real == 0:
        return float(reach > 0)
    return float(ndtr(reach / real))


def detectable_effect(p0: float, treated: int, control: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest rise p₁ − p₀ > 0 that these arms tell from nothing with ``power``: the minimum detectable effect.

    Found by bisection of `power_of` in p₁. NaN when an arm is empty, or when even p₁ = 1 would not be told.

    >>> round(detectable_effect(0.02, 13809, 13809), 4)
    0.005
    """
    if not power_of(p0, 1.0, treated, control, alpha=alpha) >= power:  # NaN too
        return math.nan
    low, high = p0, 1.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        if power_of(p0, middle, treated, control, alpha=alpha) >= power:
            high = middle
        else:
            low = middle
    return high - p0
