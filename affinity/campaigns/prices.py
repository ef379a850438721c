"""Prices of the products' places and of money, from the Lagrange dual of the assignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.campaigns.offers import PossibleOffers
from affinity.kernels.campaigns import price_offers

#: Limits of L-BFGS-B; it stops at kinks of the dual "abnormally", which is no fault.
OPTIONS = {"maxcor": 20, "maxls": 40, "maxiter": 200, "ftol": 1e-9, "gtol": 1e-9}


@dataclass(frozen=True, eq=False)
class Scaled:
    """Possible offers in units of their mean value and mean cost, so that prices are about 1.

    value : float64[nnz] / unit; cost : float64[m] / cost_unit; room : float64[m]; budget / cost_unit, None without
    """

    indptr: np.ndarray
    product: np.ndarray
    value: np.ndarray
    cost: np.ndarray
    room: np.ndarray
    budget: float | None
    unit: float
    cost_unit: float

    @classmethod
    def of(cls, offers: PossibleOffers, worth: np.ndarray) -> Scaled:
        """``offers`` with the values ``worth`` ≥ 0, of which at least one is positive."""
        unit = float(worth[worth > 0].mean())
        paid = offers.cost[offers.cost > 0]
        cost_unit = float(paid.mean()) if len(paid) else 1.0
        room = np.minimum(offers.capacity, offers.n_customers).astype(np.float64)
        budget = None
        if offers.budget is not None:  # more than the dearest offer to everybody is no limit, however large it is
            budget = min(offers.budget, offers.n_customers * float(offers.cost.max(initial=0.0))) / cost_unit
        return cls(offers.indptr, offers.product, worth / unit, offers.cost / cost_unit, room, budget, unit, cost_unit)


def find_prices(scaled: Scaled) -> tuple[np.ndarray, float]:
    """(float64[m] price of a place of each product, price of money), ≥ 0, at which the dual is smallest of those tried.

    The dual is minimised unsmoothed: its subgradient is what is left of the places (and of the budget) when every
    customer takes the best offer at the prices. Variables are scaled by √(n / (m·max(places, 1))).
    """
    from scipy.optimize import minimize

    n, m = len(scaled.indptr) - 1, len(scaled.cost)
    limits = scaled.room if scaled.budget is None else np.append(scaled.room, scaled.budget)
    scale = np.sqrt(n / (m * np.maximum(limits, 1.0)))
    demand, spend = np.empty(m), np.empty(1)
    best = (np.inf, np.zeros(len(limits)))

    def dual(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        price = x * scale
        toll = price[:m] if scaled.budget is None else price[:m] + price[m] * scaled.cost
        taken = price_offers(scaled.indptr, scaled.product, scaled.value, toll, scaled.cost, demand, spend)
        value = float(taken) + float(price @ limits)
        if value < best[0]:
            best = (value, price)
        used = demand if scaled.budget is None else np.append(demand, spend[0])
        return value / n, (limits - used) * scale / n

    minimize(dual, np.zeros(len(limits)), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(limits), options=OPTIONS)
    price = best[1]
    return price[:m].copy(), 0.0 if scaled.budget is None else float(price[m])
