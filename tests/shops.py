"""Steps and holdings of small shops, made by hand: who bought what when."""

from __future__ import annotations

import numpy as np

from affinity.tables import Baskets, Holdings
from affinity.vocabulary import Vocabulary

Orders = dict[int, list[tuple[int, set[int]]]]


def make_tables(orders: Orders, *, customers: int, products: int, end: int | None, clock: str = "day"):
    """(steps, holdings) of orders: customer -> [(at, products)] in time order; clock "order" counts orders from 0."""
    words = Vocabulary("customer", [f"c{i:05d}" for i in range(customers)])
    goods = Vocabulary("product", [f"p{i:05d}" for i in range(products)])
    sizes, item, who, when = [], [], [], []
    held: list[dict[int, list[int]]] = [{} for _ in range(customers)]
    for c in sorted(orders):
        for place, (at, basket) in enumerate(orders[c]):
            at = at if clock == "day" else place  # noqa: PLW2901
            sizes.append(len(basket))
            item += sorted(basket)
            who.append(c)
            when.append(at)
            for p in basket:
                held[c].setdefault(p, []).append(at)
    steps = Baskets(
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        item=np.array(item, dtype=np.int32),
        products=goods,
        customer=np.array(who, dtype=np.int32),
        customers=words,
        at=np.array(when, dtype=np.int32),
        clock=clock,
        by="customer_day",
    )
    rows = [(c, p, at[0], at[-1], len(at)) for c in range(customers) for p, at in sorted(held[c].items())]
    table = np.array(rows, dtype=np.int32).reshape(-1, 5)
    ends = [end if clock == "day" else len(orders.get(c, [])) for c in range(customers)]
    holdings = Holdings(
        indptr=np.concatenate([[0], np.cumsum([len(h) for h in held])]).astype(np.int64),
        product=table[:, 1].copy(),
        first_at=table[:, 2].copy(),
        last_at=table[:, 3].copy(),
        times=table[:, 4].copy(),
        end=np.array(ends, dtype=np.int32),
        customers=words,
        products=goods,
        clock=clock,
    )
    return steps, holdings


def random_orders(seed: int, *, customers: int, products: int, days: int, most: int = 5) -> Orders:
    """Random baskets: up to ``most`` orders a customer of 1 to 4 products."""
    random = np.random.default_rng(seed)
    orders: Orders = {}
    for c in range(customers):
        at = sorted(random.choice(days, size=min(int(random.integers(0, most + 1)), days), replace=False).tolist())
        if at:
            orders[c] = [(t, set(random.choice(products, size=int(random.integers(1, 5))).tolist())) for t in at]
    return orders


def cut_orders(orders: Orders, at: int) -> Orders:
    """The orders before day ``at``."""
    kept = {c: [(t, b) for t, b in steps if t < at] for c, steps in orders.items()}
    return {c: steps for c, steps in kept.items() if steps}


def planted_orders(seed: int, *, customers: int = 900, days: int = 300) -> Orders:
    """Product 2k is often followed by 2k + 1 some days later, for k = 0, 1, 2; products 6 to 19 are noise."""
    random = np.random.default_rng(seed)
    orders: Orders = {}
    for c in range(customers):
        wanted: dict[int, set[int]] = {}
        for t in random.choice(days, size=int(random.integers(1, 6)), replace=False).tolist():
            basket = set(random.choice(np.arange(6, 20), int(random.integers(1, 3))).tolist())
            if random.random() < 0.5:
                k = int(random.integers(0, 3))
                basket.add(2 * k)
                if random.random() < 0.6:
                    wanted.setdefault(t + int(random.integers(5, 40)), set()).add(2 * k + 1)
            wanted.setdefault(t, set()).update(basket)
        orders[c] = [(t, wanted[t]) for t in sorted(wanted) if t < days]
        if not orders[c]:
            del orders[c]
    return orders


def make_landmark(orders: Orders, at: int | None, *, customers: int, products: int, now: int, horizon_days: int):
    """The landmark at day ``at`` with its labels; None: now, without labels."""
    from affinity.counting import count_transitions
    from affinity.fit import label_purchases
    from affinity.tables import Landmark

    halves = {"half_life": 120.0, "co_owned_half_life": 45.0, "row_half_life": 60.0}
    end = now if at is None else at
    steps, holdings = make_tables(cut_orders(orders, end), customers=customers, products=products, end=end)
    transitions = count_transitions(steps, holdings, **halves)
    if at is None:
        return Landmark(None, holdings, steps, transitions)
    every, _ = make_tables(cut_orders(orders, now), customers=customers, products=products, end=now)
    return Landmark(at, holdings, steps, transitions, *label_purchases(every, holdings, at=at, horizon_days=horizon_days))
