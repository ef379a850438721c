"""Who gets which offer: the best assignment under capacities and a budget, with a certificate of how good it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.campaigns.exact import assign_exactly
from affinity.campaigns.offers import PossibleOffers
from affinity.campaigns.prices import Scaled, find_prices
from affinity.kernels.campaigns import price_offers, take_offers

#: An assignment is good enough when it is proven to be within this share of the best.
GOOD_ENOUGH = 0.001
#: Random changes of the values, in mean values, that break ties when the first try is not good enough.
TIE_BREAKS = (0.01, 0.002)
#: Customers × products up to which the exact method is tried.
EXACT_UP_TO = 50_000


@dataclass(frozen=True, eq=False)
class Assignment:
    """Who gets which offer.

    row   : int64[n], row of the possible offers that each customer gets, −1 none
    total : float64, what the offers add up to; bound : no assignment adds up to more; gap : max(0, 1 − total/bound)
    method : "priced greedy", "priced greedy, ties broken" or "mixed-integer programme"
    """

    row: np.ndarray
    total: float
    bound: float
    method: str

    @property
    def gap(self) -> float:
        """Share of the best total that may be missing, at most; 0 where nothing is worth offering."""
        return max(0.0, 1.0 - self.total / self.bound) if self.bound > 0 else 0.0


def assign_offers(offers: PossibleOffers, *, good_enough: float = GOOD_ENOUGH) -> Assignment:
    """The offers with the largest total value: at most one a customer, within every capacity and the budget.

    Prices of the products' places (and of money) come from the dual Σ_i max(0, max_j v_ij − q_j − μ·c_j) + q·cap + μ·B,
    minimised by L-BFGS-B; offers that are worth their price are taken greedily (ties by customer, then product), then customers
    without one take what is left by value for money. The dual at those prices is a bound on every assignment,
    so that ``gap`` is certified. Above ``good_enough`` it is tried again with ties broken, then exactly where there are at most
    50,000 customers × products (HiGHS; ties are then the solver's); else the gap is what it is: with few customers it is
    integrality, up to (m + 1)·max v / bound. Deterministic; counts, no clock. 1 kernel pass a price vector: O(nnz).
    """
    worth = offers.worth()
    nobody = np.full(offers.n_customers, -1, dtype=np.int64)
    if not (worth > 0).any():
        return Assignment(nobody, 0.0, 0.0, "priced greedy")
    found = _try(offers, worth, 0.0)
    for size in TIE_BREAKS:
        if found.gap <= good_enough:
            return found
        again = _try(offers, worth, size)
        better = again if again.total > found.total else found
        found = Assignment(better.row, better.total, min(found.bound, again.bound), better.method)
    if found.gap > good_enough and offers.n_customers * len(offers.cost) <= EXACT_UP_TO:
        row, bound = assign_exactly(offers, worth)
        total = _total(worth, row)
        bound = max(min(found.bound, bound), total)
        if total > found.total:
            return Assignment(row, total, bound, "mixed-integer programme")
        return Assignment(found.row, found.total, max(bound, found.total), found.method)
    return found


def _try(offers: PossibleOffers, worth: np.ndarray, tie_break: float) -> Assignment:
    """One assignment by prices, of values changed by up to ``tie_break``/2 of their mean; scored on the values as they are."""
    changed = worth
    if tie_break:
        positive = worth > 0
        changed = worth + tie_break * worth[positive].mean() * (_noise(offers) - 0.5)
        changed = np.where(positive, np.maximum(changed, 0.0), 0.0)
    scaled = Scaled.of(offers, changed)
    places, money = find_prices(scaled)
    row = _take(offers, scaled, places, money)
    bound = _dual(offers, worth, places * scaled.unit, money * scaled.unit / scaled.cost_unit)
    total = _total(worth, row)
    assert total <= bound * (1 + 1e-9), "the dual bounds every assignment"
    return Assignment(row, total, bound, "priced greedy, ties broken" if tie_break else "priced greedy")


def _total(worth: np.ndarray, row: np.ndarray) -> float:
    return float(worth[row[row >= 0]].sum())


def _dual(offers: PossibleOffers, worth: np.ndarray, places: np.ndarray, money: float) -> float:
    """The dual in the values' own units, at prices of places and of money."""
    demand, spend = np.empty(len(offers.cost)), np.empty(1)
    taken = price_offers(offers.indptr, offers.product, worth, places + money * offers.cost, offers.cost, demand, spend)
    room = np.minimum(offers.capacity, offers.n_customers)
    return float(taken) + float(places @ room) + (money * offers.budget if offers.budget is not None else 0.0)


def _take(offers: PossibleOffers, scaled: Scaled, places: np.ndarray, money: float) -> np.ndarray:
    """int64[n]: the row each customer gets: what is worth its price, best first, then what is left by value for money."""
    customer, value = offers.customer, scaled.value
    spare = value - (places + money * scaled.cost)[offers.product]
    worth_it = np.flatnonzero((spare >= -1e-9) & (value > 0))
    order = worth_it[np.argsort(-spare[worth_it], kind="stable")]
    taken = np.full(offers.n_customers, -1, dtype=np.int64)
    room = np.minimum(offers.capacity, offers.n_customers).astype(np.int64)
    budget = np.inf if offers.budget is None else offers.budget
    left = take_offers(order, customer, offers.product, offers.cost, room, budget, taken)
    rest = np.flatnonzero((taken[customer] < 0) & (value > 0) & (room > 0)[offers.product])
    for_money = value[rest]
    if offers.budget is not None:
        with np.errstate(divide="ignore"):
            for_money = for_money / scaled.cost[offers.product[rest]]
    order = rest[np.argsort(-for_money, kind="stable")]
    take_offers(order, customer, offers.product, offers.cost, room, left, taken)
    return taken


def _noise(offers: PossibleOffers) -> np.ndarray:
    """float64[nnz] in [0, 1): a hash of customer and product (splitmix64 of their codes)."""
    with np.errstate(over="ignore"):
        x = offers.customer.astype(np.uint64) * np.uint64(len(offers.cost)) + offers.product.astype(np.uint64)
        x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) / float(1 << 53)
