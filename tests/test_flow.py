"""The whole way on the sample shop: what was planted is found, nothing leaks, same input gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.errors import HorizonUnobserved, MissingPart
from affinity.sample_shop import write_shop

AS_OF = "2024-10-01"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a sample shop of 2,500 customers."""
    return write_shop(af.make_shop(seed=11, customers=2500), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def truth(shop: dict[str, Path]) -> dict[str, list[dict[str, object]]]:
    """What was planted."""
    return json.loads(shop["truth"].read_text())


@pytest.fixture(scope="session")
def result(shop: dict[str, Path]) -> af.Result:
    """A run on all its files, cut where a quarter of a year is left to compare with."""
    facts = {name: shop[name] for name in ("offers", "products", "customers")}
    return af.run(shop["orders"], **facts, as_of=AS_OF)


def test_the_accounts_add_up(result: af.Result) -> None:
    report = result.report()
    assert report["rows_read"] == report["rows_kept"] + report["rows_set_aside"]
    assert sum(report["reasons"].values()) == report["rows_set_aside"]
    listed = len(result.lines.report.quarantine)
    assert listed == report["rows_set_aside"] - report["reasons"]["after_as_of"]
    assert result.lines.day is not None
    assert result.lines.day.max() < np.datetime64(AS_OF, "D").astype(int)


def test_planted_complements_are_the_strongest_pairs(result: af.Result, truth: dict[str, list]) -> None:
    pairs = result.graph.to_pandas().set_index(["antecedent", "consequent"])
    planted = [(c["antecedent"], c["consequent"]) for c in truth["complements"]]
    found = pairs.loc[planted]
    assert (found["q_value"] < 0.05).all()
    assert (found["lift_eb_lower"] > 1.5).all()
    assert found["lift_eb"].median() > pairs["lift_eb"].quantile(0.95)


def test_planted_substitutes_are_bought_apart(result: af.Result, truth: dict[str, list]) -> None:
    pairs = result.graph.to_pandas().set_index(["antecedent", "consequent"])["lift_adjusted"]
    planted = [pair for s in truth["substitutes"] if (pair := (s["antecedent"], s["consequent"])) in pairs.index]
    assert planted
    assert (pairs.loc[planted] < 1).all()


def test_planted_follow_ons_convert_at_their_true_rate(result: af.Result, truth: dict[str, list]) -> None:
    table = result.conversion.to_pandas().set_index(["antecedent", "consequent", "horizon_days"])
    inside = []
    for plant in truth["follow_ons"]:
        row = table.loc[(plant["antecedent"], plant["consequent"], 90)]
        inside.append(row["lower"] <= plant["rate_within"]["90"] <= row["upper"])
        assert row["hazard_ratio_lower"] > 1
    assert sum(inside) >= len(inside) - 2  # 95 % intervals of eleven plants


def test_recommendations_leave_out_what_is_owned_and_rank_by_fit(result: af.Result) -> None:
    recs, owned = result.recommendations, result.holdings
    n = len(recs.products)
    shown = recs.customer.astype(np.int64) * n + recs.product
    assert not np.isin(shown, owned.customer.astype(np.int64) * n + owned.product).any()
    open_to_offers = np.flatnonzero(result.eligibility.customer_state < 0)  # the customer file says who has ended
    assert np.array_equal(np.unique(recs.customer), open_to_offers)
    own_nothing = np.diff(owned.indptr)[recs.customer] == 0  # gave everything back
    assert set(recs.fallback_level[own_nothing]) == {"shop"}
    frame = recs.to_pandas()
    assert frame["fit"].dropna().between(0, 1).all()
    assert (frame.groupby("customer_id")["fit"].diff().dropna() <= 1e-12).all()
    assert (frame.groupby("customer_id")["rank"].diff().dropna() == 1).all()
    assert frame["because"].isna().equals(frame["is_fallback"])


def test_recommendations_are_bought_more_often_than_popular_products(result: af.Result, shop: dict[str, Path]) -> None:
    lines = af.read_orders(shop["orders"]).to_pandas()
    later = lines[(lines["ordered_at"] >= AS_OF) & (lines["quantity"] > 0)].dropna(subset=["customer_id"])
    bought = set(zip(later["customer_id"], later["product_id"]))
    recs = result.recommendations.to_pandas().query("rank <= 5")
    hits = [pair in bought for pair in zip(recs["customer_id"], recs["product_id"])]
    owned = result.holdings.to_pandas().groupby("customer_id")["product_id"].agg(set)
    popular = result.lines.to_pandas().groupby("product_id")["customer_id"].nunique().sort_values(ascending=False).index
    by_popularity = [
        (customer, product) in bought
        for customer, mine in owned.items()
        for product in [p for p in popular if p not in mine][:5]
    ]
    assert np.mean(hits) > np.mean(by_popularity)


def test_fit_is_a_probability_that_holds_in_the_next_window(result: af.Result, shop: dict[str, Path]) -> None:
    later = af.read_orders(shop["orders"]).to_pandas()
    later = later[(later["ordered_at"] >= AS_OF) & (later["quantity"] > 0)].dropna(subset=["customer_id"])
    bought = set(zip(later["customer_id"], later["product_id"]))
    recs = result.recommendations.to_pandas().dropna(subset=["fit"])
    happened = np.array([pair in bought for pair in zip(recs["customer_id"], recs["product_id"])])
    assert abs(happened.mean() - recs["fit"].mean()) < 0.02


def test_reasons_say_what_the_tables_say(result: af.Result) -> None:
    recs = result.recommendations.to_pandas().query("reason_code == 'converts_from'").head(200)
    table = result.conversion.to_pandas().set_index(["antecedent", "consequent", "horizon_days"])
    assert len(recs)
    for row in recs.itertuples():
        measured = table.loc[(row.because, row.product_id, 90)]
        if measured["converted"] >= 10:
            assert f"of {measured['eligible']:,} eligible owners" in row.reason


def test_the_future_changes_nothing(result: af.Result, shop: dict[str, Path], tmp_path: Path) -> None:
    """The same release from a file that ends at as_of as from one that goes on: no line after as_of is used."""
    frame = pd.read_csv(shop["orders"], dtype=str, keep_default_na=False)
    cut = frame[~(pd.to_datetime(frame["ordered_at"], errors="coerce") >= AS_OF)]
    facts = {name: shop[name] for name in ("offers", "products", "customers")}
    known = af.run(cut, **facts, as_of=AS_OF)
    for name in ("graph", "conversion", "recommendations", "metrics"):
        one, other = getattr(result, name).to_pandas(), getattr(known, name).to_pandas()
        pd.testing.assert_frame_equal(one, other, obj=name)


def test_the_same_input_gives_the_same_release(result: af.Result, shop: dict[str, Path], tmp_path: Path) -> None:
    facts = {name: shop[name] for name in ("offers", "products", "customers")}
    again = af.run(shop["orders"], **facts, as_of=AS_OF)
    one, other = result.publish(tmp_path / "one"), again.publish(tmp_path / "other")
    assert one.name == other.name
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for name in files:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    opened = af.open_release(tmp_path / "one")
    assert opened.id == one.name
    assert len(opened.table("recommendations")) == len(result.everybody)


def test_baskets_alone_give_rules_pairs_and_companions(tmp_path: Path) -> None:
    path = tmp_path / "baskets.csv"
    path.write_text("bread,milk,butter\nbread,milk\nmilk\nbread,butter\n" * 30)
    result = af.run(path)
    assert len(result.itemsets)
    assert len(result.rules)
    assert len(result.also_bought) >= 0
    assert result.conversion is None
    assert result.recommendations is None
    assert set(result.notes) == {"conversions", "recommendations", "metric_tree"}
    assert "customers" in result.notes["recommendations"]
    release = af.open_release(result.publish(tmp_path / "out"))
    assert release.table("recommendations").empty
    assert "fit" in release.table("recommendations").columns
    with pytest.raises(MissingPart, match="need customer ids"):
        af.recommend(path)
    with pytest.raises(MissingPart, match="needs customers and dates"):
        af.estimate_conversion(path)


def test_an_order_sequence_instead_of_dates(shop: dict[str, Path]) -> None:
    lines = af.read_orders(shop["orders"]).to_pandas().dropna(subset=["customer_id"])
    lines["order_seq"] = lines.groupby("customer_id")["ordered_at"].rank(method="dense").astype(int)
    result = af.run(lines[["order_id", "customer_id", "product_id", "order_seq", "quantity"]])
    assert result.as_of is None
    assert result.conversion is None
    assert "dates" in result.notes["conversions"]
    assert result.recommendations is not None
    assert "next order" in str(result.model.calibration.note)


@pytest.mark.parametrize("ask", [{"horizon_days": 5000}, {"conversion": {"horizons_days": (30, 5000)}}])
def test_a_named_horizon_that_nobody_was_followed_to(shop: dict[str, Path], ask: dict[str, object]) -> None:
    with pytest.raises(HorizonUnobserved, match=r"horizon_days=5000, but as of 2024-10-01 no customer has been followed"):
        af.run(shop["orders"], as_of=AS_OF, **ask)
    with pytest.raises(HorizonUnobserved, match="horizon_days=5000"):
        af.estimate_conversion(shop["orders"], as_of=AS_OF, horizon_days=5000)


def test_opt_outs_are_never_counted(shop: dict[str, Path], result: af.Result) -> None:
    someone = str(result.holdings.customers.labels[0])
    without = af.run(shop["orders"], as_of=AS_OF, exclude_customers=[someone])
    assert someone not in without.recommendations.to_pandas()["customer_id"].to_numpy()
    assert someone not in without.holdings.customers
    assert without.report()["reasons"]["opted_out"] > 0


def test_a_graph_of_plain_lists() -> None:
    graph = af.build_graph([["a", "b"], ["a", "b"], ["a", "c"]] * 10)
    assert graph.neighbors("a")["consequent"].tolist()[0] in {"b", "c"}
    assert graph.to_networkx().number_of_nodes() == 3
