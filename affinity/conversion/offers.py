"""Offers: how many customers who were offered B bought it in the window, and how many buy it unoffered.

The unit is a customer and a product. An acceptance is what the offer log says, or a first purchase from the
day of the offer to W days later. (Days are whole here; who bought on the day of an offer was hardly offered it
after that, so the day counts as after the offer.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from affinity.statistics.intervals import wilson_interval
from affinity.tables.holdings import Holdings
from affinity.tables.offers import Offers
from affinity.tables.order_lines import MICROSECONDS_A_DAY

#: Owned products of offered customers that are expanded at once.
ENTRIES_AT_ONCE = 20_000_000


@dataclass(frozen=True, eq=False)
class OfferCounts:
    """What became of the offers.

    customer, product, offered_day, accepted : one row a (customer, product) that was offered; the day of the
        credited offer, else of the last one
    pair_key, pair_offered, pair_accepted    : int64, by antecedent × n_products + consequent, rising: distinct
        customers who owned the antecedent before the day of that offer
    excluded : reason -> offers left out
    """

    customer: np.ndarray
    product: np.ndarray
    offered_day: np.ndarray
    accepted: np.ndarray
    pair_key: np.ndarray
    pair_offered: np.ndarray
    pair_accepted: np.ndarray
    n_products: int
    window_days: int
    organic_rate: float
    excluded: dict[str, int] = field(default_factory=dict)

    def of_pairs(self, antecedent: np.ndarray, consequent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(offered, accepted) of ordered pairs, int64; 0 where nobody who owned the antecedent was offered."""
        wanted = antecedent.astype(np.int64) * self.n_products + consequent
        if len(self.pair_key) == 0:
            return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=np.int64)
        place = np.minimum(np.searchsorted(self.pair_key, wanted), len(self.pair_key) - 1)
        found = self.pair_key[place] == wanted
        return np.where(found, self.pair_offered[place], 0), np.where(found, self.pair_accepted[place], 0)

    def describe(self) -> dict[str, object]:
        """The figures over all products: offered, accepted, rate with 95 % bounds, W, the organic rate, what was left out."""
        offered, accepted = len(self.customer), int(self.accepted.sum())
        lower, upper = (float(bound) for bound in wilson_interval(accepted, offered))
        return {
            "window_days": self.window_days,
            "offered": offered,
            "accepted": accepted,
            "offer_rate": accepted / offered if offered else None,
            "lower": lower if offered else None,
            "upper": upper if offered else None,
            "organic_rate": None if np.isnan(self.organic_rate) else self.organic_rate,
            "excluded": dict(self.excluded),
            "note": None if offered else "NO_OFFERS",
        }


def measure_offers(offers: Offers, holdings: Holdings, *, window_days: int = 14, as_of_day: int | None = None) -> OfferCounts:
    """Offered and accepted, per customer and product, and per ordered pair with what the customer owned then.

    Which offers count, and as accepted, is said by `judge_offers`; here they must also name a product that was ever
    sold ("no_product"). Acceptance closes the pair: later offers of B are offers to an owner. Of several offers the
    last unexpired one gets the credit; the customer counts once. Without dates nothing can be measured ("undated").

    organic_rate : over the days and products of the counted offers, the share of existing customers, never
    offered B and not owning it, who first bought it in the same W days. The acceptance rate contains it.
    """
    end_day = int(holdings.end.max(initial=0)) if as_of_day is None else as_of_day
    judged = judge_offers(offers, holdings, window_days=window_days, end_day=end_day)
    day, accepted, excluded = judged.day, judged.accepted, dict(judged.excluded)
    if day is None:
        excluded |= {"undated": len(judged.rows)} if len(judged.rows) else {}
        counted, day = judged.rows[:0], np.zeros(len(offers), dtype=np.int64)
    else:
        counted = judged.rows[offers.product[judged.rows] >= 0]
        if len(counted) < len(judged.rows):
            excluded["no_product"] = len(judged.rows) - len(counted)
    customer, product = offers.customer[counted], offers.product[counted]
    # The credited offer first: accepted before not, then the latest.
    order = np.lexsort((-day[counted], ~accepted[counted], product, customer))
    customer, product, offered, took = (column[order] for column in (customer, product, day[counted], accepted[counted]))
    first = np.ones(len(customer), dtype=bool)
    first[1:] = (customer[1:] != customer[:-1]) | (product[1:] != product[:-1])
    units = (customer[first], product[first], offered[first], took[first])
    organic = organic_rate(offers, holdings, units[1], units[2], window_days)
    return OfferCounts(*units, *_count_pairs(holdings, *units), len(holdings.products), window_days, organic, excluded)


@dataclass(frozen=True, eq=False)
class JudgedOffers:
    """rows : int64, the offers that count; accepted : bool of every offer; day : int64 of every offer, None without
    dates; excluded : reason -> offers left out, each for the first reason that holds."""

    rows: np.ndarray
    accepted: np.ndarray
    day: np.ndarray | None
    excluded: dict[str, int]


def judge_offers(offers: Offers, holdings: Holdings | None, *, window_days: int, end_day: int | None) -> JudgedOffers:
    """Which offers count, and which of them were accepted.

    Left out are, in this order: "control" (an untreated arm), "not_exposed", "unknown_customer", "after_as_of",
    "accepted_before_offer", "before_first_order" (he was no customer yet: an acquisition, not a cross-sell), "owner" (he
    owned the product), "immature" (day + W ≥ as_of); and where purchases cannot tell, for want of dates or of holdings,
    "acceptance_unknown" (the log does not say either).
    Accepted is what the log says (and said before as_of); where it says nothing, a first purchase on day 0 … W after the
    offer, credited to the last such offer of the product, of whatever campaign.

    holdings : None: nobody's purchases are known. Without dates only what the log says is judged.
    """
    open_ = np.ones(len(offers), dtype=bool)
    excluded: dict[str, int] = {}

    def leave_out(reason: str, which: np.ndarray) -> None:
        gone = open_ & which
        if gone.any():
            excluded[reason] = int(gone.sum())
        open_[gone] = False

    leave_out("control", ~offers.treated)
    leave_out("not_exposed", ~offers.exposed)
    leave_out("unknown_customer", offers.customer < 0)
    log_day = np.where(offers.accepted_at >= 0, offers.accepted_at // MICROSECONDS_A_DAY, -1)
    logged = offers.accepted == 1
    if end_day is not None:
        logged &= log_day < end_day
    if offers.offered_at is None or holdings is None:
        leave_out("acceptance_unknown", offers.accepted == -1)
    if offers.offered_at is None:
        return JudgedOffers(np.flatnonzero(open_), logged, None, excluded)
    day = offers.offered_at // MICROSECONDS_A_DAY
    if end_day is not None:
        leave_out("after_as_of", day >= end_day)
    leave_out("accepted_before_offer", (offers.accepted == 1) & (log_day >= 0) & (log_day < day))
    if holdings is not None:
        came = first_seen(holdings)
        leave_out("before_first_order", (offers.customer >= 0) & (came[offers.customer] > day))
        bought = _first_days(holdings, offers.customer, offers.product)
        leave_out("owner", (bought >= 0) & (bought < day))
        in_time = (offers.accepted == -1) & (bought >= day) & (bought <= day + window_days)
        logged = logged | _last_of_each(offers, day, open_ & in_time)
    if end_day is not None:
        leave_out("immature", day + window_days >= end_day)
    return JudgedOffers(np.flatnonzero(open_), logged, day, excluded)


def first_seen(holdings: Holdings) -> np.ndarray:
    """int64[n_customers]: the day of each customer's first purchase; the largest integer without one."""
    came = np.full(len(holdings.customers), np.iinfo(np.int64).max)
    np.minimum.at(came, holdings.customer, holdings.first_at)
    return came


def _last_of_each(offers: Offers, day: np.ndarray, which: np.ndarray) -> np.ndarray:
    """bool: of the offers ``which``, the last of each customer and product (of one day, the last in the log)."""
    rows = np.flatnonzero(which)
    rows = rows[np.lexsort((rows, day[rows], offers.product[rows], offers.customer[rows]))]
    customer, product = offers.customer[rows], offers.product[rows]
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = (customer[1:] != customer[:-1]) | (product[1:] != product[:-1])
    credited = np.zeros(len(offers), dtype=bool)
    credited[rows[last]] = True
    return credited


def _first_days(holdings: Holdings, customer: np.ndarray, product: np.ndarray) -> np.ndarray:
    """int64: day of the first purchase of each (customer, product), −1 where it is not owned or not known."""
    n_products = len(holdings.products)
    keys = holdings.customer.astype(np.int64) * n_products + holdings.product  # rising: products rise within a customer
    wanted = np.where((customer >= 0) & (product >= 0), customer.astype(np.int64) * n_products + product, -1)
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, holdings.first_at[place], -1).astype(np.int64)


def _count_pairs(
    holdings: Holdings, customer: np.ndarray, product: np.ndarray, day: np.ndarray, accepted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(key, offered, accepted) over what the offered customers owned before the day of the offer."""
    sizes = np.diff(holdings.indptr)[customer]
    total = np.concatenate([[0], np.cumsum(sizes)])
    goals = np.minimum(np.arange(0, total[-1] + ENTRIES_AT_ONCE, ENTRIES_AT_ONCE), total[-1])
    cuts = np.unique(np.searchsorted(total, goals))
    keys, counts = np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.int64)
    for first, last in zip(cuts[:-1], cuts[1:]):
        unit = np.repeat(np.arange(first, last), sizes[first:last])
        entry = np.arange(len(unit)) - (total[first:last] - total[first])[unit - first] + holdings.indptr[customer[unit]]
        owned = (holdings.first_at[entry] < day[unit]) & (holdings.product[entry] != product[unit])
        key = holdings.product[entry[owned]].astype(np.int64) * len(holdings.products) + product[unit[owned]]
        both = np.stack([np.ones(len(key), dtype=np.int64), accepted[unit[owned]].astype(np.int64)], axis=1)
        keys, where = np.unique(np.concatenate([keys, key]), return_inverse=True)
        added = np.zeros((len(keys), 2), dtype=np.int64)
        np.add.at(added, where, np.concatenate([counts, both]))
        counts = added
    return keys, counts[:, 0], counts[:, 1]


def organic_rate(offers: Offers, holdings: Holdings, product: np.ndarray, day: np.ndarray, window_days: int) -> float:
    """Mean over offers of ``product`` made on ``day``: who first bought it in the same W days, of the existing customers
    never offered it who did not own it; NaN without any."""
    came = first_seen(holdings)
    n_products = len(holdings.products)
    approached = (offers.product >= 0) & (offers.customer >= 0) & offers.treated
    if offers.offered_at is not None:  # of offers from as_of on nothing is known yet
        approached &= offers.offered_at // MICROSECONDS_A_DAY < int(holdings.end.max(initial=0))
    offered_key = np.unique(offers.customer[approached].astype(np.int64) * n_products + offers.product[approached])
    by_product = np.argsort(offered_key % n_products, kind="stable")
    offered_product, offered_customer = (offered_key % n_products)[by_product], (offered_key // n_products)[by_product]
    owner_order = np.argsort(holdings.product, kind="stable")
    owned_product, owner = holdings.product[owner_order], holdings.customer[owner_order]
    owned_since = holdings.first_at[owner_order].astype(np.int64)
    everybody = np.sort(came)
    bought = eligible = 0.0
    for b in np.unique(product):
        days, offers_that_day = np.unique(day[product == b], return_counts=True)
        asked = offered_customer[slice(*np.searchsorted(offered_product, [b, b + 1]))]
        own = slice(*np.searchsorted(owned_product, [b, b + 1]))
        unasked = ~np.isin(owner[own], asked)
        since, seen = owned_since[own][unasked], came[owner[own][unasked]]
        there = np.searchsorted(everybody, days) - np.searchsorted(np.sort(came[asked]), days)
        owning = np.array([np.count_nonzero((since < d) & (seen < d)) for d in days])
        buying = np.array([np.count_nonzero((since >= d) & (since <= d + window_days) & (seen < d)) for d in days])
        known = there > owning
        rates = np.divide(buying, there - owning, out=np.zeros(len(days)), where=known)
        bought += float((rates * offers_that_day)[known].sum())
        eligible += float(offers_that_day[known].sum())
    return bought / eligible if eligible else float("nan")
