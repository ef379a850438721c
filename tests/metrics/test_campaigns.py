"""What campaigns returned, which trials were paid for, and the conversion of named pairs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import affinity as af
from affinity.metrics import compute_metrics
from affinity.settings import MetricSettings
from tests.makers import make_lines, make_offers

LINES = make_lines(
    [
        ("o1", "c1", "A", "2011-01-01", 1, 5.0),
        ("o2", "c1", "B", "2011-03-10", 1, 40.0),
        ("o3", "c1", "B", "2011-03-15", 1, 10.0),  # within the window of the offer: counts too
        ("o4", "c1", "B", "2011-03-29", 1, 99.0),  # after it
        ("o5", "c2", "A", "2011-01-01", 1, 5.0),
        ("o6", "c2", "A", "2011-03-12", 1, 7.0),
    ],
    as_of="2011-04-15",
)
ROI = ("campaign_roi_gross", "campaign_roi_net")


def measure(rows, costs, names=ROI, **given):
    offers = replace(make_offers(rows, LINES.customers, LINES.products), cost=np.array(costs, dtype=np.float64))
    frame = compute_metrics(LINES, offers=offers, settings=MetricSettings(names=names, min_cell=1, **given)).to_pandas()
    return {(r.metric, r.segment if isinstance(r.segment, str) else None): r for r in frame.itertuples()}


def test_revenue_is_credited_to_the_last_offer_before_it():
    rows = [("c1", "B", "2011-03-01", None, "x"), ("c1", "B", "2011-03-08", None, "y"), ("c2", "B", "2011-03-08", None, "y")]
    found = measure(rows, [2.0, 2.0, 1.0])
    assert (found[ROI[0], None].numerator, found[ROI[0], None].denominator) == (50, 5)
    assert (found[ROI[0], None].value, found[ROI[1], None].value) == (10, 9)
    assert (found[ROI[0], "x"].value, found[ROI[0], "y"].value) == (0, pytest.approx(50 / 3))


def test_an_offer_of_no_product_is_credited_with_anything():
    found = measure([("c2", None, "2011-03-10", None, "x")], [2.0])
    assert found[ROI[0], None].numerator == 7


def test_costs_that_are_zero_or_unknown():
    rows = [("c1", "B", "2011-03-01", None, "x"), ("c2", "B", "2011-03-01", None, "x")]
    zero = measure(rows, [0.0, 0.0])[ROI[0], None]
    assert math.isnan(zero.value)
    assert zero.note.startswith("ZERO_DENOMINATOR")
    assert measure(rows, [math.nan] * 2)[ROI[1], None].note.startswith("NO_COSTS")
    assert "1 of unknown cost left out" in measure(rows, [3.0, math.nan])[ROI[0], None].note
    undated = make_offers([(*row[:3], 1, "x") for row in rows], LINES.customers, LINES.products, dated=False)
    chosen = MetricSettings(names=ROI)
    assert compute_metrics(LINES, offers=replace(undated, cost=np.ones(2)), settings=chosen).note[0].startswith("NO_DATES")


def test_without_trials_or_offers_the_reason_is_said():
    rows = [("c1", "B", "2011-03-01", None, "x")]
    assert measure(rows, [1.0], ("net_trial_conversion_rate",))["net_trial_conversion_rate", None].note.startswith("NO_TRIALS")
    none = compute_metrics(LINES, settings=MetricSettings(names=("net_trial_conversion_rate", *ROI)))
    assert all(note.startswith("NO_OFFERS") for note in none.note)


def test_a_named_pair_agrees_with_the_conversion_of_all_pairs():
    rng = np.random.default_rng(5)
    day = np.datetime64("2020-01-01")
    rows = []
    for i in range(300):
        for product, chance in (("A", 0.9), ("B", 0.5), ("C", 0.5)):
            if rng.random() < chance:
                rows.append((f"o{i}{product}", f"c{i:03}", product, str(day + int(rng.integers(0, 500)))))
    orders = make_lines(rows).to_pandas()
    pairs = [("A", "B"), ("B", "C"), ("C", "A")]
    found = af.compute_metrics(
        orders, metrics={"attach_pairs": pairs, "names": ("pair_conversion_rate",)}, by="tenure"
    ).to_pandas()
    whole = af.estimate_conversion(orders, horizon_days=90, conversion={"min_converted": 1}).to_pandas()
    whole = whole.set_index(["antecedent", "consequent"])
    for a, b in pairs:
        row = found[found["metric"] == f"pair_conversion_rate({a}, {b}, 90 days)"].iloc[0]
        other = whole.loc[(a, b)]
        assert (row["numerator"], row["value"]) == (other["converted"], pytest.approx(other["rate"])), (a, b)
        assert 0 < row["lower"] < row["value"] < row["upper"] < 1


def test_pairs_that_cannot_be_followed():
    chosen = MetricSettings(names=("pair_conversion_rate",), attach_pairs=(("A", "B"),))
    undated = make_lines([("o", "c", "A"), ("p", "c", "B")], clock=None)
    assert compute_metrics(undated, settings=chosen).note[0].startswith("NO_DATES")
    guests = make_lines([("o", None, "A", "2011-01-01"), ("p", None, "B", "2011-01-02")])
    assert compute_metrics(guests, settings=chosen).note[0].startswith("NO_CUSTOMERS")
    unpaired = compute_metrics(LINES, settings=MetricSettings(names=("attach_rate",)))
    assert unpaired.note[0].startswith("NO_PAIRS")
