"""Metrics of offers: who counts as offered, and who as having accepted."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from affinity.metrics import compute_metrics
from affinity.settings import MetricSettings
from affinity.vocabulary import Vocabulary
from tests.makers import make_lines, make_offers, microseconds

LINES = make_lines(
    [
        ("o1", "c1", "A", "2011-01-01"),
        ("o2", "c1", "B", "2011-03-10T12:00"),
        ("o3", "c2", "A", "2011-01-01"),
        ("o4", "c2", "B", "2011-03-29"),
        ("o5", "c3", "A", "2011-03-08"),
    ],
    as_of="2011-04-01",
)
NAMES = ("offer_conversion_rate", "offer_event_conversion_rate", "campaign_conversion_rate")


def measure(rows, lines=LINES, offers=None, **given):
    offers = make_offers(rows, lines.customers, lines.products) if offers is None else offers
    found = compute_metrics(lines, offers=offers, settings=MetricSettings(names=NAMES, **given)).to_pandas()
    return {(row.metric, row.segment if isinstance(row.segment, str) else None): row for row in found.itertuples()}


def counts(rows, name="offer_conversion_rate", segment=None, **given):
    row = measure(rows, **given)[name, segment]
    return row.numerator, row.denominator


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("2011-03-10T12:00", (1, 1)),  # at the moment of the purchase
        ("2011-03-10", (1, 1)),  # on its day
        ("2011-02-24", (1, 1)),  # 14 days before
        ("2011-02-23", (0, 1)),  # 15 days before
        ("2011-03-10T13:00", (0, 0)),  # bought before: an owner
        ("2011-03-18", (0, 0)),  # not followed for 14 days (and an owner)
        ("2010-12-31", (0, 0)),  # before the window
    ],
)
def test_a_purchase_answers_an_offer_up_to_the_offer_window(offered, expected):
    assert counts([("c1", "B", offered)]) == expected


def test_an_offer_must_be_followed_for_the_whole_window():
    assert counts([("c3", "B", "2011-03-17")]) == (0, 1)
    assert counts([("c3", "B", "2011-03-18")]) == (0, 0)
    assert counts([("c3", "B", "2011-03-18")], offer_window_days=13) == (0, 1)
    note = measure([("c3", "B", "2011-03-17"), ("c3", "B", "2011-03-20"), ("c1", "A", "2011-03-01")])[NAMES[0], None].note
    assert note == "offers followed for 14 days, 1 younger ones left out, 1 of products owned before left out"


def test_customers_are_distinct_and_offers_are_rows():
    rows = [("c1", "B", "2011-03-01", None, "x"), ("c1", "B", "2011-03-05", None, "y"), ("c3", "B", "2011-03-05", None, "y")]
    assert counts(rows) == (1, 2)
    assert counts(rows, "offer_event_conversion_rate") == (1, 3)  # the last offer before the purchase has the credit
    assert counts(rows, "campaign_conversion_rate", "x") == (0, 1)
    assert counts(rows, "campaign_conversion_rate", "y") == (1, 2)
    assert counts(rows, "campaign_conversion_rate") == (1, 3)


def test_an_offer_of_no_product_is_answered_by_any_purchase():
    assert counts([("c3", None, "2011-03-01"), ("c2", None, "2011-03-01"), ("c1", None, "2011-03-10T12:00")]) == (2, 3)


def test_recorded_acceptance_stands():
    assert counts([("c1", "B", "2011-03-01", 0), ("c3", "B", "2011-03-01", 1)]) == (1, 2)
    offers = make_offers([("c3", "B", "2011-03-01", 1)], LINES.customers, LINES.products)
    later = replace(offers, accepted_at=microseconds(["2011-04-01"]))
    assert counts(None, offers=later) == (0, 1)  # accepted after as_of: not known yet


def test_controls_and_the_unseen_were_offered_nothing():
    rows = [("c3", "B", "2011-03-01", 1, "x", False), ("c3", "B", "2011-03-01", 1, "x", True, False)]
    assert counts(rows) == (0, 0)
    assert math.isnan(measure(rows)["campaign_conversion_rate", None].value)


def test_customers_who_never_bought_were_offered_all_the_same():
    others = Vocabulary.of("customer", ["c1", "n1", "n2"])
    offers = make_offers([(c, "B", "2011-03-01") for c in ("c1", "n1", "n2")], others, Vocabulary.of("product", ["B", "Q"]))
    assert counts(None, offers=offers) == (1, 3)
    recoded = measure(None, offers=offers.recoded(LINES.customers, LINES.products))["offer_conversion_rate", None]
    assert (recoded.numerator, recoded.denominator) == (1, 1)  # who they were is lost, so it is said
    assert recoded.note.endswith("2 to people who are not among the customers left out")


def test_zero_offers_is_null_with_a_reason():
    row = measure([])["offer_conversion_rate", None]
    assert math.isnan(row.value)
    assert row.note.startswith("ZERO_DENOMINATOR")
    assert measure([])["campaign_conversion_rate", None].note.startswith("NO_CAMPAIGNS")
    without = compute_metrics(LINES, settings=MetricSettings(names=NAMES)).to_pandas()
    assert without["note"].str.startswith("NO_OFFERS").all()


def test_offers_without_dates():
    offers = make_offers(
        [("c1", "B", "2011-03-01", 1), ("c2", "B", "2011-03-01", 0)], LINES.customers, LINES.products, dated=False
    )
    assert counts(None, offers=offers) == (1, 2)
    silent = replace(offers, accepted=np.full(2, -1, dtype=np.int8))
    assert measure(None, offers=silent)["offer_conversion_rate", None].note.startswith("NO_DATES")


def test_offers_split_by_a_column_of_the_customers():
    lines = make_lines(
        [("o1", "c1", "A", "2011-01-01"), ("o2", "c1", "B", "2011-03-10"), ("o3", "c2", "A", "2011-01-01")],
        attributes={"country": ["UK", "UK", "FR"]},
        as_of="2011-04-01",
    )
    offers = make_offers([(c, "B", "2011-03-05") for c in ("c1", "c2")], lines.customers, lines.products)
    found = compute_metrics(lines, offers=offers, by="country", settings=MetricSettings(names=NAMES[:1])).to_pandas()
    rows = {row.segment: (row.numerator, row.denominator) for row in found.itertuples() if row.segment_by == "country"}
    assert rows == {"FR": (0, 1), "UK": (1, 1)}
