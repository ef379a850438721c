"""What is to be expected of offers: buyers and revenue with intervals, and what a test of them can detect."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtri

from affinity.statistics.effects import Effect
from affinity.statistics.power import detectable_effect, sample_size
from affinity.tables import Calibration

#: Offers up to which the distribution of the number of buyers is worked out exactly.
EXACT_UP_TO = 2_000
#: Relative rises of which the customers needed are listed before launch.
RISES = (0.1, 0.2, 0.5)


def expect_sum(fit: np.ndarray, weight: np.ndarray | None, calibration: Calibration | None, level: float = 0.95) -> Effect:
    """Σ weight·fit with its interval; ``weight`` None counts buyers.

    Chance: buyers are independent given fit, so their number is Poisson-binomial, exact up to 2,000 offers and normal with
    variance Σ w²·p(1−p) above (and for revenue). Calibration: fit is taken to be off as it was at its latest landmark (share
    seen minus fit, between the bins' means; each bin's own sampling error on top), in either direction; both parts are
    added in quadrature. Not in it: an effect of the offer, a season that the landmark did not have, customers who
    influence one another. An interval of nothing is [0, 0].
    """
    w = np.ones(len(fit)) if weight is None else weight
    z = float(ndtri(0.5 + level / 2))
    mean = float(w @ fit)
    half = z * math.sqrt(float((w * w) @ (fit * (1 - fit))))
    low, high = mean - half, mean + half
    if weight is None and len(fit) <= EXACT_UP_TO:
        low, high = _buyer_quantiles(fit, level)
    off = z * _calibration_error(fit, w, calibration)
    top = float(w.sum())
    return Effect(mean, max(mean - math.hypot(mean - low, off), 0.0), min(mean + math.hypot(high - mean, off), top))


def _buyer_quantiles(fit: np.ndarray, level: float) -> tuple[float, float]:
    """The quantiles of the Poisson-binomial number of buyers."""
    chance = np.zeros(len(fit) + 1)
    chance[0] = 1.0
    for at, p in enumerate(fit.tolist()):
        chance[1 : at + 2] += p * (chance[: at + 1] - chance[1 : at + 2])
        chance[0] *= 1 - p
    reached = np.cumsum(chance)
    tail = (1 - level) / 2
    return float(np.searchsorted(reached, tail)), min(float(np.searchsorted(reached, 1 - tail)), float(len(fit)))


def _calibration_error(fit: np.ndarray, weight: np.ndarray, calibration: Calibration | None) -> float:
    """Standard error of Σ weight·fit through calibration; 0 where it was never checked."""
    if calibration is None or not len(calibration.rows):
        return 0.0
    seen, said, rows = calibration.observed, calibration.predicted, np.maximum(calibration.rows, 1)
    ratio = seen[-1] / said[-1] if said[-1] > 0 else 1.0
    inside = np.interp(fit, np.append(0.0, said), np.append(0.0, seen))
    should = np.where(fit <= said[-1], inside, np.minimum(fit * ratio, 1.0))
    place = np.minimum(np.searchsorted(said, fit), len(said) - 1)
    share = np.bincount(place, weights=weight * fit, minlength=len(said)) / np.maximum(said, 1e-12)
    sampling = share**2 * seen * (1 - seen) / rows
    return math.sqrt(float(weight @ (should - fit)) ** 2 + float(sampling.sum()))


def expect_power(p0: float, treated: int, control: int, *, alpha: float, power: float) -> dict[str, Any]:
    """What a test of these arms can tell, before launch; plain values, None with the reason where there is no test.

    base_rate : of buyers without an offer; smallest_detectable : rise of it told with ``power``;
    needed    : customers of both arms, in this split, to tell rises of 10, 20 and 50 %
    """
    found: dict[str, Any] = {"base_rate": p0, "alpha": alpha, "power": power, "smallest_detectable": None, "needed": {}}
    if treated == 0 or control == 0:
        return found | {"note": "without a control group no effect can be measured"}
    rise = detectable_effect(p0, treated, control, alpha=alpha, power=power)
    for share in RISES:
        if 0 < p0 * (1 + share) <= 1:
            sizes = sample_size(p0, p0 * (1 + share), ratio=control / treated, alpha=alpha, power=power)
            found["needed"][f"{share:+.0%}"] = sum(sizes)
    note = "no rise can be told from nothing with so few customers" if math.isnan(rise) else None
    return found | {"smallest_detectable": None if math.isnan(rise) else rise, "note": note}
