"""Offers by campaign, category and segment: who counts, who gets the credit, what small cells say; real coupon campaigns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.conversion import measure_campaigns, measure_offers
from affinity.errors import InputError
from affinity.ingest import read_customers, read_offers, read_products
from tests.conversion.test_offers import END, offers_of
from tests.conversion.worlds import holdings_of

DAY = 86_400_000_000


def rows_of(table, cut):
    return {
        tuple(label for label in row[1:4] if label is not None): row[4:]
        for row in zip(*(table.columns()[name] for name in ("cut", "campaign", "category", "segment", "offered", "accepted")))
        if row[0] == cut
    }


def spring_and_summer(owned, rows, **options):
    holdings = holdings_of(owned, end=END, products=4)
    offers = offers_of(rows, holdings)
    categories = np.array(["tea", "tea", "mugs", None], dtype=object)
    segments = np.array([("north", "south")[c % 2] for c in range(len(holdings.customers))], dtype=object)
    return measure_campaigns(offers, holdings=holdings, categories=categories, segments=segments, **options)


def test_cells_count_customers_once():
    owned = {c: {0: 1} for c in range(4)} | {0: {0: 1, 1: 19105}, 1: {0: 1, 2: 19103}}
    rows = [(c, p, 19100, None, "spring") for c in range(4) for p in (1, 2)]
    table = spring_and_summer(owned, rows)
    assert rows_of(table, "all") == {(): (4, 2)}
    assert rows_of(table, "category") == {("mugs",): (4, 1), ("tea",): (4, 1)}
    assert rows_of(table, "segment") == {("north",): (2, 1), ("south",): (2, 1)}
    assert rows_of(table, "campaign × category × segment") == {
        ("spring", "mugs", "north"): (2, 0),
        ("spring", "mugs", "south"): (2, 1),
        ("spring", "tea", "north"): (2, 1),
        ("spring", "tea", "south"): (2, 0),
    }
    assert (table.lower <= table.rate).all()
    assert (table.rate <= table.upper).all()
    assert table.info["note"].startswith("The offers were targeted, not randomised")


def test_of_overlapping_campaigns_the_last_unexpired_offer_gets_the_credit():
    owned = {0: {0: 1, 1: 19112}, 1: {0: 1, 1: 19116}, 2: {0: 1}}
    rows = [(c, 1, 19100, None, "spring") for c in range(3)] + [(c, 1, 19105, None, "summer") for c in (0, 1)]
    table = spring_and_summer(owned, rows)
    assert rows_of(table, "campaign") == {("spring",): (3, 0), ("summer",): (2, 2)}
    assert rows_of(table, "all") == {(): (3, 2)}


def test_offers_that_do_not_count_are_counted_by_reason():
    owned = {0: {0: 1, 1: 5}, 1: {0: 19200}, 2: {0: 1}, 3: {0: 1}}
    rows = [
        (0, 1, 19100, None, "a"),  # owns it
        (1, 1, 19100, None, "a"),  # his first order comes later
        (2, 1, END - 14, None, "a"),  # immature
        (3, 3, 19100, None, "a"),  # a product that nobody ever buys: offered, not accepted
        (3, None, 19100, None, "a"),  # no product: offered all the same
    ]
    table = spring_and_summer(owned, rows)
    assert table.info["excluded"] == {"owner": 1, "before_first_order": 1, "immature": 1}
    assert rows_of(table, "all") == {(): (1, 0)}
    holdings = holdings_of(owned, end=END, products=4)
    assert measure_offers(offers_of(rows, holdings), holdings).excluded == {
        "owner": 1, "before_first_order": 1, "immature": 1, "no_product": 1,
    }  # fmt: skip


def test_an_acceptance_before_the_offer_is_no_acceptance():
    holdings = holdings_of({c: {0: 1} for c in range(2)}, end=END, products=4)
    offers = offers_of([(0, 1, 19100, 1, "a"), (1, 1, 19100, 1, "a")], holdings)
    offers = dataclasses.replace(offers, accepted_at=np.array([19099, 19101]) * DAY)
    table = measure_campaigns(offers, holdings=holdings)
    assert table.info["excluded"] == {"accepted_before_offer": 1}
    assert rows_of(table, "all") == {(): (1, 1)}


def test_no_offer_is_no_rate():
    table = spring_and_summer({0: {0: 1}}, [])
    assert (len(table), table.info["note"]) == (1, "NO_OFFERS")
    assert table.offered.tolist() == [0]
    for name in ("rate", "lower", "upper", "shrunk", "organic_rate"):
        assert np.isnan(getattr(table, name)).all()


def test_a_control_arm_is_left_out_and_named():
    table = spring_and_summer({c: {0: 1} for c in range(4)}, [(c, 1, 19100, None, "a", c < 2) for c in range(4)])
    assert table.info["excluded"] == {"control": 2}
    assert table.info["note"].startswith("The log has a control arm")


def test_organic_rate_stands_beside_the_whole_and_the_campaigns():
    owned = {0: {0: 1}, 1: {0: 1}, 2: {0: 1, 1: 50}, 3: {1: 19103}, 4: {0: 1, 1: 19110}, 5: {0: 1}}
    table = spring_and_summer(owned, [(0, 1, 19100, None, "a"), (1, 1, 19100, None, "b")])
    assert table.organic_rate[:3].tolist() == [0.5, 0.5, 0.5]
    assert np.isnan(table.organic_rate[3:]).all()


def test_small_cells_are_drawn_to_the_cell_above():
    rng = np.random.default_rng(0)
    rows, owned = [], {c: {0: 1} for c in range(3000)}
    for c in range(3000):
        campaign = c // 4 % 30
        rows.append((c, 1 + c // 2 % 2, 19100, int(rng.random() < (0.3 if campaign < 15 else 0.05)), f"k{campaign:02d}"))
    table = spring_and_summer(owned, rows)
    cells = table.cut == "campaign × category × segment"
    truth = np.where(table.campaign[cells] < "k15", 0.3, 0.05)
    raw, shrunk = table.rate[cells], table.shrunk[cells]
    assert np.square(shrunk - truth).mean() < 0.6 * np.square(raw - truth).mean()
    assert np.mean((table.shrunk_lower[cells] <= truth) & (truth <= table.shrunk_upper[cells])) > 0.8
    assert table.info["kappa"]["campaign"] < table.info["kappa"]["segment"]


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_the_log_does_not_matter(order):
    owned = {c: {0: 1} | ({1: 19103 + c} if c % 2 else {}) for c in range(6)}
    rows = [(c, 1, 19100 + 3 * k, None, ("a", "b")[k]) for c in range(6) for k in range(2)]
    one, two = (spring_and_summer(owned, given) for given in (rows, [rows[i] for i in order]))
    assert one.to_pandas().equals(two.to_pandas())


def test_labels_must_fit_the_vocabulary():
    holdings = holdings_of({0: {0: 1}}, end=END, products=4)
    with pytest.raises(InputError, match="categories holds 2 labels for 4 products of the offers"):
        measure_campaigns(offers_of([(0, 1, 19100)], holdings), categories=np.array(["a", "b"], dtype=object))


# --- real campaigns ------------------------------------------------------------------------------------------------


def labelled(offers, products, customers, segment):
    """Categories and segments of files, in the order of the offers' vocabularies."""
    categories = read_products(products).recoded(offers.products).category
    return categories, read_customers(customers).recoded(offers.customers).segments[segment]


def commonest(frame, key, label):
    """The label that most rows of each key have (of equals the first by name)."""
    counts = frame.dropna(subset=[label]).groupby([key, label]).size().reset_index(name="n")
    counts = counts.sort_values(["n", label], ascending=[False, True])
    return counts.drop_duplicates(key)[[key, label]].rename(columns={key: "product_id", label: "category"})


def check_campaigns(table, offered, accepted):
    first = table.to_pandas().iloc[0]
    assert (first.offered, first.accepted) == (offered, accepted)
    assert "targeted, not randomised" in table.info["note"]
    cells = table.cut == "campaign × category × segment"
    assert cells.sum() > 400
    assert table.offered[cells].min() >= 1
    for low, middle, high in (("lower", "rate", "upper"), ("shrunk_lower", "shrunk", "shrunk_upper")):
        assert (getattr(table, low) <= getattr(table, middle) + 1e-12).all()
        assert (getattr(table, middle) <= getattr(table, high) + 1e-12).all()
    few = cells & (table.offered <= 3) & (table.accepted == table.offered)
    assert (table.shrunk[few] < 1.0).all()


@pytest.mark.slow
def test_complete_journey_coupons_run_through(shared_data):
    folder = shared_data / "offers"
    read = {
        name: pd.read_parquet(folder / f"cj_{name}.parquet")
        for name in ("campaigns", "campaign_descriptions", "coupons", "coupon_redemptions", "products", "demographics")
    }
    coupons = read["coupons"][["campaign_id", "coupon_upc"]].drop_duplicates()
    log = read["campaigns"].merge(coupons).merge(read["campaign_descriptions"])
    redeemed = read["coupon_redemptions"].groupby(["household_id", "campaign_id", "coupon_upc"]).redemption_date.min()
    log = log.join(redeemed, on=["household_id", "campaign_id", "coupon_upc"])
    frame = log.rename(
        columns={
            "household_id": "customer_id",
            "coupon_upc": "product_id",
            "start_date": "offered_at",
            "redemption_date": "accepted_at",
        }
    ).drop(columns=["end_date", "campaign_type"])
    offers = read_offers(frame)
    products = commonest(read["coupons"].merge(read["products"], on="product_id"), "coupon_upc", "department")
    people = read["demographics"].rename(columns={"household_id": "customer_id"})
    categories, incomes = labelled(offers, products, people[["customer_id", "income"]], "income")
    table = measure_campaigns(offers, categories=categories, segments=incomes)
    sent = frame.merge(redeemed.reset_index().rename(columns={"household_id": "customer_id", "coupon_upc": "product_id"}))
    assert len(table.info["kappa"]) == 3
    check_campaigns(table, frame.customer_id.nunique(), sent.customer_id.nunique())
    assert len(set(table.campaign[table.cut == "campaign"])) == 27


@pytest.mark.slow
def test_amexpert_coupons_run_through(shared_data):
    folder = shared_data / "offers"
    log = pd.read_parquet(folder / "amexpert_offers.parquet")
    items = pd.read_parquet(folder / "amexpert_coupon_items.parquet").merge(pd.read_parquet(folder / "amexpert_items.parquet"))
    dates = pd.read_parquet(folder / "amexpert_campaigns.parquet")[["campaign_id", "start_date"]]
    frame = log.merge(dates).rename(
        columns={"id": "offer_id", "coupon_id": "product_id", "redemption_status": "accepted", "start_date": "offered_at"}
    )
    frame["offered_at"] = pd.to_datetime(frame.offered_at, format="%d/%m/%y")
    offers = read_offers(frame)
    people = pd.read_parquet(folder / "amexpert_demographics.parquet")[["customer_id", "age_range"]]
    categories, ages = labelled(offers, commonest(items, "coupon_id", "category"), people, "age_range")
    table = measure_campaigns(offers, categories=categories, segments=ages)
    check_campaigns(table, log.customer_id.nunique(), log.customer_id[log.redemption_status == 1].nunique())
    assert table.rate[0] > 0.1
    by_category = {label: rate for label, rate in zip(table.category, table.rate) if label}
    assert len(by_category) > 5
