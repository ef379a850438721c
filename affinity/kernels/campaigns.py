"""Offers at prices: which offer each customer would take, and who gets one when offers are taken in an order."""

from __future__ import annotations

from numba import njit


# Oracle: tests/naive.py::price_offers
@njit(nogil=True, cache=True)
def price_offers(indptr, product, value, toll, cost, demand, spend):
    """Σ over customers of max(0, max over their offers of value − toll[product]); what is then taken is counted.

    indptr, product, value : CSR by customer: int64[n + 1], int32[nnz], float64[nnz]
    toll   : float64[m]  price of a place of the product plus the price of its cost
    cost   : float64[m]  of an offer of the product
    demand : float64[m]  out: customers whose best offer (ties: the first) is this product, where it is worth more than 0
    spend  : float64[1]  out: cost of those offers
    """
    demand[:] = 0.0
    spend[0] = 0.0
    total = 0.0
    for customer in range(len(indptr) - 1):
        best = 0.0
        chosen = -1
        for row in range(indptr[customer], indptr[customer + 1]):
            worth = value[row] - toll[product[row]]
            if worth > best:
                best = worth
                chosen = product[row]
        if chosen >= 0:
            total += best
            demand[chosen] += 1.0
            spend[0] += cost[chosen]
    return total


# Oracle: tests/naive.py::take_offers
@njit(nogil=True, cache=True)
def take_offers(order, customer, product, cost, room, budget, taken):
    """Take offers in ``order``: one a customer, while the product has room and the budget lasts; what is left of the budget.

    order    : int64[k]    rows of ``customer`` and ``product`` to try, in this order
    customer, product : int32[nnz]
    cost     : float64[m]  of an offer of the product
    room     : int64[m]    places of each product, lowered in place
    taken    : int64[n]    row taken by each customer, −1 none; set in place, those already set stay
    """
    for at in range(len(order)):
        row = order[at]
        who = customer[row]
        what = product[row]
        if taken[who] < 0 and room[what] > 0 and cost[what] <= budget:
            taken[who] = row
            room[what] -= 1
            budget -= cost[what]
    return budget
