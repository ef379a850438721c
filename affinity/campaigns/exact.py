"""The exact assignment of a small campaign, by a mixed-integer programme."""

from __future__ import annotations

import numpy as np

from affinity.campaigns.offers import PossibleOffers

#: Branches at most: a count, no clock, so that the answer does not depend on the machine.
MOST_NODES = 20_000


def assign_exactly(offers: PossibleOffers, worth: np.ndarray) -> tuple[np.ndarray, float]:
    """(int64[n] row that each customer gets, −1 none; bound on every assignment), by HiGHS.

    worth : float64[nnz] ≥ 0. Where the programme ends without an answer nobody gets anything and the bound is infinite.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    rows = np.flatnonzero(worth > 0)
    customer, product = offers.customer[rows], offers.product[rows]
    k, at = len(rows), np.arange(len(rows))
    one_each = csr_array((np.ones(k), (customer, at)), shape=(offers.n_customers, k))
    places = csr_array((np.ones(k), (product, at)), shape=(len(offers.cost), k))
    parts, limits = [one_each, places], [np.ones(offers.n_customers), offers.capacity.astype(np.float64)]
    if offers.budget is not None:
        parts.append(csr_array(offers.cost[product].reshape(1, -1)))
        limits.append(np.array([offers.budget]))
    unit = float(worth[rows].mean())
    done = milp(
        -worth[rows] / unit,
        constraints=LinearConstraint(vstack(parts), ub=np.concatenate(limits)),
        integrality=np.ones(k),
        bounds=Bounds(0, 1),
        options={"node_limit": MOST_NODES, "mip_rel_gap": 1e-9},
    )
    found = np.full(offers.n_customers, -1, dtype=np.int64)
    if done.x is None:
        return found, np.inf
    chosen = rows[done.x > 0.5]
    found[offers.customer[chosen]] = chosen
    if not _holds(offers, found):
        return np.full(offers.n_customers, -1, dtype=np.int64), np.inf
    return found, -float(done.mip_dual_bound) * unit


def _holds(offers: PossibleOffers, found: np.ndarray) -> bool:
    """Whether the rows keep every limit exactly: a solver's tolerance is not ours."""
    product = offers.product[found[found >= 0]]
    within = (np.bincount(product, minlength=len(offers.cost)) <= offers.capacity).all()
    return bool(within) and (offers.budget is None or float(offers.cost[product].sum()) <= offers.budget * (1 + 1e-12))
