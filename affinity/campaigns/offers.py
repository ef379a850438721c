"""What could be offered: the customers, the products each might take, what each offer is worth and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.errors import InputError


@dataclass(frozen=True, eq=False)
class PossibleOffers:
    """Offers that may be made, CSR by customer, products rising within a customer.

    indptr   : int64[n + 1]; product : int32[nnz]; value : float64[nnz], what the offer adds to the objective
    cost     : float64[m] ≥ 0, of an offer of each product
    capacity : int64[m], offers of each product at most; budget : money for all of them, None without a limit
    """

    indptr: np.ndarray
    product: np.ndarray
    value: np.ndarray
    cost: np.ndarray
    capacity: np.ndarray
    budget: float | None = None

    def __post_init__(self) -> None:
        limit = 0.0 if self.budget is None else self.budget
        for name, column in (("value", self.value), ("cost", self.cost)):
            if not np.isfinite(column).all():
                raise InputError(
                    f"Some {name} of an offer is not a finite number.", do="Give a number, or leave the offer out."
                )
        if (self.cost < 0).any() or (self.capacity < 0).any() or not limit >= 0:
            raise InputError("Costs, capacities and the budget must not be negative.", do="Give 0 or more.")

    @property
    def n_customers(self) -> int:
        """Customers, with or without an offer."""
        return len(self.indptr) - 1

    @property
    def customer(self) -> np.ndarray:
        """int32: the customer of each row."""
        return np.repeat(np.arange(self.n_customers, dtype=np.int32), np.diff(self.indptr))

    def worth(self) -> np.ndarray:
        """float64[nnz]: max(value, 0), and 0 where the product has no place or costs more than the whole budget."""
        shut = self.capacity == 0
        if self.budget is not None:
            shut = shut | (self.cost > self.budget)
        return np.where(shut[self.product], 0.0, np.maximum(self.value, 0.0))


def pick_products(offers: PossibleOffers, n_products: int) -> np.ndarray:
    """int32: the ``n_products`` products that together serve customers best, in the order they are picked.

    Greedy for f(P) = Σ_c max_{B∈P} value_cB, which is monotone and submodular, so that the picks reach (1 − 1/e) of the best
    set (Nemhauser, Wolsey, Fisher 1978). Capacities and the budget are not looked at. Ties go to the first label. Fewer are
    returned where no further product adds anything.
    """
    worth, customer = offers.worth(), offers.customer
    best, picked = np.zeros(offers.n_customers), []
    for _ in range(min(n_products, len(offers.cost))):
        gain = np.bincount(offers.product, weights=np.maximum(worth - best[customer], 0.0), minlength=len(offers.cost))
        product = int(np.argmax(gain)) if len(gain) else 0
        if not len(gain) or gain[product] <= 0:
            break
        picked.append(product)
        rows = offers.product == product
        best[customer[rows]] = np.maximum(best[customer[rows]], worth[rows])
    return np.array(picked, dtype=np.int32)
