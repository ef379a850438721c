"""Metrics of offers: which were accepted, a customer, an offer and a campaign at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from affinity.mapped import rows_where, split_rows
from affinity.metrics.facts import NEVER, Facts
from affinity.metrics.tally import Tally, Undefined
from affinity.tables import Offers
from affinity.tables.order_lines import MICROSECONDS_A_DAY


@dataclass(frozen=True)
class Outcomes:
    """Offers that count: row in the table, the offered customer (code of the offers), buyer (code of the lines), outcome."""

    row: np.ndarray
    who: np.ndarray
    buyer: np.ndarray
    campaign: np.ndarray
    accepted: np.ndarray
    in_window: np.ndarray
    note: str | None

    def of(self, rows: np.ndarray) -> Outcomes:
        """Those of the offers ``rows``."""
        names = ("row", "who", "buyer", "campaign", "accepted", "in_window")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def count_offered_customers(facts: Facts) -> Tally | Undefined:
    """Distinct customers who accepted / distinct customers offered, in the window."""
    found = judge_offers(facts)
    if isinstance(found, Undefined):
        return found
    rows = found.in_window
    who, first, group = np.unique(found.who[rows], return_index=True, return_inverse=True)
    accepted = np.bincount(group, found.accepted[rows], minlength=len(who)) > 0
    buyer = found.buyer[rows][first]
    return Tally(accepted.astype(float), np.ones(len(who)), buyer, window=facts.window, note=found.note)


def count_offers(facts: Facts) -> Tally | Undefined:
    """Accepted offers / offers, in the window; a purchase is credited to the last offer of its product before it."""
    found = judge_offers(facts)
    if isinstance(found, Undefined):
        return found
    rows = found.in_window
    accepted = found.accepted[rows].astype(float)
    return Tally(accepted, np.ones(len(accepted)), found.buyer[rows], window=facts.window, note=found.note)


def count_campaigns(facts: Facts) -> Tally | Undefined:
    """Distinct customers who accepted / distinct customers targeted, a campaign at a time, over all time."""
    found = judge_offers(facts)
    if isinstance(found, Undefined):
        return found
    assert facts.offers is not None
    known = known_campaigns(facts.offers, facts.as_of_day)
    labels = tuple(str(label) for label in facts.offers.campaigns.labels[known])
    rows = np.flatnonzero(found.campaign >= 0)
    if len(rows) == 0:
        return Undefined("NO_CAMPAIGNS: the offers name no campaign", facts.until)
    key = found.campaign[rows].astype(np.int64) * (int(found.who[rows].max()) + 1) + found.who[rows]
    distinct, first, group = np.unique(key, return_index=True, return_inverse=True)
    accepted = np.bincount(group, found.accepted[rows], minlength=len(distinct)) > 0
    return Tally(
        accepted.astype(float),
        np.ones(len(distinct)),
        found.buyer[rows][first],
        window=facts.until,
        note=found.note,
        group=np.searchsorted(known, found.campaign[rows][first]),
        group_by="campaign",
        group_labels=labels,
    )


def known_campaigns(offers: Offers, as_of_day: int | None) -> np.ndarray:
    """int32 codes, rising, of the campaigns with an offer before as_of; of all where the offers have no dates."""
    named = offers.campaign >= 0
    if offers.offered_at is not None and as_of_day is not None:
        named &= offers.offered_at // MICROSECONDS_A_DAY < as_of_day
    return np.unique(offers.campaign[named])


def judge_offers(facts: Facts) -> Outcomes | Undefined:
    """The offers made and followed for the whole offer window, and which were accepted.

    As recorded where the log says so; else a first purchase of the product (any purchase, for an offer of none) from the
    offer on and up to ``offer_window_days`` later, credited to the last such offer. Left out and counted: offers of
    products owned before, offers too young, offers older than the orders. Left out: controls and offers never seen.
    """
    offers, days = facts.offers, facts.settings.offer_window_days
    if offers is None:
        return Undefined("NO_OFFERS: no offer log was given", facts.window)
    buyer = facts.lines.customers.translate(offers.customer, offers.customers)
    product = facts.lines.products.translate(offers.product, offers.products)
    made = offers.treated & offers.exposed & (offers.customer >= 0)
    if offers.offered_at is None or facts.as_of_day is None:
        return _judge_undated(offers, buyer, made, facts)
    day = offers.offered_at // MICROSECONDS_A_DAY
    past = made & (day < facts.as_of_day)
    early = past & (day < (int(facts.at.min()) if len(facts.at) else facts.as_of_day))
    ripe = past & ~early & (day + days < facts.as_of_day)
    bought_at = _first_bought(facts, buyer, product, offers)
    owned = ripe & offers.names_product & (bought_at < offers.offered_at)
    counts = ripe & ~owned
    measured = counts & (bought_at < NEVER) & (bought_at // MICROSECONDS_A_DAY <= day + days)
    measured &= _is_last_of_pair(buyer, product, offers.offered_at, measured)
    known_by = (offers.accepted_at < 0) | (offers.accepted_at < facts.as_of_day * MICROSECONDS_A_DAY)
    accepted = np.where(offers.accepted >= 0, (offers.accepted == 1) & known_by, measured)
    in_window = counts & (day >= (facts.start_day or 0))
    notes = [f"offers followed for {days} days"]
    if aside := offers.report.rows_set_aside:
        notes.append(f"{aside:,} rows of offers set aside when read")
    if young := int(np.count_nonzero(past & ~early & ~ripe)):
        notes.append(f"{young:,} younger ones left out")
    if older := int(np.count_nonzero(early)):
        notes.append(f"{older:,} made before the orders begin left out")
    if owners := int(np.count_nonzero(owned)):
        notes.append(f"{owners:,} of products owned before left out")
    unknown = offers.treated & offers.exposed & (offers.customer < 0)
    if strangers := int(np.count_nonzero(unknown & (day < facts.as_of_day))):
        notes.append(f"{strangers:,} to people who are not among the customers left out")
    rows = np.arange(len(offers))
    return Outcomes(rows, offers.customer, buyer, offers.campaign, accepted, in_window, ", ".join(notes)).of(counts)


def _judge_undated(offers: Offers, buyer: np.ndarray, made: np.ndarray, facts: Facts) -> Outcomes | Undefined:
    recorded = made & (offers.accepted >= 0)
    if made.any() and not recorded.any():
        return Undefined("NO_DATES: offers without dates and without recorded acceptance cannot be judged", facts.window)
    note = "offers without dates: all, as recorded"
    rows = np.arange(len(offers))
    return Outcomes(rows, offers.customer, buyer, offers.campaign, offers.accepted == 1, recorded, note).of(recorded)


def _first_bought(facts: Facts, buyer: np.ndarray, product: np.ndarray, offers: Offers) -> np.ndarray:
    """int64[n_offers] µs: the first purchase of the offered product; of an offer of none, the next purchase of anything."""
    lines = facts.lines
    assert lines.ordered_at is not None
    assert offers.offered_at is not None
    pairs = facts.by_product
    first = np.full(len(pairs.item) + 1, NEVER)  # the last place stands for pairs never bought
    for rows in split_rows(len(lines)):
        known = pairs.of_line[rows] >= 0
        np.minimum.at(first, pairs.of_line[rows][known], lines.ordered_at[rows][known])
    width = max(len(lines.products), 1)
    keys = pairs.customer.astype(np.int64) * width + pairs.item
    wanted = np.where((buyer >= 0) & (product >= 0), buyer.astype(np.int64) * width + product, -1)
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    bought_at = first[np.where(found, place, len(first) - 1)]
    anything = ~offers.names_product & (buyer >= 0)
    asked = np.zeros(len(lines.customers) + 1, dtype=bool)  # the last place stands for guests
    asked[buyer[anything]] = True
    theirs = rows_where(lambda rows: asked[lines.customer[rows]], len(lines))
    moments = offers.offered_at[anything]
    bought_at[anything] = next_event(lines.customer[theirs], lines.ordered_at[theirs], buyer[anything], moments)
    return bought_at


def next_event(key: np.ndarray, at: np.ndarray, wanted: np.ndarray, after: np.ndarray) -> np.ndarray:
    """int64: the first time ``at`` of each ``wanted`` key (≥ 0) at or after ``after``, NEVER without one."""
    by = np.lexsort((at, key))
    key, at = key[by].astype(np.int64), at[by].astype(np.int64)
    moments = np.unique(np.concatenate([at, after]))
    span = len(moments) + 1
    place = np.searchsorted(
        key * span + np.searchsorted(moments, at), wanted * np.int64(span) + np.searchsorted(moments, after)
    )
    found = np.append(key, np.int64(-1))[place] == wanted
    return np.where(found, np.append(at, NEVER)[place], NEVER)


def _is_last_of_pair(buyer: np.ndarray, product: np.ndarray, offered_at: np.ndarray, which: np.ndarray) -> np.ndarray:
    """bool[n]: the last (latest, ties: the later row) of the offers ``which`` of the same customer and product."""
    last = np.zeros(len(which), dtype=bool)
    rows = np.flatnonzero(which)
    rows = rows[np.lexsort((rows, offered_at[rows], product[rows], buyer[rows]))]
    ends = np.ones(len(rows), dtype=bool)
    ends[:-1] = (buyer[rows][1:] != buyer[rows][:-1]) | (product[rows][1:] != product[rows][:-1])
    last[rows[ends]] = True
    last[which & (product < 0)] = True  # an offer of no product answers for itself
    return last
