"""Campaigns from the sample shop, from its release, from fits and from Complete Journey: plan, then measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.errors import InputError, MissingPart, SettingsError, UnknownLabel
from affinity.fit import NamedScorer, explain_offers, score_candidates
from affinity.ingest import read_fits
from affinity.release_shop import open_shop
from affinity.sample_shop import make_shop, write_shop
from affinity.tables import CampaignPlan

AS_OF = "2024-06-01"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_shop(make_shop(seed=3, customers=600), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def planned(shop: dict[str, Path]) -> CampaignPlan:
    return af.plan_campaign(
        shop["orders"], products=shop["products"], customers=shop["customers"], offers=shop["offers"], as_of=AS_OF,
        horizon_days=60, name="June", budget=60.0, cost=0.5, capacity=40, strata="region",
    )  # fmt: skip


def test_the_sample_shop_from_plan_to_verdict(shop: dict[str, Path], planned: CampaignPlan, tmp_path: Path) -> None:
    path = af.write_plan(planned, tmp_path / "june.json")
    assert len(planned) == 120
    assert (np.bincount(planned.product) <= 40).all()
    assert all(isinstance(reason, str) and reason for reason in planned.reason)
    assert any(str(reason).startswith("Owns ") for reason in planned.reason)
    assert planned.info["not_eligible"]["owned"] > 0
    result = af.measure_campaign(shop["orders"], plan=path, as_of="2024-08-01", by="region")
    assert result.label == "randomised"
    assert (result.info["treated"], result.info["control"]) == (108, 12)
    assert result.verdict.startswith("No effect on conversion can be told from chance")  # nobody was really offered anything


def test_nobody_is_offered_what_he_owns(shop: dict[str, Path], planned: CampaignPlan) -> None:
    lines = af.read_orders(shop["orders"])
    before = lines.take(lines.ordered_at < np.datetime64(AS_OF, "us").astype(np.int64)).to_pandas()
    net = before[before.customer_id.notna()].groupby(["customer_id", "product_id"]).quantity.sum()
    owned = set(net[net > 0].index)
    offered = set(zip(planned.customers.decode(planned.customer), planned.products.decode(planned.product)))
    assert not offered & owned


def test_planned_twice_is_the_same_and_the_playbook_suppresses(shop: dict[str, Path], planned: CampaignPlan) -> None:
    known = {"products": shop["products"], "customers": shop["customers"], "offers": shop["offers"]}
    asked = {"as_of": AS_OF, "horizon_days": 60, "name": "June", "budget": 60.0, "cost": 0.5, "capacity": 40}
    again = af.plan_campaign(shop["orders"], **known, **asked, strata="region")
    assert again.to_pandas().equals(planned.to_pandas())
    some = planned.customers.decode(planned.customer)[:5].tolist()
    fewer = af.plan_campaign(
        shop["orders"], **known, **asked, exclude_customers=some, eligibility={"min_tenure_days": 200},
        min_tenure_days=300, where={"region": "north"}, offer_products=("dish soap", "bin liners"),
    )  # fmt: skip
    assert not set(some) & set(fewer.customers.decode(fewer.customer).tolist())
    assert set(fewer.products.decode(fewer.product).tolist()) <= {"dish soap", "bin liners"}
    assert set(fewer.segments["region"].tolist()) == {"north"}
    assert fewer.info["not_eligible"]["tenure_too_short"] > 0


def test_margins_are_an_objective(shop: dict[str, Path]) -> None:
    plan = af.plan_campaign(shop["orders"], products=shop["products"], as_of=AS_OF, size=50, maximise="margin")
    assert plan.info["objective"] == "fit × margin of the product"
    assert plan.info["price_of_value"]["buyers"] <= plan.info["price_of_value"]["buyers_by_fit"] + 1e-9


def test_a_release_is_planned_from_like_orders(shop: dict[str, Path], tmp_path: Path) -> None:
    result = af.run(shop["orders"], products=shop["products"], as_of=AS_OF)
    result.publish(tmp_path / "shop")
    plan = af.plan_campaign(tmp_path / "shop", size=80, customers=shop["customers"], strata="region")
    assert len(plan) == 80
    assert (plan.info["as_of"], plan.info["horizon_days"]) == (AS_OF, 90)
    assert plan.info["source"].startswith("release ")
    assert plan.expected[0]["revenue"]["value"] > 0
    direct = af.plan_campaign(af.open_release(tmp_path / "shop"), size=80)
    assert set(direct.customers.decode(direct.customer)) == set(plan.customers.decode(plan.customer))
    recs = {(c, p): (f, r) for c, p, f, r in zip(*(result.recommendations.columns()[name] for name in
            ("customer_id", "product_id", "fit", "reason")))}  # fmt: skip
    columns = plan.columns()
    for c, p, f, r in zip(*(columns[name] for name in ("customer_id", "product_id", "fit", "reason"))):
        assert recs[c, p] == (f, r)
    measured = af.measure_campaign(shop["orders"], plan=plan, as_of="2024-09-01")
    assert measured.label == "randomised"


@pytest.fixture(scope="module")
def published(shop: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the shop, made with everything that is known of it."""
    known = {name: shop[name] for name in ("products", "customers", "offers")}
    folder = tmp_path_factory.mktemp("published") / "shop"
    af.run(shop["orders"], **known, as_of=AS_OF, horizon_days=60, eligibility={"preset": "b2b_saas"}).publish(folder)
    return folder


@pytest.mark.parametrize(
    "asked",
    [
        {"budget": 60.0, "cost": 0.5, "capacity": 40, "strata": "region"},
        {"n_products": 4, "maximise": "value", "size": 90, "where": {"region": ["north", "south"]}},
        {"offer_products": ("dish soap", "bin liners"), "min_fit": 0.02, "min_tenure_days": 30},
    ],
    ids=["all products", "picked products", "named products"],
)
def test_planning_from_a_release_equals_planning_from_the_orders(shop: dict[str, Path], published: Path, asked: dict) -> None:
    known = {name: shop[name] for name in ("products", "customers", "offers")}
    same = {"as_of": AS_OF, "horizon_days": 60, "eligibility": {"preset": "b2b_saas"}, "name": "June"}
    direct, packed = af.plan_campaign(shop["orders"], **known, **same, **asked), af.plan_campaign(published, **same, **asked)
    assert packed.to_pandas().equals(direct.to_pandas())
    assert packed.info["source"].startswith("release ")
    assert {**packed.info, "source": None} == {**direct.info, "source": None}
    assert len(packed) > 0
    assert len(packed) + sum(packed.info["left_out"].values()) == len(packed.customers)


def test_opt_outs_of_a_release_are_left_out_and_other_settings_refused(published: Path) -> None:
    before = af.plan_campaign(published, size=30)
    some = before.columns()["customer_id"][:4].tolist()
    after = af.plan_campaign(published, size=30, exclude_customers=some)
    assert not set(some) & set(after.columns()["customer_id"])
    assert after.info["left_out"]["opted out"] == 4
    with pytest.raises(SettingsError, match="horizon_days=30 differs from 60"):
        af.plan_campaign(published, size=30, horizon_days=30)
    with pytest.raises(SettingsError, match=r"eligibility\.preset='retail' differs"):
        af.plan_campaign(published, size=30, eligibility={"preset": "retail"})


def test_fits_of_somebody_else(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"customer_id": ["a", "a", "b", "b", "a"], "product_id": ["x", "y", "x", "y", "x"],
         "fit": [0.5, 0.4, 0.5, 0.1, 0.5], "value": [1.0, 9.0, 1.0, 9.0, 1.0]}
    )  # fmt: skip
    plan = af.plan_campaign(fits=frame, holdout=0.0, capacity=1)
    assert dict(zip(plan.columns()["customer_id"], plan.columns()["product_id"])) == {"a": "y", "b": "x"}
    assert "1 rows repeated" in " ".join(plan.info["notes"])
    frame.to_csv(tmp_path / "fits.csv", index=False)
    rich = af.plan_campaign(fits=tmp_path / "fits.csv", holdout=0.0, maximise="value", exclude_customers=["b"])
    assert rich.columns()["product_id"].tolist() == ["y"]
    assert rich.expected[0]["revenue"]["value"] == pytest.approx(3.6)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("fit", [0.5, 1.5, 0.2], "not a probability"),
        ("fit", [0.5, -0.1, 0.2], "not a probability"),
        ("value", [1.0, -2.0, 1.0], "not money of a sale"),
        ("product_id", ["x", "x", "y"], "listed twice with different numbers"),
    ],
)
def test_bad_fits_are_refused(column: str, values: list, words: str) -> None:
    frame = pd.DataFrame(
        {"customer_id": "a", "product_id": ["x", "y", "z"], "fit": [0.1, 0.2, 0.3], "value": [1.0, 2.0, 3.0]}
    ).assign(**{column: values})
    with pytest.raises(InputError, match=words):
        read_fits(frame)


@pytest.mark.slow
def test_complete_journey_is_planned_from_its_transactions(shared_data: Path) -> None:
    plan = af.plan_campaign(
        shared_data / "offers" / "cj_transactions_sample.parquet", size=200, cost=0.1, candidates=20, as_of="2017-10-01"
    )
    assert len(plan) == 200
    assert plan.info["optimum"]["gap"] <= 0.001
    with pytest.raises(UnknownLabel, match="product 'nothing'"):
        af.plan_campaign(shared_data / "offers" / "cj_transactions_sample.parquet", offer_products=("nothing",))


def test_rows_without_a_fit_are_set_aside_and_counted() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "x", "fit": [0.5, None]})
    plan = af.plan_campaign(fits=frame)
    assert len(plan) == 1
    assert "1 rows could not be read as offers and were set aside." in plan.info["notes"]


def test_what_cannot_be_planned_is_said() -> None:
    with pytest.raises(InputError, match="orders, a release, or fits"):
        af.plan_campaign()
    guests = pd.DataFrame({"order_id": ["1", "2"], "product_id": ["a", "b"], "ordered_at": "2024-01-01"})
    with pytest.raises(MissingPart, match="customer"):
        af.plan_campaign(guests)


def test_named_products_have_the_fit_and_the_terms_of_candidates(published: Path) -> None:
    model, now = open_shop(af.open_release(published)).require_model()
    found = score_candidates(model, now, candidates=50)
    fits = dict(zip(zip(found.customer.tolist(), found.product.tolist()), found.fit.tolist()))
    named = np.arange(3, 60, 7, dtype=np.int32)
    who = np.arange(0, len(now.holdings.customers), 3, dtype=np.int32)
    customer, product, fit = NamedScorer(model, now, named).score(who)
    owned = set(zip(now.holdings.customer.tolist(), now.holdings.product.tolist()))
    buyers = set(who[np.diff(now.holdings.indptr)[who] > 0].tolist())
    expected = sorted((c, p) for c in buyers for p in named.tolist() if (c, p) not in owned)
    assert list(zip(customer.tolist(), product.tolist())) == expected
    both = [(fits[pair], value) for pair, value in zip(expected, fit.tolist()) if pair in fits]
    assert len(both) > 500
    np.testing.assert_allclose(*np.array(both).T, rtol=1e-12)
    antecedent, term = explain_offers(model, now, found.customer[::11], found.product[::11])
    assert np.array_equal(antecedent, found.antecedent[::11])
    assert np.array_equal(term, found.term[::11])
