"""Recommendations over HTTP: equal to the release and to the run, filtered, counted, cached, attributed."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.serve.answers import group_of
from tests.serve.conftest import Served, run_shop, serving

WORDS = {"converts_from": "Often bought after", "bought_together": "Often bought with", "popular": "Popular with customers"}


def same(items: list[dict[str, Any]], expected: pd.DataFrame) -> None:
    """The items are the rows of recommendations ``expected``, fit (or in a cart the score) as score."""
    assert [item["product_id"] for item in items] == expected["product_id"].tolist()
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    value = expected["fit"] if expected["fit"].notna().any() else expected["score"]
    scores = [np.nan if item["score"] is None else item["score"] for item in items]
    np.testing.assert_array_equal(scores, value.to_numpy(dtype=float))
    for name in ("kind", "reason_code", "is_fallback"):
        assert [item[name] for item in items] == expected[name].tolist()
    assert [item["evidence"]["sentence"] for item in items] == expected["reason"].tolist()
    because = expected["because"].astype(object).where(expected["because"].notna(), None).tolist()
    assert [item["evidence"]["because"] for item in items] == because
    for item in items:
        words = {
            "converts_from": "Often bought after",
            "bought_together": "Often bought with",
            "popular": "Popular with customers",
        }
        said = item["evidence"].get("because_name")
        assert item["reason"] == (f"{words[item['reason_code']]} {said}" if said else words[item["reason_code"]])


def test_customers_get_what_the_release_says(served: Served, folder: Path) -> None:
    release = af.open_release(folder)
    table = release.recommendations
    for customer, rows in list(table.groupby("customer_id"))[:60]:
        answer = served.ask(customer_id=customer)
        assert (answer["release"], answer["as_of"], answer["missing_ids"]) == (release.id, release.as_of, [])
        same(answer["items"], rows)


def test_products_get_what_the_release_says(served: Served, folder: Path) -> None:
    release = af.open_release(folder)
    pairs = release.pairs.set_index(["antecedent", "consequent"])
    for product, rows in release.also_bought.groupby("product_id"):
        items = served.ask(context="product", product_ids=[product])["items"]
        assert [item["product_id"] for item in items] == rows["recommended_id"].tolist()
        np.testing.assert_array_equal([item["score"] for item in items], rows["score"].to_numpy())
        for item in items:
            pair = pairs.loc[(product, item["product_id"])]
            assert item["evidence"]["orders"] == pair["count"]
            assert item["evidence"]["lift"] == pair["lift_eb"]
            assert f"basket lift {pair['lift_eb']:.1f}" in item["evidence"]["sentence"]
            assert item["kind"] == rows.set_index("recommended_id").loc[item["product_id"], "kind"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ranking": {"max_per_category": 2}, "eligibility": {"same_family": "excluded"}},
        {"ranking": {"diversity": 0.4, "require_evidence": True}},
        {"ranking": {"cart_may_hold_owned": False, "min_evidence": 25}},
    ],
    ids=str,
)
def test_carts_and_orders_get_what_the_run_says(shop: dict[str, Path], changes: dict[str, Any], tmp_path: Path) -> None:
    result = run_shop(shop, **changes)
    result.publish(tmp_path / "shop")
    products, people = result.holdings.products.labels, result.holdings.customers.labels
    random = np.random.default_rng(1)
    with serving(tmp_path / "shop", tmp_path / "events") as served:
        for trial in range(30):
            given = random.choice(products, int(random.integers(0, 5)), replace=False).tolist()
            who = None if trial % 3 == 0 else str(random.choice(people))
            items = served.ask(context="cart", product_ids=given, customer_id=who)["items"]
            same(items, result.recommend("cart", given=given, customer=who).to_pandas())
            if given and trial < 12:
                items = served.ask(context="order_confirmation", product_ids=given, customer_id=who)["items"]
                same(items, result.recommend("order_confirmation", given=given, customer=who).to_pandas())


def test_who_is_not_known_gets_what_is_popular(served: Served, result: af.Result) -> None:
    popular = result.recommend("cart").to_pandas()
    for asked in ({}, {"customer_id": "nobody"}, {"context": "cart", "product_ids": ["no product"]}):
        answer = served.ask(**asked)
        same(answer["items"], popular)
        assert answer["missing_ids"] == [value for value in ("nobody", "no product") if value in str(asked)]


def test_a_known_customer_without_a_list_is_shown_nothing(tmp_path: Path, shop: dict[str, Path]) -> None:
    customers = pd.read_csv(shop["customers"], dtype=str)
    customers["status"] = "opt_out"
    result = af.run(shop["orders"], customers=customers, as_of="2024-10-01")
    result.publish(tmp_path / "shop")
    known = set(result.holdings.customers.labels) & set(customers["customer_id"])
    with serving(tmp_path / "shop", tmp_path / "events") as served:
        for context in ("customer", "cart"):
            answer = served.ask(context=context, customer_id=min(known))
            assert (answer["items"], answer["missing_ids"]) == ([], [])


def test_filters_limits_and_exclusions(served: Served, folder: Path) -> None:
    facts = af.open_release(folder).products.set_index("product_id")
    every = served.ask(context="cart", limit=100)["items"]
    assert len(every) > 5
    category = facts.loc[every[3]["product_id"], "category"]
    price = facts.loc[every[2]["product_id"], "price"]
    for filters, keeps in [
        ({"category": [category]}, lambda row: row["category"] == category),
        ({"price_max": price}, lambda row: row["price"] <= price),
        ({"price_min": price}, lambda row: row["price"] >= price),
        ({"available": True, "category": [category, "no such"]}, lambda row: row["category"] == category),
        ({"available": False}, lambda row: False),
    ]:
        items = served.ask(context="cart", limit=100, filters=filters)["items"]
        expected = [item["product_id"] for item in every if keeps(facts.loc[item["product_id"]])]
        assert [item["product_id"] for item in items][: len(expected)] == expected
        assert all(keeps(facts.loc[item["product_id"]]) for item in items)
    out = every[0]["product_id"]
    ids = [item["product_id"] for item in served.ask(context="cart", limit=3, exclude_ids=[out, "unknown"])["items"]]
    assert ids == [item["product_id"] for item in every[1:4]]
    least = every[4]["score"]
    assert all(item["score"] >= least for item in served.ask(context="cart", limit=100, min_score=least)["items"])
    assert served.ask(context="cart", min_score=1e9)["items"] == []


def test_a_query_and_a_body_ask_the_same(served: Served, result: af.Result) -> None:
    rest = {"customer_id": result.sample_customer(), "limit": 3, "placement": "home.top"}
    got = served.client.get("/v1/recommendations", params=rest | {"price_min": 1, "exclude_ids": "a,b"}).json()
    posted = served.ask(**rest, exclude_ids=["a", "b"], filters={"price_min": 1})
    assert got | {"request_id": ""} == posted | {"request_id": ""}
    assert got["placement"] == "home.top"
    assert re.fullmatch("[0-9a-f]{12}-t-[0-9a-f]{16}", got["request_id"])
    assert got["request_id"] != posted["request_id"]


def test_an_answer_that_the_browser_has_is_not_sent_again(served: Served, result: af.Result) -> None:
    asked = {"customer_id": result.sample_customer()}
    ask = functools.partial(served.client.get, "/v1/recommendations")
    first = ask(params=asked)
    assert first.headers["cache-control"] == "private, max-age=60"
    again = ask(params=asked, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = ask(params=asked | {"limit": 2}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_groups_are_stable_and_the_control_group_is_shown_nothing(folder: Path, tmp_path: Path, result: af.Result) -> None:
    people = result.holdings.customers.labels.tolist()
    with serving(folder, tmp_path, holdout=0.3, salt="spring") as served:
        for customer in people[:40]:
            answer = served.ask(customer_id=customer)
            assert answer["group"] == group_of(customer, salt="spring", holdout=0.3)
            shown = result.recommendations.of(customer).to_pandas()["product_id"].tolist()
            assert [item["product_id"] for item in answer["items"]] == ([] if answer["group"] == "control" else shown)
            assert answer["request_id"][13] == answer["group"][0]
        assert served.ask()["group"] == "treatment"
    ids = [f"C-{number}" for number in range(20_000)]
    share = np.mean([group_of(customer, salt="a", holdout=0.3) == "control" for customer in ids])
    assert share == pytest.approx(0.3, abs=0.015)
    both = np.mean([all(group_of(customer, salt=s, holdout=0.3) == "control" for s in "ab") for customer in ids])
    assert both == pytest.approx(0.09, abs=0.01)


def test_a_pinned_release_is_the_current_one_or_none(served: Served, folder: Path) -> None:
    release = af.open_release(folder).id
    assert served.ask(release=release)["release"] == release
    refused = served.client.get("/v1/recommendations", params={"release": "0" * 12})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "unknown_release")
