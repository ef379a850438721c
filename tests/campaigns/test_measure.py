"""Measurement: Hillstrom's mails, an A/A split, targeted campaigns, money, and what cannot be said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import affinity as af
from affinity.campaigns import Question, hold_out, measure_outcomes
from affinity.errors import HorizonUnobserved, InputError, MissingPart, SettingsError
from affinity.statistics.effects import difference_of_shares
from affinity.tables import CampaignOutcomes, CampaignResult
from tests.campaigns.makers import make_prospects, plan_of

GOLDEN = {row["name"]: row for row in json.loads((Path(__file__).parent / "goldens/newcombe.json").read_text())}


def outcomes_of(treated: list[float], control: list[float], **more: object) -> CampaignOutcomes:
    """Converted of treated and of control customers."""
    arm = np.array(["treated"] * len(treated) + ["control"] * len(control), dtype=object)
    return CampaignOutcomes(arm, np.array(treated + control, dtype=float), **more)  # type: ignore[arg-type]


def first(result: CampaignResult, method: str, outcome: str = "conversion") -> dict[str, float]:
    """The row of a method over all."""
    rows = [i for i in range(len(result)) if result.method[i].startswith(method) and result.outcome[i] == outcome]
    return {name: column[rows[0]] for name, column in result.columns().items()}  # type: ignore[index]


@pytest.mark.parametrize("arm", ["Mens E-Mail", "Womens E-Mail"])
@pytest.mark.parametrize("outcome", ["visit", "conversion"])
def test_hillstrom_equals_the_golden_file(shared_data: Path, arm: str, outcome: str) -> None:
    result = af.measure_campaign(
        outcomes=shared_data / "offers" / "hillstrom.parquet",
        columns={"arm": "segment", "converted": outcome, "revenue": "spend"},
        treated=arm, control="No E-Mail", randomised=True, by=("newbie",),
    )  # fmt: skip
    row, golden = first(result, "newcombe"), GOLDEN[f"{arm}: {outcome}"]
    assert row["lower"] == pytest.approx(golden["lower"], abs=1e-9)
    assert row["upper"] == pytest.approx(golden["upper"], abs=1e-9)
    assert row["effect"] == pytest.approx(golden["counts"][0] / golden["counts"][1] - golden["counts"][2] / golden["counts"][3])
    assert result.label == "randomised"
    assert result.verdict.startswith("The campaign brought more conversions")
    assert first(result, "welch", "revenue")["lower"] > 0
    assert (result.segment_by == "newbie").sum() == 4


@pytest.mark.slow
def test_hillstrom_split_in_itself_covers_zero(shared_data: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(shared_data / "offers" / "hillstrom.parquet", columns=["segment", "visit"])
    visit = table["visit"].to_numpy()[table["segment"].to_numpy(zero_copy_only=False) == "No E-Mail"]
    ids = [str(i) for i in range(len(visit))]
    strata = np.zeros(len(ids), dtype=np.int64)
    covered = 0
    for salt in range(1000):
        held = hold_out(ids, strata, 0.5, f"a/a {salt}")
        found = difference_of_shares(int(visit[held].sum()), int(held.sum()), int(visit[~held].sum()), int((~held).sum()))
        covered += found.lower <= 0 <= found.upper
    assert 0.935 <= covered / 1000 <= 0.965


def test_a_small_split_in_itself_covers_zero() -> None:
    rng = np.random.default_rng(0)
    ids, strata = [f"c{i}" for i in range(600)], np.zeros(600, dtype=np.int64)
    bought = rng.random(600) < 0.12
    covered = 0
    for salt in range(400):
        held = hold_out(ids, strata, 0.3, f"s{salt}")
        found = difference_of_shares(int(bought[held].sum()), int(held.sum()), int(bought[~held].sum()), int((~held).sum()))
        covered += found.lower <= 0 <= found.upper
    assert 0.92 <= covered / 400 <= 0.98


def test_targeted_complete_journey_claims_no_uplift(shared_data: Path) -> None:
    import pyarrow.parquet as pq

    sent = pq.read_table(shared_data / "offers" / "cj_campaigns.parquet").to_pandas()
    redeemed = pq.read_table(shared_data / "offers" / "cj_coupon_redemptions.parquet").to_pandas()
    sent = sent[sent.campaign_id == 18]
    sent["converted"] = sent.household_id.isin(redeemed[redeemed.campaign_id == 18].household_id).astype(int)
    result = af.measure_campaign(outcomes=sent, columns={"customer_id": "household_id"}, cost=500.0, value=2.0)
    assert result.label == "before_after_unverified"
    assert "targeted, not randomised" in result.verdict
    assert "no uplift is claimed" in result.verdict
    assert np.isnan(result.effect).all()
    assert result.info["incremental_conversions"]["value"] is None
    roi = result.info["return_on_cost"]
    assert (roi["incremental_gross"], roi["incremental_net"]) == (None, None)
    assert roi["attributed_gross"] == pytest.approx(sent.converted.sum() * 2.0 / 500)
    assert "no effect is claimed" in roi["reason"]


def test_arms_that_were_not_drawn_by_chance() -> None:
    rng = np.random.default_rng(1)
    before = np.concatenate([rng.normal(20, 3, 300), rng.normal(10, 3, 300)])
    after = before + 2 + np.repeat([1.0, 0.0], 300) + rng.normal(0, 1, 600)
    bought = list((rng.random(600) < 0.5).astype(float))
    given = outcomes_of(bought[:300], bought[300:], revenue=after, revenue_before=before)
    result = measure_outcomes(given, Question())
    assert result.label == "difference_in_differences"
    row = first(result, "difference", "revenue")
    assert row["lower"] < 1.0 < row["upper"]
    assert row["effect"] == pytest.approx(1.0, abs=0.3)
    assert "Not randomised" in result.verdict
    assert "only if both would have changed alike" in result.verdict
    both = replace(given, converted_before=np.zeros(600))
    assert first(measure_outcomes(both, Question()), "difference")["outcome"] == "conversion"
    unknown = measure_outcomes(replace(given, revenue_before=None), Question())
    assert unknown.label == "before_after_unverified"
    assert np.isnan(unknown.effect).all()


def test_the_seed_case_of_return_on_cost() -> None:
    """$680K on $47K, 94 of 520: gross 14.47, net 13.47, $500 an adopter."""
    result = measure_outcomes(
        outcomes_of([1.0] * 94 + [0.0] * 426, [], revenue=np.array([680_000 / 94] * 94 + [0.0] * 426)), Question(cost=47_000.0)
    )
    roi = result.info["return_on_cost"]
    assert (round(roi["attributed_gross"], 2), round(roi["attributed_net"], 2)) == (14.47, 13.47)
    assert result.info["cost_per_conversion"]["attributed"] == pytest.approx(500)
    assert "18.08%" in result.verdict


def test_money_of_a_randomised_campaign() -> None:
    given = outcomes_of([1.0] * 300 + [0.0] * 700, [1.0] * 100 + [0.0] * 900)
    result = measure_outcomes(given, Question(randomised=True, cost=400.0, value=10.0))
    row, roi = first(result, "newcombe"), result.info["return_on_cost"]
    assert result.info["incremental_conversions"]["value"] == pytest.approx(200)
    assert roi["incremental_gross"]["value"] == pytest.approx(5.0)
    assert roi["incremental_net"] == pytest.approx(
        {"value": 4.0, "lower": row["lower"] * 1000 * 10 / 400 - 1, "upper": row["upper"] * 1000 * 10 / 400 - 1}
    )
    each = result.info["cost_per_conversion"]
    assert each["incremental"] == pytest.approx(2.0)
    assert each["lower"] < 2.0 < each["upper"]
    assert "it paid for itself" in result.verdict
    dear = measure_outcomes(given, Question(randomised=True, cost=1e6, value=10.0))
    assert "it did not pay for itself" in dear.verdict
    worse = measure_outcomes(outcomes_of([0.0] * 200, [1.0] * 50 + [0.0] * 150), Question(randomised=True, cost=1.0))
    assert "fewer conversions" in worse.verdict
    assert worse.info["cost_per_conversion"]["reason"] == "no incremental conversions were found"


@pytest.mark.parametrize(("cost", "reason"), [(0.0, "cost is zero"), (None, "cost is not known")])
def test_no_cost_no_return(cost: float | None, reason: str) -> None:
    result = measure_outcomes(outcomes_of([1.0, 0.0], [0.0, 0.0]), Question(randomised=True, cost=cost, value=1.0))
    assert result.info["return_on_cost"] == {
        "incremental_gross": None, "incremental_net": None, "attributed_gross": None, "attributed_net": None, "reason": reason,
    }  # fmt: skip
    assert result.info["cost_per_conversion"]["reason"] == reason
    assert result.verdict.startswith("No effect on conversion can be told from chance")


def test_exposure_strata_and_segments_have_rows_of_their_own() -> None:
    rng = np.random.default_rng(6)
    n = 2000
    treated = list((rng.random(n) < 0.3).astype(float))
    control = list((rng.random(n) < 0.2).astype(float))
    exposed = np.concatenate([rng.random(n) < 0.5, np.zeros(n, dtype=bool)])
    more = {
        "exposed": exposed, "fit": rng.random(2 * n), "stratum": np.tile([0, 1], n).astype(np.int32),
        "segments": {"s": np.array(["a", None] * n, dtype=object)},
    }  # fmt: skip
    result = measure_outcomes(outcomes_of(treated, control, **more), Question(randomised=True, by=("s",)))
    itt = first(result, "newcombe")
    cace = first(result, "cace")
    assert cace["effect"] == pytest.approx(itt["effect"] / exposed[:n].mean())
    assert cace["incremental"] == pytest.approx(itt["incremental"])
    assert first(result, "stratified")["effect"] == pytest.approx(itt["effect"], abs=0.01)
    assert first(result, "cuped")["effect"] == pytest.approx(itt["effect"], abs=0.01)
    mine = result.segment_by == "s"
    assert set(result.segment[mine].tolist()) == {"a", "(unknown)"}
    assert (result.adjusted_lower[mine] < result.lower[mine]).all()
    assert any("of twenty segments" in note for note in result.info["notes"])
    with pytest.raises(SettingsError, match="segment column"):
        measure_outcomes(outcomes_of(treated, control, **more), Question(randomised=True, by=("t",)))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (Question(), "arms are: A, B, none"),
        (Question(treated="A", control="C"), "No customer is in the arm 'C'"),
        (Question(treated="D"), "No customer is in the arm 'D'"),
    ],
)
def test_arms_must_be_clear(question: Question, words: str) -> None:
    given = CampaignOutcomes(np.array(["A", "B", "none"], dtype=object), np.zeros(3))
    with pytest.raises(InputError, match=words):
        measure_outcomes(given, question)


def test_outcomes_are_joined_to_the_frozen_plan(tmp_path: Path) -> None:
    import pandas as pd

    plan = plan_of(make_prospects(), size=100, cost=0.5)
    path = af.write_plan(plan, tmp_path / "plan.json")
    ids = plan.customers.decode(plan.customer).tolist()
    frame = pd.DataFrame({"customer_id": [*ids[:90], "stranger", ids[0]], "converted": [1] * 5 + [0] * 86 + [1], "spend": 2.0})
    result = af.measure_campaign(outcomes=frame, plan=path)  # ids[0] twice, alike
    assert result.info["ignored_customers"] == 1
    assert result.info["cost"] == pytest.approx(plan.cost[plan.treated].sum())
    assert (result.info["treated"], result.info["control"]) == (90, 10)
    notes = " ".join(result.info["notes"])
    assert "1 customers who are not in the plan" in notes
    assert "10 customers of the plan have no outcome" in notes
    frame.loc[91, "converted"] = 0
    with pytest.raises(InputError, match="rows that differ"):
        af.measure_campaign(outcomes=frame, plan=plan)
    foreign = pd.DataFrame({"customer_id": ["x", "y"], "converted": [1, 0]})
    with pytest.raises(InputError, match="another shop"):
        af.measure_campaign(outcomes=foreign, plan=plan)
    with pytest.raises(MissingPart, match="customer_id"):
        af.measure_campaign(outcomes=pd.DataFrame({"converted": [1, 0]}), plan=plan)


def orders_of(plan, *, extra: int = 0):
    """Orders of the plan's customers: a first one in May; every second buys what he was assigned on 2024-06-11."""
    import pandas as pd

    ids, goods = plan.customers.decode(plan.customer), plan.products.decode(plan.product)
    rows = [(f"a{i}", c, "p0", "2024-05-01", 3.0) for i, c in enumerate(ids)]
    rows += [(f"b{i}", c, p, "2024-06-11", 4.0) for i, (c, p) in enumerate(zip(ids, goods)) if i % 2]
    rows += [(f"c{i}", c, "other", "2024-06-30", 5.0) for i, c in enumerate(ids)]
    rows += [(f"d{i}", c, p, "2024-07-01", 9.0) for i, (c, p) in enumerate(zip(ids, goods)) if not i % 2]  # too late
    rows += [(f"e{i}", f"new{i}", "p1", "2024-06-05", 4.0) for i in range(extra)]
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "ordered_at", "unit_price"])
    return frame.assign(quantity=1)


def test_orders_within_the_horizon_count_and_others_do_not() -> None:
    plan = plan_of(make_prospects(), size=100)
    orders = orders_of(plan, extra=3)
    result = af.measure_campaign(orders, plan=plan, as_of="2024-07-10", cost=10.0)
    row = first(result, "newcombe")
    assert row["treated_mean"] * row["treated"] + row["control_mean"] * row["control"] == pytest.approx(50)
    assert first(result, "welch", "revenue")["treated_mean"] == pytest.approx(4 * row["treated_mean"])
    assert result.info["ignored_customers"] == 3
    every = af.measure_campaign(orders, plan=plan, as_of="2024-07-10", revenue_of="all")
    assert first(every, "welch", "revenue")["treated_mean"] == pytest.approx(5 + 4 * row["treated_mean"])
    ids = plan.customers.decode(plan.customer[plan.treated])[:40].tolist()
    reached = af.measure_campaign(orders, plan=plan, as_of="2024-07-10", exposed=ids)
    assert first(reached, "cace")["effect"] == pytest.approx(row["effect"] * 90 / 40)


def test_too_early_or_too_foreign() -> None:
    plan = plan_of(make_prospects(), size=100)
    orders = orders_of(plan)
    with pytest.raises(HorizonUnobserved, match="until 2024-07-01"):
        af.measure_campaign(orders, plan=plan, as_of="2024-06-30")
    assert len(af.measure_campaign(orders, plan=plan, as_of="2024-07-01"))
    foreign = orders.assign(customer_id="x" + orders.customer_id)
    with pytest.raises(InputError, match="another shop"):
        af.measure_campaign(foreign, plan=plan, as_of="2024-07-10")
    few = orders.assign(customer_id=[c if c < "c0020" else f"x{c}" for c in orders.customer_id])
    with pytest.raises(InputError, match="another shop"):
        af.measure_campaign(few, plan=plan, as_of="2024-07-10")
    undated = replace(plan, info={**plan.info, "starts_on": None})
    with pytest.raises(MissingPart, match="dates"):
        af.measure_campaign(orders, plan=undated, as_of="2024-07-10")


def test_what_is_missing_is_asked_for() -> None:
    with pytest.raises(InputError, match="orders or by outcomes"):
        af.measure_campaign()
    with pytest.raises(MissingPart, match="who was offered what"):
        af.measure_campaign([("a", "b")])
    with pytest.raises(InputError, match="no campaign plan"):
        af.measure_campaign(outcomes="x.csv", plan=3)
    with pytest.raises(InputError, match="cost=-1"):
        af.measure_campaign(outcomes="x.csv", cost=-1.0)
    with pytest.raises(InputError, match="holds nobody"):
        af.measure_campaign(outcomes="x.csv", plan=plan_of(make_prospects(), size=0))
