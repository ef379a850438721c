"""Plans: limits kept, audiences filtered, expectations calibrated, bad input said, files frozen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affinity.campaigns import read_plan, write_plan
from affinity.campaigns.expect import expect_power, expect_sum
from affinity.errors import InputError, MissingPart, OutputError, SettingsError, UnknownLabel
from affinity.tables import Calibration
from tests.campaigns.makers import make_prospects, plan_of


def test_a_plan_keeps_its_limits_and_says_what_it_is() -> None:
    plan = plan_of(make_prospects(), budget=60.0, cost=0.5, costs={"p1": 1.5}, capacity=40, capacities={"p2": 7}, name="May")
    assert len(np.unique(plan.customer)) == len(plan)
    assert plan.cost.sum() <= 60.0
    made = np.bincount(plan.product, minlength=5)
    assert (made <= 40).all()
    assert made[2] <= 7
    assert set(plan.cost[plan.product == 1].tolist()) <= {1.5}
    info = plan.info
    assert info["sizes"] == {"audience": len(plan), "treated": int(plan.treated.sum()), "control": int((~plan.treated).sum())}
    assert info["sizes"]["control"] == round(0.1 * len(plan))
    assert info["optimum"]["gap"] <= 0.001
    assert (info["salt"], info["starts_on"], info["objective"]) == ("May|2024-06-01", "2024-06-01", "fit: expected buyers")
    assert info["cost"] == pytest.approx(plan.cost[plan.treated].sum())
    assert [row["product_id"] for row in plan.expected][0] is None
    assert sum(row["offers"] for row in plan.expected[1:]) == plan.expected[0]["offers"] == info["sizes"]["treated"]
    assert list(plan.columns())[:4] == ["customer_id", "product_id", "arm", "fit"]


def test_size_counts_offers_and_with_one_cost_goes_with_a_budget() -> None:
    prospects = make_prospects()
    assert len(plan_of(prospects, size=50, cost=2.0)) == 50
    assert len(plan_of(prospects, size=50, cost=2.0, budget=61.0)) == 30
    more = plan_of(prospects, size=500)
    assert len(more) == 200
    assert any("200 offers instead of 500" in note for note in more.info["notes"])
    with pytest.raises(SettingsError, match="one cost for every offer"):
        plan_of(prospects, size=5, budget=5.0, cost=1.0, costs={"p1": 2.0})


def test_audiences_by_segment_tenure_product_and_fit() -> None:
    prospects = make_prospects()
    north = plan_of(prospects, where={"region": ("north",)})
    assert set(north.segments["region"].tolist()) == {"north"}
    tenure = np.arange(200, dtype=float)
    tenure[0] = np.nan
    old = plan_of(prospects, tenure=tenure, min_tenure_days=100, max_tenure_days=149)
    assert sorted(old.customer.tolist()) == list(range(100, 150))
    one = plan_of(prospects, offer_products=("p3",), min_fit=0.2)
    assert set(one.product.tolist()) == {3}
    assert one.fit.min() >= 0.2
    few = plan_of(prospects, n_products=2)
    assert len(set(few.product.tolist())) == 2 == len(few.info["picked"])


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"where": {"regoin": ("north",)}}, SettingsError, "Did you mean 'region'"),
        ({"where": {"region": ("nroth",)}}, UnknownLabel, "Did you mean 'north'"),
        ({"offer_products": ("p33",)}, UnknownLabel, "product 'p33'"),
        ({"costs": {"x": 1.0}}, UnknownLabel, "product 'x'"),
        ({"min_tenure_days": 5}, SettingsError, "tenure"),
        ({"cost": -1.0}, SettingsError, "cost"),
        ({"budget": -1.0}, SettingsError, "budget"),
        ({"costs": {"p1": -2.0}}, SettingsError, "costs"),
        ({"capacities": {"p1": -2}}, SettingsError, "capacities"),
        ({"holdout": 1.0}, SettingsError, "holdout"),
        ({"holdout": -0.1}, SettingsError, "holdout"),
        ({"strata": "regio"}, SettingsError, "Did you mean 'region'"),
        ({"maximise": "value"}, MissingPart, "values or prices"),
        ({"maximise": "margin"}, MissingPart, "margins"),
        ({"capasity": 5}, SettingsError, "Did you mean 'capacity'"),
    ],
)
def test_bad_wishes_are_explained(asked: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        plan_of(make_prospects(), **asked)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"budget": 0.0, "cost": 1.0}, "budget of 0 pays no offer"),
        ({"capacity": 0}, "no place"),
        ({"size": 0}, "no place"),
        ({"min_fit": 0.99}, "no customer of the audience is eligible"),
        ({"tenure": np.zeros(200), "min_tenure_days": 9}, "no customer is in the audience"),
    ],
)
def test_nobody_to_offer_is_an_empty_plan_that_says_why(asked: dict, why: str, tmp_path: Path) -> None:
    plan = plan_of(make_prospects(), **asked)
    assert len(plan) == 0
    assert any(why in note for note in plan.info["notes"])
    assert plan.expected[0]["conversions"] == {"value": 0.0, "lower": 0.0, "upper": 0.0}
    assert plan.info["power"]["smallest_detectable"] is None
    assert len(read_plan(write_plan(plan, tmp_path / "p.json"))) == 0


def test_no_holdout_no_measurement() -> None:
    plan = plan_of(make_prospects(), holdout=0.0)
    assert plan.treated.all()
    assert "cannot be measured" in " ".join(plan.info["notes"])
    assert "no effect can be measured" in plan.info["power"]["note"]


def test_value_is_named_and_its_price_is_told() -> None:
    prospects = make_prospects()
    value = np.random.default_rng(4).gamma(1, 20, len(prospects))
    plan = plan_of(replace(prospects, value=value), maximise="value", size=60)
    assert plan.info["objective"] == "fit × value of a sale"
    price = plan.info["price_of_value"]
    assert price["buyers"] == pytest.approx(plan.fit.sum())
    assert price["buyers"] < price["buyers_by_fit"]
    by_fit = plan_of(replace(prospects, value=value), size=60)
    assert by_fit.fit.sum() == pytest.approx(price["buyers_by_fit"], rel=1e-3)
    assert (plan.fit * plan.value).sum() > (by_fit.fit * by_fit.value).sum()
    assert by_fit.info["price_of_value"] is None


def test_fits_that_are_no_probabilities_are_refused() -> None:
    prospects = make_prospects()
    with pytest.raises(MissingPart, match="no probabilities"):
        plan_of(replace(prospects, fit=np.full(len(prospects), np.nan)))


def test_the_same_plan_twice_and_who_is_held_out_depends_on_the_salt() -> None:
    a, b, c = (plan_of(make_prospects(), size=100, salt=salt) for salt in ("x", "x", "y"))
    np.testing.assert_array_equal(a.treated, b.treated)
    assert (a.treated != c.treated).any()
    assert sorted(np.bincount(a.stratum)) == [10] * 10


@pytest.mark.parametrize("n", [30, 5000])
def test_buyers_fall_within_their_interval(n: int) -> None:
    rng = np.random.default_rng(5)
    fit = rng.beta(1, 9, n)
    found = expect_sum(fit, None, None)
    assert found.value == pytest.approx(fit.sum())
    seen = (rng.random((2000, n)) < fit).sum(axis=1)
    assert ((seen >= found.lower) & (seen <= found.upper)).mean() >= 0.94
    money = rng.gamma(2, 10, n)
    revenue = expect_sum(fit, money, None)
    seen = ((rng.random((2000, n)) < fit) * money).sum(axis=1)
    assert ((seen >= revenue.lower) & (seen <= revenue.upper)).mean() == pytest.approx(0.95, abs=0.025)


def test_a_fit_that_was_off_widens_the_interval() -> None:
    fit = np.full(3000, 0.1)
    bins = np.array([0.05, 0.1, 0.2])
    right = Calibration(bins, bins, np.full(3, 10**6), 1.0, 0.0, None)
    wrong = Calibration(bins, bins * 0.5, np.full(3, 10**6), 1.0, 0.1, None)
    small = Calibration(bins, bins, np.full(3, 50), 1.0, 0.0, None)
    width = {name: (e := expect_sum(fit, None, c)).upper - e.lower for name, c in
             {"none": None, "right": right, "wrong": wrong, "small": small}.items()}  # fmt: skip
    assert width["right"] == pytest.approx(width["none"], rel=0.05)
    assert width["small"] > 2 * width["right"]
    assert expect_sum(fit, None, wrong).lower <= 150  # half as many, as the landmark saw, is within the interval
    assert expect_sum(np.full(5, 0.9), None, wrong).upper <= 5


def test_power_before_launch() -> None:
    power = expect_power(0.02, 71320, 7925, alpha=0.05, power=0.8)
    assert power["smallest_detectable"] == pytest.approx(0.005, abs=1e-6)
    assert power["needed"]["+20%"] > power["needed"]["+50%"]
    assert expect_power(0.9, 3, 3, alpha=0.05, power=0.8)["note"].startswith("no rise")
    assert expect_power(0.9, 30, 30, alpha=0.05, power=0.8)["needed"].keys() == {"+10%"}


def test_a_plan_file_is_the_plan_and_frozen(tmp_path: Path) -> None:
    plan = plan_of(make_prospects(), size=80, strata="region")
    path = write_plan(plan, tmp_path / "plan.json")
    first = path.read_bytes()
    back = read_plan(path)
    for name in ("fit", "treated", "cost", "stratum"):
        np.testing.assert_array_equal(getattr(back, name), getattr(plan, name))
    for name in ("customer_id", "product_id", "arm", "region"):
        assert back.columns()[name].tolist() == plan.columns()[name].tolist()
    assert back.info == json.loads(json.dumps(plan.info))
    assert write_plan(plan, tmp_path / "again.json").read_bytes() == first
    content = json.loads(first)
    content["audience"]["treated"][0] = not content["audience"]["treated"][0]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="checksum"):
        read_plan(path)
    for text in ("{}", "not json", "[1]"):
        path.write_text(text)
        with pytest.raises(InputError, match="plan"):
            read_plan(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "nowhere.json")
    with pytest.raises(OutputError, match=r"\.json"):
        write_plan(plan, tmp_path / "plan.csv")
    with pytest.raises(OutputError, match="cannot be written"):
        write_plan(plan, tmp_path / "nowhere" / "plan.json")
