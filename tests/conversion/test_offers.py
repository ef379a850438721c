"""Offers: who counts as offered, who as accepted, and how many would have bought anyway."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.conversion import estimate_conversion, measure_offers
from affinity.counting import count_life_tables
from affinity.settings import ConversionSettings
from tests.conversion.worlds import holdings_of
from tests.makers import make_offers

END = 19900


def offers_of(rows, holdings, **options):
    """Rows (customer code, product code or None, day, …) as offers."""
    named = [
        (f"c{row[0]:05d}", None if row[1] is None else f"p{row[1]:03d}", str(np.datetime64(row[2], "D")), *row[3:])
        for row in rows
    ]
    return make_offers(named, holdings.customers, holdings.products, **options)


def measure(rows, owned, customers=None, **options):
    holdings = holdings_of(owned, end=END, products=4, customers=customers)
    return measure_offers(offers_of(rows, holdings), holdings, **options)


def test_acceptance_is_a_first_purchase_within_the_window():
    owned = {0: {0: 19000, 1: 19110}, 1: {0: 19000, 1: 19115}, 2: {0: 19000}, 3: {0: 19000, 1: 19100}}
    counts = measure([(c, 1, 19100) for c in range(4)], owned, window_days=14)
    assert counts.customer.tolist() == [0, 1, 2, 3]
    assert counts.accepted.tolist() == [True, False, False, True]
    assert measure([(c, 1, 19100) for c in range(4)], owned, window_days=15).accepted.sum() == 3
    found = counts.describe()
    assert (found["offered"], found["accepted"], found["offer_rate"], found["window_days"]) == (4, 2, 0.5, 14)
    assert found["lower"] < 0.5 < found["upper"]


def test_offers_that_do_not_count_are_counted_by_reason():
    owned = {0: {1: 19000}, 1: {0: 1}, 2: {0: 1}, 3: {0: 1}, 4: {0: 1}, 5: {0: 1}, 6: {0: 1}}
    rows = [
        (0, 1, 19100),  # owns it
        (2, 1, END - 14),  # the window is not over
        (3, 1, 19100, None, None, False),  # control arm
        (4, 1, 19100, None, None, True, False),  # never seen
        (5, None, 19100),  # no product named
        (6, 1, END),  # the future
        (2, 2, END - 15),  # just over
    ]
    counts = measure(rows, owned)
    assert counts.excluded == {
        "control": 1,
        "not_exposed": 1,
        "no_product": 1,
        "after_as_of": 1,
        "owner": 1,
        "immature": 1,
    }
    assert (counts.customer.tolist(), counts.product.tolist()) == ([2], [2])


def test_what_the_log_says_goes_before_the_orders():
    owned = {0: {0: 1}, 1: {0: 1, 1: 19102}, 2: {0: 1, 1: 19100}}
    counts = measure([(0, 1, 19100, 1), (1, 1, 19100, 0), (2, 1, 19100, 1)], owned)
    assert counts.accepted.tolist() == [True, False, True]


def test_acceptance_recorded_before_the_offer_or_after_as_of():
    holdings = holdings_of({c: {0: 1} for c in range(3)}, end=END, products=4)
    offers = offers_of([(c, 1, 19100, 1) for c in range(3)], holdings)
    day = 86_400_000_000
    offers = type(offers)(**{**vars(offers), "accepted_at": np.array([19100, 19099, END]) * day})
    counts = measure_offers(offers, holdings)
    assert counts.excluded == {"accepted_before_offer": 1}
    assert dict(zip(counts.customer.tolist(), counts.accepted.tolist())) == {0: True, 2: False}


def test_a_customer_counts_once_and_the_last_unexpired_offer_gets_the_credit():
    owned = {0: {0: 19000, 1: 19112}, 1: {0: 1}}
    counts = measure([(0, 1, 19100), (0, 1, 19105), (0, 1, 19200), (1, 1, 19100), (1, 1, 19150)], owned)
    assert counts.customer.tolist() == [0, 1]
    assert counts.accepted.tolist() == [True, False]
    assert counts.offered_day.tolist() == [19105, 19150]
    assert counts.excluded == {"owner": 1}  # after acceptance the pair is closed


def test_pairs_count_who_owned_the_antecedent_before_the_offer():
    owned = {0: {0: 19000, 1: 19105}, 1: {0: 19000, 2: 19100}, 2: {2: 1}}
    counts = measure([(c, 1, 19100) for c in range(3)], owned)
    a, b = np.array([0, 2, 3, 1]), np.array([1, 1, 1, 0])
    offered, accepted = counts.of_pairs(a, b)
    assert offered.tolist() == [2, 1, 0, 0]
    assert accepted.tolist() == [1, 0, 0, 0]


def test_nobody_offered_is_no_rate():
    found = measure([], {0: {0: 1}}).describe()
    assert (found["offered"], found["offer_rate"], found["note"]) == (0, None, "NO_OFFERS")


def test_offers_without_dates_cannot_be_measured():
    holdings = holdings_of({0: {0: 1}}, end=END, products=4)
    counts = measure_offers(offers_of([(0, 1, 19100)], holdings, dated=False), holdings)
    assert counts.excluded == {"acceptance_unknown": 1}
    logged = measure_offers(offers_of([(0, 1, 19100, 1)], holdings, dated=False), holdings)
    assert logged.excluded == {"undated": 1}


def test_organic_rate_is_of_existing_customers_never_offered():
    # Two offered; of four others one owns p1 already, one comes later, one of the two left buys within 14 days.
    owned = {0: {0: 1}, 1: {0: 1}, 2: {0: 1, 1: 50}, 3: {1: 19103}, 4: {0: 1, 1: 19110}, 5: {0: 1}}
    counts = measure([(0, 1, 19100), (1, 1, 19100)], owned)
    assert counts.organic_rate == pytest.approx(0.5)
    assert np.isnan(measure([(0, 1, 19100)], {0: {0: 1}}).organic_rate)


def test_offers_reach_the_conversion_table():
    owned = {c: {0: 19000, 1: 19105 if c < 6 else 19300} for c in range(10)}
    holdings = holdings_of(owned, end=END, products=4)
    tables = count_life_tables(holdings, start_day=18000, wash_in_days=0)
    offers = offers_of([(c, 1, 19100) for c in range(8)], holdings)
    conversion = estimate_conversion(tables, offers=offers, holdings=holdings)
    rows = (conversion.antecedent == 0) & (conversion.consequent == 1)
    assert conversion.offered[rows].tolist() == [8, 8, 8]
    assert conversion.accepted[rows].tolist() == [6, 6, 6]
    assert conversion.offer_rate[rows].tolist() == [0.75] * 3
    assert conversion.info["offers"]["organic_rate"] == 0.0
    without = estimate_conversion(tables, settings=ConversionSettings(offer_window_days=3), offers=offers, holdings=holdings)
    assert without.accepted.sum() == 0
    assert np.isnan(estimate_conversion(tables).offer_rate).all()
