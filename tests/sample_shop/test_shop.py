"""The sample shop: the same bytes for a seed, and a truth that plain counting finds in the files."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from affinity.errors import OutputError, SettingsError
from affinity.sample_shop import SampleShop, make_shop, plants, write_shop
from affinity.sample_shop.catalogue import read_catalogue

NOT_CLEAN = {"POST", None}


@pytest.fixture(scope="module")
def shop() -> SampleShop:
    return make_shop(seed=7)


@pytest.fixture(scope="module")
def clean(shop: SampleShop) -> list[tuple[str, str | None, str, date]]:
    """(order, customer, product, day) of the clean lines, read from the texts."""
    rows = []
    columns = ("order_id", "customer_id", "product_id", "ordered_at", "quantity")
    for order, customer, product, at, quantity in zip(*(shop.orders[name] for name in columns)):
        if product in NOT_CLEAN or not quantity.isdigit() or order.startswith("R-"):
            continue
        try:
            rows.append((order, customer, product, date.fromisoformat(at[:10])))
        except ValueError:
            continue
    return sorted(set(rows), key=lambda row: (row[3], row[0], row[2]))


def _baskets(clean: list) -> dict[str, set[str]]:
    baskets: dict[str, set[str]] = defaultdict(set)
    for order, _, product, _ in clean:
        baskets[order].add(product)
    return baskets


def _lift(baskets: dict[str, set[str]], a: str, b: str) -> tuple[int, float]:
    n_a = sum(a in basket for basket in baskets.values())
    n_b = sum(b in basket for basket in baskets.values())
    both = sum(a in basket and b in basket for basket in baskets.values())
    return both, both * len(baskets) / (n_a * n_b)


def _first_days(clean: list, product: str) -> dict[str, date]:
    first: dict[str, date] = {}
    for _, customer, bought, day in clean:
        if bought == product and customer is not None:
            first.setdefault(customer, day)
    return first


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    program = "import sys; from affinity.sample_shop import *; write_shop(make_shop(3, customers=120, days=200), sys.argv[1])"
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / hash_seed)], check=True, env=environment)
    first = _digests(tmp_path / "1")
    assert sorted(first) == ["customers.csv", "offers.csv", "orders.csv", "products.csv", "truth.json"]
    assert first == _digests(tmp_path / "2")


def test_another_seed_gives_another_shop() -> None:
    one, other = make_shop(1, customers=100, days=100), make_shop(2, customers=100, days=100)
    assert one.orders["product_id"].tolist() != other.orders["product_id"].tolist()


def test_the_files_hold_the_columns_in_utf8_with_unix_line_ends(tmp_path: Path) -> None:
    shop = make_shop(customers=80, days=90)
    paths = write_shop(shop, tmp_path / "new" / "shop")
    assert list(paths) == ["orders", "offers", "products", "customers", "truth"]
    assert b"\r" not in paths["orders"].read_bytes()
    with paths["orders"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(shop.orders)
    assert [row["product_id"] or None for row in rows] == shop.orders["product_id"].tolist()


def test_the_demo_size_is_right_and_quick() -> None:
    begin = time.process_time()
    shop = make_shop()
    assert time.process_time() - begin < 6  # 0.8 s where it was measured
    assert 60_000 <= len(shop.orders["order_id"]) <= 80_000
    assert repr(shop) == "SampleShop({:,} order lines, {:,} offers, 157 products, 4,000 customers)".format(
        len(shop.orders["order_id"]), len(shop.offers["offer_id"])
    )


@settings(max_examples=6, deadline=None)
@example(seed=15, customers=50, days=60)  # nothing comes back
@given(seed=st.integers(0, 10_000), customers=st.integers(50, 150), days=st.integers(60, 200))
def test_every_shop_is_consistent(seed: int, customers: int, days: int) -> None:
    shop = make_shop(seed, customers=customers, days=days)
    for name in ("orders", "offers", "products", "customers"):
        columns = getattr(shop, name)
        assert len({len(column) for column in columns.values()}) == 1
        assert all(text is None or isinstance(text, str) for column in columns.values() for text in column)
    products, people = set(shop.products["product_id"]), set(shop.customers["customer_id"])
    assert set(shop.orders["product_id"]) <= products | NOT_CLEAN
    assert set(shop.offers["customer_id"]) <= people
    assert set(shop.offers["product_id"]) <= products
    assert sum(shop.truth["rows"].values()) == len(shop.orders["order_id"])


def test_what_is_planted_does_not_overlap() -> None:
    complements = {p.consequent for p in plants.COMPLEMENTS}
    targets = {f.consequent for f in plants.FOLLOW_ONS}
    staples = {s.product for s in plants.STAPLES}
    sold = {c.product for c in plants.CAMPAIGNS}
    preferred = {p for pair in plants.SUBSTITUTES for p in (pair.first, pair.second)}
    bundled = {product for bundle in plants.BUNDLES for product in bundle.products}
    groups = [complements, targets, staples, sold, bundled]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert not preferred & (complements | targets | staples | sold | bundled)
    known = set(read_catalogue().ids)
    assert set().union(*groups, preferred) <= known
    assert not staples & {p.antecedent for p in plants.COMPLEMENTS}
    durable = dict(zip(read_catalogue().ids, read_catalogue().durable))
    assert not any(durable[product] for product in complements | staples | sold)


def test_baskets_of_planted_pairs_are_what_the_truth_counts(shop: SampleShop, clean: list) -> None:
    baskets = _baskets(clean)
    assert len(baskets) == shop.truth["orders"]
    for pair in shop.truth["complements"]:
        both, lift = _lift(baskets, pair["antecedent"], pair["consequent"])
        assert both == pair["baskets"] >= 30
        assert lift == pytest.approx(pair["lift"], abs=1e-6)
        assert lift > 5
    for pair in shop.truth["substitutes"]:
        both, lift = _lift(baskets, pair["antecedent"], pair["consequent"])
        assert (both, lift) == (pair["baskets"], pytest.approx(pair["lift"], abs=1e-6))
        assert lift < 0.7


def test_the_share_of_a_complement_is_the_planted_one(shop: SampleShop, clean: list) -> None:
    baskets = _baskets(clean)
    for pair in shop.truth["complements"]:
        with_a = [basket for basket in baskets.values() if pair["antecedent"] in basket]
        share = sum(pair["consequent"] in basket for basket in with_a) / len(with_a)
        spread = np.sqrt(pair["probability"] * (1 - pair["probability"]) / len(with_a))
        assert pair["probability"] - 4 * spread < share < pair["probability"] + 4 * spread + 0.1


def test_staples_go_with_everything_alike(shop: SampleShop, clean: list) -> None:
    baskets = _baskets(clean)
    sold = Counter(product for basket in baskets.values() for product in basket)
    frequent = [product for product, _ in sold.most_common(25)]
    for staple in shop.truth["staples"]:
        assert sold[staple["product"]] / len(baskets) == pytest.approx(staple["probability"], abs=0.01)
        lifts = [_lift(baskets, staple["product"], other)[1] for other in frequent if other != staple["product"]]
        assert np.mean(lifts) == pytest.approx(1.0, abs=0.04)


def test_members_of_a_bundle_are_bought_together(shop: SampleShop, clean: list) -> None:
    baskets = _baskets(clean)
    for bundle in shop.truth["bundles"]:
        first, second = bundle["products"][:2]
        assert _lift(baskets, first, second)[1] > 8


def test_follow_on_purchases_come_at_the_planted_rate_and_time(shop: SampleShop, clean: list) -> None:
    """Complete follow-up only, so that a plain share estimates the rate; pooled over the pairs it must be right."""
    end = date(2023, 1, 1).toordinal() + 730
    distances = []
    for plan in shop.truth["follow_ons"]:
        first_a, first_b = (_first_days(clean, plan[side]) for side in ("antecedent", "consequent"))
        delays = [
            (first_b[c] - day).days if c in first_b else None
            for c, day in first_a.items()
            if day.toordinal() + 90 < end and (c not in first_b or first_b[c] > day)
        ]
        truth, n = plan["rate_within"]["90"], len(delays)
        converted = [d for d in delays if d is not None and d <= 90]
        distances.append((len(converted) - n * truth) ** 2 / (n * truth * (1 - truth)))
        known = [
            (first_b[c] - day).days for c, day in first_a.items() if c in first_b and first_b[c] > day and day.year == 2023
        ]
        delay = plan["delay"]
        assert np.mean(known) == pytest.approx(delay["mean_days"] + 0.5, rel=0.25)
    assert len(distances) == 11
    assert sum(distances) < 31.3  # the 99.9 % point of chi-square with 11 degrees of freedom


def test_the_rate_within_a_horizon_is_that_of_simulated_delays() -> None:
    rng = np.random.default_rng(0)
    for plan in plants.FOLLOW_ONS:
        delay = 1 + np.floor(rng.gamma(plan.shape, plan.mean_days / plan.shape, 200_000))
        for horizon in (30, 90, 365):
            simulated = plan.probability * (delay <= horizon).mean()
            assert plan.rate_within(horizon) == pytest.approx(simulated, abs=0.003)


def test_the_control_arm_is_random_and_the_effect_is_there(shop: SampleShop, clean: list) -> None:
    offers = list(zip(*(shop.offers[name] for name in ("campaign_id", "customer_id", "product_id", "offered_at", "arm"))))
    times = Counter(customer for _, customer, _, _ in clean)
    bought = defaultdict(list)
    for _, customer, product, day in clean:
        bought[customer, product].append(day)
    for plan in shop.truth["campaigns"]:
        arms = {"treated": [], "control": []}
        activity = {"treated": [], "control": []}
        for campaign, customer, product, at, arm in offers:
            if campaign != plan["campaign_id"]:
                continue
            day = date.fromisoformat(at[:10])
            after = [(other - day).days for other in bought[customer, product]]
            assert not any(wait < 0 for wait in after)  # nobody offered had the product
            arms[arm].append(any(0 < wait <= plan["window_days"] for wait in after))
            activity[arm].append(times[customer])
        assert [len(arms["treated"]), len(arms["control"])] == [plan["treated"], plan["control"]]
        assert plan["treated"] == round(0.8 * (plan["treated"] + plan["control"]))
        difference = np.mean(activity["treated"]) - np.mean(activity["control"])
        assert abs(difference) < 3.5 * np.std(activity["treated"] + activity["control"]) / np.sqrt(plan["control"] * 0.8)
        effect = np.mean(arms["treated"]) - np.mean(arms["control"])
        assert effect == pytest.approx(plan["effect"], abs=3.5 * np.sqrt(0.1 / plan["control"]))


def test_accepted_at_is_the_first_purchase_within_the_window(shop: SampleShop) -> None:
    arm, accepted = shop.offers["arm"], shop.offers["accepted_at"]
    assert all(at is None for at, group in zip(accepted, arm) if group == "control")
    rate = np.mean([at is not None for at, group in zip(accepted, arm) if group == "treated"])
    assert 0.02 < rate < 0.12
    waits = [
        (date.fromisoformat(at[:10]) - date.fromisoformat(offered[:10])).days
        for at, offered in zip(accepted, shop.offers["offered_at"])
        if at is not None
    ]
    assert min(waits) >= 1
    assert max(waits) <= plants.OFFER_WINDOW_DAYS


def test_returns_undo_an_earlier_purchase(shop: SampleShop) -> None:
    bought: dict[tuple, str] = {}
    columns = ("order_id", "customer_id", "product_id", "ordered_at", "quantity")
    rows = list(zip(*(shop.orders[name] for name in columns)))
    returns = [row for row in rows if row[0].startswith("R-") and row[0] < "R-99"]
    assert len(returns) == shop.truth["rows"]["returns"] > 500
    for _, customer, product, at, quantity in rows:
        if quantity.isdigit():
            bought[customer, product, quantity] = min(at, bought.get((customer, product, quantity), at))
    for _, customer, product, at, quantity in returns:
        assert bought[customer, product, quantity.removeprefix("-")] < at


def test_dirt_is_there_in_every_kind(shop: SampleShop) -> None:
    orders, rows = shop.orders, shop.truth["rows"]
    assert (orders["product_id"] == "POST").sum() == rows["postage"] > 0
    assert sum(product is None for product in orders["product_id"]) == rows["missing_product"] > 0
    assert (orders["quantity"] == "two").sum() == rows["bad_quantity"] > 0
    everything = list(zip(*orders.values()))
    assert len(everything) - len(set(everything)) == rows["duplicate"] > 0
    days = [at[:10] for at in orders["ordered_at"]]
    bad = [day for day in days if not day.startswith("202") or day == "2023-02-30"]
    assert len(bad) == rows["bad_date"] > 0


def test_guests_late_starts_and_seasons_are_there(shop: SampleShop, clean: list) -> None:
    guests = {order for order, customer, _, _ in clean if customer is None}
    assert len(guests) == shop.truth["guest_orders"] > 500
    started = [date.fromisoformat(day) for day in shop.customers["started_at"]]
    assert sum(day < date(2023, 1, 1) for day in started) == shop.truth["started_before_the_file"] > 1000
    first = {}
    for _, customer, _, day in clean:
        first.setdefault(customer, day)
    start = dict(zip(shop.customers["customer_id"], started))
    assert all(start[customer] <= day for customer, day in first.items() if customer is not None)
    busy = Counter((day.month, day.day) >= (12, 7) and (day.month, day.day) < (12, 24) for _, _, _, day in clean)
    assert busy[True] / (2 * 17) > 1.2 * busy[False] / (730 - 2 * 17)


def test_segments_have_tastes_of_their_own(shop: SampleShop, clean: list) -> None:
    segment = dict(zip(shop.customers["customer_id"], shop.customers["segment"]))
    category = dict(zip(shop.products["product_id"], shop.products["category"]))
    bought: dict[str, Counter] = defaultdict(Counter)
    for _, customer, product, _ in clean:
        if customer is not None and category[product] != "Household":
            bought[segment[customer]][category[product]] += 1
    favourite = {name: counts.most_common(1)[0][0] for name, counts in bought.items()}
    assert favourite == {"home barista": "Coffee", "keen baker": "Baking", "host": "Table", "camper": "Outdoor"}


def test_products_are_sold_only_while_on_sale(shop: SampleShop, clean: list) -> None:
    days = {product: [day for _, _, p, day in clean if p == product] for product in ("chai mix", "raclette grill")}
    at = {name: dict(zip(shop.products["product_id"], shop.products[name])) for name in ("on_sale_from", "on_sale_to")}
    assert min(days["chai mix"]) >= date.fromisoformat(at["on_sale_from"]["chai mix"])
    assert max(days["raclette grill"]) < date.fromisoformat(at["on_sale_to"]["raclette grill"])
    assert shop.products["available"].tolist().count("false") == 1


@pytest.mark.parametrize(("customers", "days"), [(49, 100), (100, 59)])
def test_a_shop_too_small_is_refused(customers: int, days: int) -> None:
    with pytest.raises(SettingsError, match=rf"customers={customers}, days={days} is too small.*Use customers >= 50"):
        make_shop(customers=customers, days=days)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"cannot be written to .*file"):
        write_shop(make_shop(customers=50, days=60), tmp_path / "file" / "shop")
