"""Small simulated shops with known truth, and holdings and offers written out by hand."""

from __future__ import annotations

import numpy as np

from affinity.tables import Baskets, Holdings
from affinity.vocabulary import Vocabulary


def holdings_of(owned: dict[int, dict[int, int]], *, end: int, products: int, customers: int | None = None) -> Holdings:
    """Holdings of {customer: {product: first day}}."""
    n = customers if customers is not None else max(owned, default=-1) + 1
    rows = [(c, p, owned[c][p]) for c in sorted(owned) for p in sorted(owned[c])]
    customer, product, day = (np.array([row[i] for row in rows], dtype=np.int32) for i in range(3))
    indptr = np.concatenate([[0], np.bincount(customer, minlength=n).cumsum()]).astype(np.int64)
    return Holdings(
        indptr, product, day, day, np.ones(len(rows), np.int32), np.full(n, end, np.int32),
        Vocabulary("customer", [f"c{i:05d}" for i in range(n)]), Vocabulary("product", [f"p{i:03d}" for i in range(products)]),
    )  # fmt: skip


def simulate_shop(
    *,
    seed: int,
    customers: int = 4000,
    products: int = 12,
    days: int = 730,
    burn_in: int = 0,
    activity: float = 0.5,
    monthly_orders: float = 0.5,
    lifted: dict[tuple[int, int], float] | None = None,
) -> tuple[Holdings, Baskets]:
    """Customers of unequal activity who buy products independently, except that ``lifted`` pairs multiply.

    The world runs ``burn_in`` days before the data begin (what was bought then is not seen); customers arrive
    evenly over all of it. Each order holds one product. activity : spread of the customers' order rates
    (variance of a gamma with mean 1).
    """
    rng = np.random.default_rng(seed)
    lifted = lifted or {}
    arrival = rng.uniform(-burn_in, days, customers)
    rate = rng.gamma(1 / activity, activity, customers) * monthly_orders / 30.0 + 1e-9
    share = rng.dirichlet(np.full(products, 5.0))
    owned: dict[int, dict[int, int]] = {}
    steps: set[tuple[int, int]] = set()
    for c in range(customers):
        t, true_owned = arrival[c], set()
        owned[c] = {}
        while True:
            weight = share.copy()
            for (a, b), factor in lifted.items():
                if a in true_owned and b not in true_owned:
                    weight[b] *= factor
            total = weight.sum()
            t += rng.exponential(1.0 / (rate[c] * total))
            if t >= days:
                break
            p = int(rng.choice(products, p=weight / total))
            true_owned.add(p)
            if t >= 0:
                owned[c].setdefault(p, int(t))
                steps.add((c, int(t)))
    holdings = holdings_of(owned, end=days, products=products)
    rows = np.array(sorted(steps), dtype=np.int32).reshape(-1, 2)
    baskets = Baskets(
        np.arange(len(rows) + 1, dtype=np.int64), np.zeros(len(rows), np.int32), holdings.products, rows[:, 0].copy(),
        holdings.customers, rows[:, 1].copy(), "day", "customer_day",
    )  # fmt: skip
    return holdings, baskets
