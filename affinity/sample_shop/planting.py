"""Planting: each function takes a history and returns it with one kind of structure in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity.sample_shop import plants
from affinity.sample_shop.catalogue import Catalogue
from affinity.sample_shop.history import NEVER, History, People, unique_lines


def prefer_one(rng: np.random.Generator, history: History, catalogue: Catalogue, customers: int) -> History:
    """Substitutes: each customer (or guest order) takes the preferred one of two instead of the other."""
    product = history.product.copy()
    owner = np.where(history.customer >= 0, history.customer, customers + np.arange(len(history.customer)))
    for pair in plants.SUBSTITUTES:
        first, second = catalogue.code(pair.first), catalogue.code(pair.second)
        likes_first = rng.random(customers + len(history.customer)) < 0.5
        switches = rng.random(len(product)) < pair.probability
        likes = likes_first[owner[history.order]]
        to_first = (product == second) & likes & switches
        to_second = (product == first) & ~likes & switches
        product[to_first], product[to_second] = first, second
    return unique_lines(History(history.customer, history.day, history.order, product), len(catalogue.ids))


def add_bundles(rng: np.random.Generator, history: History, catalogue: Catalogue, people: People) -> History:
    """Bundles: some baskets of a segment hold (most of) a set."""
    names = [segment.name for segment in plants.SEGMENTS]
    segment = np.where(history.customer >= 0, people.segment[history.customer], -1)
    for bundle in plants.BUNDLES:
        orders = np.flatnonzero((segment == names.index(bundle.segment)) & (rng.random(len(segment)) < bundle.probability))
        members = catalogue.codes(bundle.products)
        present = rng.random((len(orders), len(members))) < bundle.member_probability
        which, member = np.nonzero(present)
        history = history.adding(orders[which], members[member])
    return unique_lines(history, len(catalogue.ids))


def add_follow_ons(rng: np.random.Generator, history: History, catalogue: Catalogue, people: People) -> History:
    """A→B: of the buyers of A who do not have B, a share buys B after a delay; nobody else of them buys B."""
    n = len(people)
    for plan in plants.FOLLOW_ONS:
        a, b = catalogue.code(plan.antecedent), catalogue.code(plan.consequent)
        first_a, first_b = history.first_day(a, n), history.first_day(b, n)
        open_to = (first_a < NEVER) & (first_b > first_a)
        buyer = history.customer[history.order]
        history = history.having(~((history.product == b) & (buyer >= 0) & open_to[buyer]))
        converts = open_to & (rng.random(n) < plan.probability)
        delay = 1 + np.floor(rng.gamma(plan.shape, plan.mean_days / plan.shape, n)).astype(np.int64)
        who = np.flatnonzero(converts)
        history = history.ordering(who, (first_a + delay)[who], b)
    return history


@dataclass(frozen=True)
class OfferLog:
    """One row an offer: campaign index, customer, day of the offer, whether the customer was in the treated arm."""

    campaign: np.ndarray
    customer: np.ndarray
    day: np.ndarray
    treated: np.ndarray


def add_campaigns(
    rng: np.random.Generator, history: History, catalogue: Catalogue, people: People, days: int
) -> tuple[History, OfferLog]:
    """Offers to a random sample of customers without the product, a fifth of it a random control arm."""
    logs = []
    for index, plan in enumerate(plants.CAMPAIGNS):
        product, day = catalogue.code(plan.product), int(plan.at * days)
        can = (people.start < day) & (people.end > day) & (history.first_day(product, len(people)) >= day)
        who = np.sort(rng.permutation(np.flatnonzero(can))[: int(plan.sample * len(people))])
        treated = np.zeros(len(who), dtype=bool)
        treated[rng.permutation(len(who))[: round(plan.treated_share * len(who))]] = True
        responds = treated & (rng.random(len(who)) < plan.effect)
        after = 1 + rng.integers(0, plants.OFFER_WINDOW_DAYS, len(who))
        history = history.ordering(who[responds], (day + after)[responds], product)
        n = len(who)
        logs.append((np.full(n, index), who, np.full(n, day), treated))
    return history, OfferLog(*(np.concatenate(part) for part in zip(*logs)))


def attach_complements(rng: np.random.Generator, history: History, catalogue: Catalogue) -> History:
    """Complements and staples, in every basket that there is by now."""
    for pair in plants.COMPLEMENTS:
        orders = history.order[history.product == catalogue.code(pair.antecedent)]
        orders = orders[rng.random(len(orders)) < pair.probability]
        history = history.adding(orders, np.full(len(orders), catalogue.code(pair.consequent)))
    alive = np.unique(history.order)
    for staple in plants.STAPLES:
        orders = alive[rng.random(len(alive)) < staple.probability]
        history = history.adding(orders, np.full(len(orders), catalogue.code(staple.product)))
    return unique_lines(history, len(catalogue.ids))


def cut_to_file(history: History, catalogue: Catalogue, days: int) -> History:
    """Only what the file can show: days 0 to ``days`` − 1, products while on sale, orders with a line left."""
    opened, closed = sale_days(catalogue, days)
    day = history.day[history.order]
    keep = (day >= 0) & (day < days) & (day >= opened[history.product]) & (day < closed[history.product])
    return history.having(keep)


def sale_days(catalogue: Catalogue, days: int) -> tuple[np.ndarray, np.ndarray]:
    """int64[products] twice: first day on sale (−NEVER always was) and first day no longer on sale (NEVER)."""
    opened = np.full(len(catalogue.ids), -NEVER, dtype=np.int64)
    closed = np.full(len(catalogue.ids), NEVER, dtype=np.int64)
    for product, share in plants.LAUNCHED.items():
        opened[catalogue.code(product)] = int(share * days)
    for product, share in plants.DISCONTINUED.items():
        closed[catalogue.code(product)] = int(share * days)
    return opened, closed
