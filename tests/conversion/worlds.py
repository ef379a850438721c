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


def simulate_many(
    *,
    seed: int,
    customers: int,
    products: int,
    days: int = 730,
    burn_in: int = 730,
    activity: float = 0.5,
    yearly_orders: float = 6.0,
    segments: int = 3,
    lifted: dict[tuple[int, int], float] | None = None,
) -> tuple[Holdings, Baskets, np.ndarray]:
    """A larger world, drawn all at once: (holdings, steps, segment of each customer).

    Customers come evenly over ``burn_in`` + ``days`` (only the last ``days`` are seen), order one product at a time at
    their own constant rate (gamma, variance ``activity``), with the tastes of their segment. ``lifted`` (a, b) -> factor:
    owners of a buy b so many times as often as others do, by orders of b added after a.
    """
    rng = np.random.default_rng(seed)
    arrival = rng.uniform(-burn_in, days, customers)
    rate = rng.gamma(1 / activity, activity, customers) * yearly_orders / 365
    segment = rng.integers(0, segments, customers)
    share = rng.dirichlet(np.full(products, 3.0), segments).cumsum(axis=1)
    orders = rng.poisson(rate * (days - arrival))
    customer = np.repeat(np.arange(customers), orders)
    at = arrival[customer] + rng.random(len(customer)) * (days - arrival[customer])
    product = np.minimum((share[segment[customer]] < rng.random(len(customer))[:, None]).sum(axis=1), products - 1)
    share = np.diff(share, axis=1, prepend=0.0)
    for (a, b), factor in (lifted or {}).items():
        own = np.flatnonzero(product == a)
        first = np.full(customers, np.inf)
        np.minimum.at(first, customer[own], at[own])
        extra = np.zeros(customers)
        has = np.isfinite(first)
        extra[has] = (factor - 1) * rate[has] * share[segment[has], b] * (days - first[has])
        more = np.repeat(np.arange(customers), rng.poisson(extra))
        when = np.where(np.isfinite(first), first, 0.0)[more]
        customer, product = np.append(customer, more), np.append(product, np.full(len(more), b))
        at = np.append(at, when + rng.random(len(more)) * (days - when))
    seen = at >= 0
    customer, product, day = customer[seen], product[seen], at[seen].astype(np.int64)
    order = np.lexsort((day, product, customer))
    customer, product, day = customer[order], product[order], day[order]
    first_rows = np.ones(len(customer), dtype=bool)
    first_rows[1:] = (customer[1:] != customer[:-1]) | (product[1:] != product[:-1])
    holdings = tabulate(customer[first_rows], product[first_rows], day[first_rows], customers, products, end=days)
    steps = np.unique(customer * days + day)
    baskets = Baskets(
        np.arange(len(steps) + 1, dtype=np.int64), np.zeros(len(steps), np.int32), holdings.products,
        (steps // days).astype(np.int32), holdings.customers, (steps % days).astype(np.int32), "day", "customer_day",
    )  # fmt: skip
    return holdings, baskets, segment


def tabulate(customer, product, day, customers: int, products: int, *, end: int) -> Holdings:
    """Holdings of rows sorted by customer and product."""
    indptr = np.concatenate([[0], np.bincount(customer, minlength=customers).cumsum()]).astype(np.int64)
    day = day.astype(np.int32)
    return Holdings(
        indptr, product.astype(np.int32), day, day, np.ones(len(day), np.int32), np.full(customers, end, np.int32),
        Vocabulary("customer", [f"c{i:06d}" for i in range(customers)]),
        Vocabulary("product", [f"p{i:05d}" for i in range(products)]),
    )  # fmt: skip
