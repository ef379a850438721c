"""Metrics of campaigns: what offers returned for what they cost, and trials that were paid for."""

from __future__ import annotations

import numpy as np

from affinity.metrics.facts import NEVER, Facts
from affinity.metrics.offered import Outcomes, judge_offers, known_campaigns, next_event
from affinity.metrics.recurring import spells_of
from affinity.metrics.tally import Tally, Undefined, join_notes
from affinity.tables.order_lines import MICROSECONDS_A_DAY


def sum_gross_return(facts: Facts) -> Tally | Undefined:
    """Attributed revenue / cost, a campaign at a time and over all."""
    return _returns(facts, net=False)


def sum_net_return(facts: Facts) -> Tally | Undefined:
    """(Attributed revenue − cost) / cost, a campaign at a time and over all."""
    return _returns(facts, net=True)


def count_trials_paid(facts: Facts) -> Tally | Undefined:
    """Distinct customers offered in the window who began a trial of the product and paid for its family / offered.

    A trial begins within ``offer_window_days`` of the offer, payment within ``trial_days`` of the trial. The share is the
    trial rate × the trial-to-paid rate, which the note names; offers not followed so long are left out.
    """
    found, spells = judge_offers(facts), spells_of(facts)
    if isinstance(found, Undefined):
        return found
    offers = facts.offers
    if spells is None or not spells.trial.any() or offers is None or offers.offered_at is None or facts.as_of_day is None:
        return Undefined("NO_TRIALS: no subscription is marked as a trial", facts.window)
    window, days = facts.settings.offer_window_days, facts.settings.trial_days
    offered = offers.offered_at[found.row] // MICROSECONDS_A_DAY
    product = facts.lines.products.translate(offers.product[found.row], offers.products)
    counts = found.in_window & (found.buyer >= 0) & (product >= 0) & (offered + window + days < facts.as_of_day)
    buyer, offered = found.buyer[counts].astype(np.int64), offered[counts]
    wanted = buyer * facts.n_families + facts.family[product[counts]]
    key = spells.customer.astype(np.int64) * facts.n_families + facts.family[spells.product]
    started = spells.started_at.astype(np.int64)
    tried = next_event(key[spells.trial], started[spells.trial], wanted, offered)
    in_time = tried <= offered + window
    paid = next_event(key[~spells.trial], started[~spells.trial], wanted, np.where(in_time, tried, NEVER - days))
    bought = in_time & (paid <= np.where(in_time, tried, 0) + days)
    who, place = np.unique(buyer, return_inverse=True)
    trials, paying = (np.bincount(place, which, minlength=len(who)) > 0 for which in (in_time, bought))
    rates = f"trial rate {trials.sum():,} / {len(who):,} × trial-to-paid rate {paying.sum():,} / {trials.sum():,}"
    note = join_notes(rates, f"followed for {window + days} days")
    return Tally(paying.astype(float), np.ones(len(who)), who.astype(np.int32), window=facts.window, note=note)


def _returns(facts: Facts, *, net: bool) -> Tally | Undefined:
    found, offers = judge_offers(facts), facts.offers
    if isinstance(found, Undefined):
        return found
    assert offers is not None
    if offers.offered_at is None or facts.lines.ordered_at is None:
        return Undefined("NO_DATES: without dates no revenue follows an offer", facts.until)
    cost = offers.cost[found.row]
    known = np.isfinite(cost)
    if not known.any():
        return Undefined("NO_COSTS: no offer has a cost", facts.until)
    revenue = np.where(found.accepted, _revenue_after(facts, found), 0.0)[known]
    cost = cost[known]
    left_out = int(np.count_nonzero(~known))
    campaigns = known_campaigns(offers, facts.as_of_day)
    labels = tuple(str(label) for label in offers.campaigns.labels[campaigns])
    campaign = found.campaign[known]
    named = campaign >= 0
    return Tally(
        revenue - cost if net else revenue,
        cost,
        found.buyer[known],
        kind="ratio",
        window=facts.until,
        note=join_notes(found.note, f"{left_out:,} of unknown cost left out" if left_out else None),
        group=np.where(named, np.searchsorted(campaigns, campaign), len(labels)).astype(np.int64) if labels else None,
        group_by="campaign" if labels else None,
        group_labels=labels if named.all() else (*labels, "(none)"),
    )


def _revenue_after(facts: Facts, found: Outcomes) -> np.ndarray:
    """float64, an outcome: money of the offered product (of anything, for an offer of none) from the offer to the end of its
    window; a line counts for the last such offer before it."""
    offers, lines = facts.offers, facts.lines
    assert offers is not None
    assert offers.offered_at is not None
    assert lines.ordered_at is not None
    product = lines.products.translate(offers.product[found.row], offers.products)
    at, width = offers.offered_at[found.row], np.int64(len(lines.products) + 1)
    answerable = (found.buyer >= 0) & ((product >= 0) | ~offers.names_product[found.row])
    key = np.where(answerable, found.buyer * width + np.where(product >= 0, product, len(lines.products)), -1)
    order = np.lexsort((at, key))
    end = at // MICROSECONDS_A_DAY + facts.settings.offer_window_days
    revenue, left = np.zeros(len(at)), (lines.customer >= 0) & np.isfinite(lines.net_amount)
    for item in (lines.product.astype(np.int64), np.full(len(lines), len(lines.products), dtype=np.int64)):
        rows = np.flatnonzero(left)
        moments = np.unique(np.concatenate([at, lines.ordered_at[rows]]))
        span = len(moments) + 1
        made = key[order] * span + np.searchsorted(moments, at[order])
        wanted = lines.customer[rows] * width + item[rows]
        place = np.searchsorted(made, wanted * span + np.searchsorted(moments, lines.ordered_at[rows]), side="right") - 1
        offer = order[np.maximum(place, 0)] if len(order) else np.zeros(len(rows), dtype=np.int64)
        hit = (place >= 0) & (key[offer] == wanted) if len(order) else np.zeros(len(rows), dtype=bool)
        hit[hit] = lines.ordered_at[rows[hit]] // MICROSECONDS_A_DAY <= end[offer[hit]]
        revenue += np.bincount(offer[hit], lines.net_amount[rows[hit]], minlength=len(at))
        left[rows[hit]] = False
    return revenue
