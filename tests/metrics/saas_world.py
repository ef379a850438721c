"""A small SaaS whose true figures are known: every clock is memoryless, so that each metric has a closed form.

Customers start on a uniform day and churn by a constant hazard; the add-on, the third product (from the add-on on) and the
upgrade of the core plan have constant hazards of their own, which nothing else changes: several products keep nobody longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.tables import Customers, OrderLines, Products, Subscriptions
from tests.makers import day_number, make_lines, make_offers

DAYS, LAST_START, WINDOW = 1095, 1000, 90
BEGIN = "2022-01-01"
CHURN, ADD, THIRD, UPGRADE = 1 / 900, 1 / 300, 1 / 400, 1 / 600
PRICE = {"core": 100.0, "core pro": 150.0, "add-on": 40.0, "third": 25.0, "training": 60.0, "lab": 0.0}
FAMILY = {"core": "core", "core pro": "core", "training": "core"}
OFFER_COST, ACCEPT, TRIAL, PAY = 5.0, 0.3, 0.4, 0.5


@dataclass(frozen=True)
class World:
    lines: OrderLines
    products: Products
    customers: Customers
    subscriptions: Subscriptions
    offers: object
    trial_offers: object


def date(day: int) -> str:
    return str(np.datetime64(BEGIN) + int(day))


def make_world(seed: int, n: int = 1500) -> World:
    rng = np.random.default_rng(seed)

    def wait(hazard: float) -> np.ndarray:
        return np.ceil(rng.exponential(1 / hazard, n)).astype(int)

    start = rng.integers(0, LAST_START, n)
    end = start + wait(CHURN)
    upgrade, add = start + wait(UPGRADE), start + wait(ADD)
    third = add + wait(THIRD)
    spells = []
    for i in range(n):
        c = f"c{i:05}"
        spells.append((c, "core", start[i], min(upgrade[i], end[i]), False))
        spells += [(c, "core pro", upgrade[i], end[i], False)] if upgrade[i] < end[i] else []
        spells += [(c, "add-on", add[i], end[i], False)] if add[i] < end[i] else []
        spells += [(c, "third", third[i], end[i], False)] if third[i] < end[i] else []
    rows = [(f"{c}-{p}", c, p, date(s), 1, PRICE[p]) for c, p, s, *_ in spells if s < DAYS]
    offered = [
        (f"c{i:05}", int(day)) for i, day in enumerate(rng.integers(DAYS - WINDOW, DAYS - 15, n)) if start[i] < day < end[i]
    ]
    says_yes, delay = rng.random(len(offered)) < ACCEPT, rng.integers(0, 14, len(offered))
    rows += [
        (f"{c}-t", c, "training", date(d + w), 1, PRICE["training"]) for (c, d), yes, w in zip(offered, says_yes, delay) if yes
    ]
    tried, paid = rng.random(len(offered)) < TRIAL, rng.random(len(offered)) < PAY
    early = [(c, d - 40) for c, d in offered]
    for (c, d), tries, pays in zip(early, tried, paid):
        spells += [(c, "lab", d + 3, d + 20, True)] if tries else []
        spells += [(c, "lab", d + 20, -1, False)] if tries and pays else []
    lines = make_lines(rows, as_of=date(DAYS), products=list(PRICE))
    products = replace(
        Products.bare(lines.products), family=np.array([FAMILY.get(p) for p in lines.products.labels], dtype=object)
    )
    place = {c: int(c[1:]) for c in lines.customers.labels}
    who = np.array([place[c] for c in lines.customers.labels])
    epoch = day_number(BEGIN)
    customers = replace(
        Customers.bare(lines.customers),
        started_at=(start[who] + epoch).astype(np.int32),
        ended_at=np.where(end[who] < DAYS, end[who] + epoch, -1).astype(np.int32),
    )
    offers = make_offers([(c, "training", date(d), None, "spring") for c, d in offered], lines.customers, lines.products)
    subscriptions = Subscriptions(
        customer=lines.customers.encode([s[0] for s in spells]),
        product=lines.products.encode([s[1] for s in spells]),
        started_at=np.array([s[2] + epoch for s in spells], dtype=np.int32),
        ended_at=np.array([s[3] + epoch if s[3] >= 0 else -1 for s in spells], dtype=np.int32),
        recurring=np.array([PRICE[s[1]] for s in spells]),
        seats=np.full(len(spells), np.nan),
        trial=np.array([s[4] for s in spells], dtype=bool),
        customers=lines.customers,
        products=lines.products,
    )
    trial_offers = make_offers([(c, "lab", date(d), None, "trial") for c, d in early], lines.customers, lines.products)
    priced = replace(offers, cost=np.full(len(offers), OFFER_COST))
    return World(lines, products, customers, subscriptions, priced, trial_offers)


def truths() -> dict[str, float]:
    """Metric -> what it estimates, from the hazards alone."""
    k = np.arange(1, DAYS + 1)

    def density(hazard: float) -> np.ndarray:
        return np.exp(-hazard * (k - 1)) - np.exp(-hazard * k)

    def within(hazard: float) -> np.ndarray:  # by age 0, 1, …
        return 1 - np.exp(-hazard * np.arange(DAYS + 1))

    added, upgraded = within(ADD), within(UPGRADE)
    third = np.array([0.0, *(float((density(ADD)[: a - 1] * within(THIRD)[a - 1 : 0 : -1]).sum()) for a in range(1, DAYS + 1))])
    alive = np.exp(-CHURN * np.arange(DAYS + 1))
    revenue = 100 + 50 * upgraded + 40 * added + 25 * third
    now = DAYS - 1 - np.arange(LAST_START)  # age at as_of by start day
    then = now[now >= WINDOW] - WINDOW
    next_add, next_third = (float((density(h) * np.exp(-CHURN * k))[:WINDOW].sum()) for h in (ADD, THIRD))
    adopts = np.cumsum(density(ADD) * np.exp(-CHURN * k))  # churned customers stay at risk: crude
    churned = 1 - np.exp(-CHURN * WINDOW)
    adds = (1 - added[then]) * next_add + (added[then] - third[then]) * next_third
    arpu = (alive[then] * revenue[then]).sum() / alive[then].sum() * WINDOW / (365.25 / 12)
    return {
        "customer_churn_rate": churned,
        "net_revenue_retention": (alive[then + WINDOW] * revenue[then + WINDOW]).sum() / (alive[then] * revenue[then]).sum(),
        "gross_revenue_retention": 1 - churned,
        "simple_ltv": arpu / churned,
        "multi_product_rate": (alive[now] * added[now]).sum() / alive[now].sum(),
        "third_given_second_rate": (alive[now] * third[now]).sum() / (alive[now] * added[now]).sum(),
        "customer_cross_sell_rate": (alive[then] * adds).sum() / alive[then].sum(),
        "cross_sell_velocity_unconditional": float(np.argmax(adopts >= 0.5) + 1),
        "cohort_adoption_rate": adopts[364],
        "offer_conversion_rate": ACCEPT,
        "offer_event_conversion_rate": ACCEPT,
        "campaign_conversion_rate": ACCEPT,
        "campaign_roi_gross": ACCEPT * PRICE["training"] / OFFER_COST,
        "campaign_roi_net": ACCEPT * PRICE["training"] / OFFER_COST - 1,
        "retention_gap": 1.0,
    }
