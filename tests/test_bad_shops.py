"""Recommendations of strange shops: defined, or a clear error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.errors import InputError, SettingsError, UnknownLabel

DAYS = ["2024-01-01", "2024-01-20", "2024-02-10", "2024-03-01"]


def make_orders(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Order lines from (customer, product, day)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "ordered_at"])
    return frame.assign(order_id=[f"o{i}" for i in range(len(frame))], unit_price=1.0, quantity=1)


ORDERS = make_orders([(f"c{i}", p, DAYS[(i + j) % 4]) for i in range(20) for j, p in enumerate("abcde") if (i >> j) & 1])


def ask(products: pd.DataFrame | None = None, **settings: object) -> pd.DataFrame:
    """Everybody's recommendations."""
    return af.recommend(ORDERS, products=products, horizon_days=10, **settings).to_pandas()


def test_a_list_longer_than_the_catalogue_shows_what_there_is() -> None:
    found = ask(top_k=1000)
    owned = ORDERS.groupby("customer_id")["product_id"].nunique()
    assert (found.groupby("customer_id").size().reindex(owned.index, fill_value=0) + owned == 5).all()
    assert not found.duplicated(["customer_id", "product_id"]).any()


def test_an_unknown_customer_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UnknownLabel, match="customer 'c77' is not among the 19 known ones. Did you mean 'c7'"):
        af.recommend(ORDERS, customer="c77", horizon_days=10)


def test_as_of_far_after_the_last_order() -> None:
    found = ask(as_of="2030-01-01")
    assert set(found["product_id"]) <= set("abcde")
    assert found["fit"].dropna().between(0, 1).all()


@pytest.mark.parametrize("same_family", ["allowed", "excluded"])
def test_one_family_for_everything(same_family: str) -> None:
    products = pd.DataFrame({"product_id": list("abcde"), "family": "all"})
    found = ask(products, eligibility={"same_family": same_family})
    assert set(found["kind"]) == ({"upsell"} if same_family == "allowed" else set())


def test_families_of_products_that_are_not_sold_and_products_without_one() -> None:
    products = pd.DataFrame({"product_id": ["a", "b", "zzz"], "family": ["only a", None, "never sold"]})
    found = ask(products, eligibility={"same_family": "excluded"})
    assert set(found["kind"]) == {"cross_sell"}
    pd.testing.assert_frame_equal(found, ask(None))


def test_prerequisites_in_a_circle_or_never_sold_are_offered_to_nobody_new() -> None:
    products = pd.DataFrame({"product_id": list("abc"), "requires": ["b", "a", "never sold"]})
    result = af.run(ORDERS, products=products, horizon_days=10)
    assert result.recommendations is not None
    assert result.eligibility is not None
    found = result.recommendations.to_pandas()
    assert "c" not in set(found["product_id"])
    owners = ORDERS.groupby("product_id")["customer_id"].agg(set)
    assert set(found.loc[found["product_id"] == "a", "customer_id"]) <= owners["b"]
    assert "(a, b, c)" in result.eligibility.notes["prerequisite_missing"]


def test_pure_cross_sell_by_both_ways_of_scoring() -> None:
    """The one-pass scorer, and the candidates that plans and caps need, leave out the same."""
    products = pd.DataFrame({"product_id": list("abcde"), "family": ["f", "f", "g", "g", "h"], "category": list("vwxyz")})
    rules = {"eligibility": {"same_family": "excluded"}}
    plain, capped = ask(products, **rules), ask(products, **rules, ranking={"max_per_category": 1})
    columns = ["customer_id", "rank", "product_id", "kind"]
    pd.testing.assert_frame_equal(plain[columns], capped[columns])
    np.testing.assert_allclose(plain["fit"], capped["fit"])
    family = dict(zip(products["product_id"], products["family"]))
    owned = ORDERS.assign(family=ORDERS["product_id"].map(family)).groupby("customer_id")["family"].agg(set)
    assert len(plain)
    assert not any(family[row.product_id] in owned[row.customer_id] for row in plain.itertuples())


def everybody_owns_everything() -> pd.DataFrame:
    """Sixty customers who bought each of six products once, over 200 days."""
    days = pd.date_range("2024-01-01", periods=200).strftime("%Y-%m-%d")
    return make_orders([(f"c{c:02d}", f"p{p}", days[(c * 3 + p * 7) % 200]) for c in range(60) for p in range(6)])


def test_when_everybody_owns_everything_there_is_nothing_to_recommend() -> None:
    """At past landmarks too there are customers without a candidate; the last ones by code among them."""
    orders = everybody_owns_everything()
    result = af.run(orders)
    assert len(result.recommendations) == 0
    assert (result.conversion.rate[~np.isnan(result.conversion.rate)] <= 1).all()
    assert set(af.recommend(orders, context="cart", given=["p0"]).to_pandas()["product_id"]) == {f"p{p}" for p in range(1, 6)}
    found = af.backtest(orders, horizon_days=30)
    assert 0 < found.find("fit", "ndcg")[0] <= 1


def test_a_list_of_unlike_products_is_no_longer_than_the_catalogue() -> None:
    pd.testing.assert_frame_equal(ask(top_k=10**9, ranking={"diversity": 0.5}), ask(top_k=5, ranking={"diversity": 0.5}))


@pytest.mark.parametrize("top_k", [6, 10**9])
def test_a_backtest_judges_no_more_places_than_there_are_products(top_k: int) -> None:
    orders = everybody_owns_everything()
    one, other = (af.backtest(orders, horizon_days=30, top_k=k) for k in (top_k, 7))
    assert one.find("fit", "ndcg") == other.find("fit", "ndcg")
    assert one.find("fit", "recall")[0] == 1.0


def test_one_name_stands_for_a_list_of_it() -> None:
    orders = everybody_owns_everything()
    several = {"at": ["2024-06-01"], "protocols": ["new_product", "new_product"]}
    one, other = (
        af.backtest(orders, horizon_days=30, **asked) for asked in ({"at": "2024-06-01", "protocols": "new_product"}, several)
    )
    pd.testing.assert_frame_equal(one.to_pandas(), other.to_pandas())
    with pytest.raises(InputError, match="protocols is empty"):
        af.backtest(orders, protocols=[])


def test_horizons_of_any_whole_number_and_no_other() -> None:
    orders = everybody_owns_everything()
    pd.testing.assert_frame_equal(
        af.estimate_conversion(orders, horizon_days=np.int64(30)).to_pandas(),
        af.estimate_conversion(orders, horizon_days=[30]).to_pandas(),
    )
    with pytest.raises(SettingsError, match="valid integer"):
        af.estimate_conversion(orders, horizon_days=1.5)


@pytest.mark.parametrize("dated", [True, False])
def test_offers_that_nobody_knows_the_end_of_have_no_rate(dated: bool) -> None:
    """A log that does not say what was accepted, and no dates or no purchases to tell it from: unknown, not 0 %."""
    log = pd.DataFrame({"offer_id": ["1", "2"], "customer_id": ["c01", "c02"], "product_id": "p1"})
    if dated:
        log["offered_at"] = "2024-02-01"
    alone = af.measure_offers(log)
    beside = af.measure_offers(log, orders=everybody_owns_everything()[lambda d: d["product_id"] != "p1"])
    for found in (alone, *(() if dated else (beside,))):
        assert found.info["excluded"] == {"acceptance_unknown": 2}
        assert np.isnan(found.rate).all()
    if dated:
        assert beside.accepted.tolist()[0] == 0


@pytest.mark.parametrize("context", ["cart", "product"])
def test_value_is_not_silently_left_out_where_there_is_no_fit(context: str) -> None:
    margins = pd.DataFrame({"product_id": list("abcde"), "margin": 1.0})
    with pytest.raises(SettingsError, match="has no meaning in context"):
        af.recommend(ORDERS, context=context, given=["a"], products=margins, rank_by="expected_value", horizon_days=10)
