"""Possible offers, prospects and plans of small made-up campaigns."""

from __future__ import annotations

import numpy as np

from affinity.campaigns import PossibleOffers, Setting, make_plan
from affinity.settings import CampaignSettings, make_section
from affinity.tables import CampaignPlan, Customers, Products, Prospects
from affinity.vocabulary import Vocabulary


def dense_offers(values: list[list[float]], cost: list[float], capacity: list[int], budget: float | None) -> PossibleOffers:
    """Every customer with every product."""
    n, m = len(values), len(cost)
    return PossibleOffers(
        np.arange(n + 1, dtype=np.int64) * m, np.tile(np.arange(m, dtype=np.int32), n),
        np.array(values, dtype=np.float64).reshape(-1), np.array(cost, dtype=np.float64),
        np.array(capacity, dtype=np.int64), budget,
    )  # fmt: skip


def make_prospects(n: int = 200, m: int = 5, seed: int = 0, value: float = np.nan) -> Prospects:
    """n customers with every one of m products, fits between 1 and 30 %."""
    fit = np.random.default_rng(seed).uniform(0.01, 0.3, n * m)
    people = Vocabulary("customer", [f"c{i:04d}" for i in range(n)])
    goods = Vocabulary("product", [f"p{i}" for i in range(m)])
    rows = np.tile(np.arange(m, dtype=np.int32), n)
    return Prospects(np.arange(n + 1, dtype=np.int64) * m, rows, fit, np.full(n * m, value), people, goods)


def describe_people(prospects: Prospects) -> Customers:
    """Customers with a region (north, south, by turns) of which every seventh is unknown."""
    n = len(prospects.customers)
    region = np.array([None if i % 7 == 3 else ("north", "south")[i % 2] for i in range(n)], dtype=object)
    bare = Customers.bare(prospects.customers)
    values = {name: getattr(bare, name) for name in bare.__dataclass_fields__}
    return Customers(**(values | {"segments": {"region": region}}))


def plan_of(prospects: Prospects, *, tenure: np.ndarray | None = None, **asked: object) -> CampaignPlan:
    """The plan of 2024-06-01, 30 days, of settings given by name."""
    day = int(np.datetime64("2024-06-01", "D").astype(np.int64))
    return make_plan(
        prospects,
        customers=describe_people(prospects),
        products=Products.bare(prospects.products),
        settings=make_section(CampaignSettings, **asked),
        setting=Setting(day, 30, tenure_days=tenure),
    )
