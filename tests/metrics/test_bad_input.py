"""Bad or odd input of metrics: every case is a figure with its reason, or an error that says what to do."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.errors import AffinityError, InputError, UnknownColumns
from affinity.metrics import find_metric
from affinity.periods import Window, describe_mismatch, read_period, read_times

DAYS = pd.date_range("2024-01-01", periods=180)


def orders(**columns):
    """Twelve customers who buy A, then B or C now and then, for half a year."""
    rng = np.random.default_rng(1)
    rows = [
        (f"o{n}", f"c{n % 12:02}", product, DAYS[int(rng.integers(180))], 1, 5.0)
        for n in range(90)
        for product in rng.choice(list("ABC"), 1 + n % 2, replace=False)
    ]
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price"])
    return frame.assign(**columns)


def blends(shop=None, **known):
    found = af.compute_metrics(orders() if shop is None else shop, **known).to_pandas()
    return found[found["segment"].isna()].set_index("metric")


def spells(**columns):
    frame = pd.DataFrame(
        {
            "customer_id": ["c01", "c02", "c03"],
            "product_id": ["A", "B", "C"],
            "started_at": pd.to_datetime(["2024-01-10"] * 3),
            "ended_at": pd.to_datetime(["2024-05-20", None, None]),
            "recurring": [10.0, 20.0, 30.0],
        }
    )
    return frame.assign(**columns)


@pytest.mark.parametrize(
    ("columns", "opening", "note"),
    [
        ({}, 60, None),
        ({"product_id": ["A", "B", "never sold"]}, 30, "1 spells of products that are in no order left out"),
        ({"customer_id": ["c01", "c02", "stranger"]}, 30, "1 spells of customers without orders left out"),
        ({"ended_at": pd.to_datetime(["2023-05-20", None, None])}, 50, "1 rows of subscriptions set aside when read"),
        ({"recurring": [10.0, np.nan, 30.0]}, 40, "1 spells of unknown revenue left out"),
        ({"recurring": [-10.0, 20.0, 30.0]}, 50, "1 rows of subscriptions set aside when read"),
        (
            {"customer_id": ["c01", "c02", "c02"], "product_id": ["A", "B", "B"]},
            40,
            "1 spells begin on the day of another of their customer and product: one of these counts",
        ),
    ],
)
def test_subscriptions_that_do_not_count_are_counted(columns, opening, note):
    row = blends(subscriptions=spells(**columns)).loc["net_revenue_retention"]
    assert row["denominator"] == opening
    assert row["note"] == note if note else pd.isna(row["note"])


def offers(day, **columns):
    frame = pd.DataFrame(
        {"customer_id": ["c01", "c02"], "product_id": ["never sold", "B"], "offered_at": pd.to_datetime([day] * 2)}
    )
    return frame.assign(cost=1.0, campaign_id="k", **columns)


def test_offers_from_before_the_orders_begin_are_no_failures():
    found = blends(offers=offers("2020-01-01"))
    for metric in ("campaign_conversion_rate", "campaign_roi_gross", "offer_conversion_rate"):
        assert np.isnan(found.loc[metric, "value"]), metric
    assert "2 made before the orders begin left out" in found.loc["offer_conversion_rate", "note"]


def test_an_offer_accepted_before_it_was_made_is_counted_as_set_aside():
    log = offers("2024-05-01", accepted_at=pd.to_datetime(["2024-04-01", None]))
    assert "1 rows of offers set aside when read" in blends(offers=log).loc["offer_conversion_rate", "note"]


@pytest.mark.parametrize(("price", "what"), [(1e200, "net amounts"), (1e300, "net amounts")])
def test_amounts_beyond_reckoning_are_an_error(price, what):
    with pytest.raises(InputError, match=f"The {what} of the order lines go up to"):
        af.compute_metrics(orders(unit_price=price))
    with pytest.raises(InputError, match=what):
        af.build_metric_tree(orders(unit_price=price))


@pytest.mark.parametrize(
    ("column", "reason"),
    [(range(1_000_000), "numbers or dates"), (itertools.repeat(" "), "no values")],
)
def test_a_column_that_was_not_kept_says_why(column, reason):
    shop = orders()
    shop["age"] = list(itertools.islice(column, len(shop)))
    with pytest.raises(UnknownColumns, match=f"'age' is not kept as a segment: {reason}"):
        af.compute_metrics(shop, by="age")


@pytest.mark.parametrize("label", ["(unknown)", "(other)", "a|b", "x · y", "$x$_{", "\u200b", "null"])
def test_odd_labels_make_one_row_each_and_add_up(label):
    shop = orders(country=np.where(np.arange(len(orders())) % 3 == 0, label, None))
    for small_cells in ("pool", "null"):
        found = af.compute_metrics(shop, by="country", metrics={"small_cells": small_cells}).to_pandas()
        assert not found[["metric", "segment_by", "segment"]].duplicated().any()
        parts = found[(found["metric"] == "average_order_value") & (found["segment_by"] == "country")]
        whole = found[(found["metric"] == "average_order_value") & found["segment"].isna()]
        assert parts["numerator"].sum() == pytest.approx(whole["numerator"].item())


def test_many_crossed_columns_make_a_tree():
    names = ("tenure", "cohort", "combination", "purchase_path", "first_product", "revenue_tier", "status", "plan")
    tree = af.build_metric_tree(orders(), by=names)
    assert tree.value[0, 1:].sum() == pytest.approx(tree.value[0, 0])
    assert len(set(tree.segments)) == len(tree.segments)


@pytest.mark.parametrize("days", [0, 30, 4000])
def test_an_intervention_of_the_future_is_not_yet_observed(days):
    day = str((DAYS[-1] + pd.Timedelta(days=1 + days)).date())
    shop = orders()
    last = str((shop["ordered_at"].max() + pd.Timedelta(days=1)).date())
    done = [
        {"date": max(day, last), "node": "conversion", "what": "page"},
        {"date": "2024-04-20", "node": "conversion", "what": "x"},
    ]
    found = af.check_interventions(shop, done, metrics={"window_days": 60}).to_pandas()
    assert found["label"].tolist() == ["not_yet_observed", "before_after_unverified"]


@pytest.mark.parametrize(
    "given", [None, 3, {"date": "2024-05-01"}, ["x"], [{"date": "today", "node": "conversion", "what": "w"}]]
)
def test_interventions_that_are_none(given):
    with pytest.raises(InputError, match="mapping|list of mappings|2025-03-01"):
        af.check_interventions(orders(), given)


def test_periods_that_hide_a_change_are_named():
    times = read_times(orders(), settings=None)
    for text in ("today", "now", "2024", "NaT", "", "/", "2024-03-01/2024-02-01", "2024-13-01"):
        with pytest.raises(AffinityError):
            read_period(text, times)
    assert "10 days in common" in describe_mismatch(Window(0, 100), Window(90, 190))
    assert "30 and 90 days" in describe_mismatch(Window(0, 30), Window(90, 180))
    assert describe_mismatch(Window(0, 90), Window(90, 180)) is None


def test_trees_without_offers_in_common_say_what_they_left_out():
    shop = orders()
    log = pd.DataFrame(
        {"customer_id": [f"c{n:02}" for n in range(12)], "product_id": "C", "offered_at": pd.Timestamp("2024-05-25")}
    )
    times = read_times(shop, offers=log, settings=af.Settings().changed(metrics={"window_days": 60}))
    before, after = times.trees((read_period("previous", times), times.last))
    assert "reach left out" in af.compare_metric_trees(before, after).to_text()


def test_an_offer_of_a_product_that_nobody_bought_is_not_answered_by_another():
    log = pd.DataFrame(
        {"customer_id": [f"c{n:02}" for n in range(12)], "product_id": "never sold", "offered_at": DAYS[150], "cost": 1.0}
    )
    known = {"metrics": {"offer_window_days": 20}}
    found = blends(offers=log, **known)
    assert (found.loc["offer_conversion_rate", "numerator"], found.loc["offer_conversion_rate", "denominator"]) == (0, 12)
    assert found.loc["campaign_roi_gross", "value"] == 0
    assert blends(offers=log.assign(accepted=1), **known).loc["campaign_roi_gross", "value"] == 0
    anything = blends(offers=log.assign(product_id=None), **known)
    assert anything.loc["offer_conversion_rate", "numerator"] > 0
    assert anything.loc["campaign_roi_gross", "value"] > 0


def test_a_lifetime_value_over_a_horizon_is_that_of_its_formula():
    known = pd.DataFrame({"customer_id": ["c01", "c02", "c03"], "ended_at": pd.Timestamp("2024-06-01")})
    row = blends(customers=known, metrics={"ltv_horizon_days": 180}).loc["simple_ltv"]
    assert 0 < row["denominator"] < 1
    assert row["value"] == pytest.approx(find_metric("simple_ltv")(row["numerator"], row["denominator"], horizon=2).value)
