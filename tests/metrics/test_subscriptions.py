"""Subscriptions: their events, and what paying customers kept, added and gave up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import affinity as af
from affinity.metrics import compute_metrics, list_events, spells_from_orders
from affinity.metrics.facts import gather_facts
from affinity.metrics.recurring import movements_of
from affinity.settings import MetricSettings
from affinity.tables import Products, Subscriptions
from affinity.tables.subscriptions import KINDS
from tests.makers import day_number, make_lines

BEGIN = day_number("2024-01-01")
FAMILY = {"basic": "core", "pro": "core"}
LABELS = ["basic", "chat", "pro"]


def make_spells(rows, lines):
    """Subscriptions from rows (customer, product, first day, end day or −1, money a month, seats, trial)."""
    full = [(*row, *(None, None)[len(row) - 5 :]) for row in rows]
    return Subscriptions(
        customer=lines.customers.encode([row[0] for row in full]),
        product=lines.products.encode([row[1] for row in full]),
        started_at=np.array([row[2] + BEGIN for row in full], dtype=np.int32),
        ended_at=np.array([row[3] + BEGIN if row[3] >= 0 else -1 for row in full], dtype=np.int32),
        recurring=np.array([row[4] for row in full], dtype=np.float64),
        seats=np.array([np.nan if row[5] is None else row[5] for row in full]),
        trial=np.array([bool(row[6]) for row in full], dtype=bool),
        customers=lines.customers,
        products=lines.products,
    )


def shop(customers=("a", "b", "c", "d"), as_of=200):
    """A line each on the first day, so that everybody is known."""
    rows = [(f"o-{c}", c, "basic", str(np.datetime64("2024-01-01")), 1, 10.0) for c in customers]
    return make_lines(rows, products=LABELS, as_of=str(np.datetime64("2024-01-01") + as_of))


def described(lines, tiers=(None, None, None)):
    bare = Products.bare(lines.products)
    family = np.array([FAMILY.get(label) for label in lines.products.labels], dtype=object)
    return replace(bare, family=family, tier=np.array(tiers, dtype=object))


def events(rows, *, tiers=(None, None, None), **options):
    lines = shop()
    found = list_events(make_spells(rows, lines), described(lines, tiers), as_of_day=BEGIN + 200, **options).to_pandas()
    return [(r.customer_id, r.product_id, r.kind, int((r.day - np.datetime64("2024-01-01")).days)) for r in found.itertuples()]


def test_each_kind_of_event():
    assert events(
        [("a", "basic", 0, 30, 10), ("a", "basic", 30, 60, 10), ("a", "pro", 60, 90, 20), ("a", "basic", 90, 120, 10)]
    ) == [
        ("a", "basic", "start", 0),
        ("a", "basic", "renewal", 30),
        ("a", "pro", "upgrade", 60),
        ("a", "basic", "downgrade", 90),
        ("a", "basic", "churn", 120),
    ]
    assert events([("a", "basic", 0, 30, 10, 1), ("a", "basic", 33, 60, 20, 2), ("a", "basic", 68, -1, 20, 2)]) == [
        ("a", "basic", "start", 0),
        ("a", "basic", "seat_change", 33),
        ("a", "basic", "churn", 60),
        ("a", "basic", "reactivation", 68),
    ]
    assert events([("a", "basic", 0, 30, 10, None, True), ("a", "basic", 30, 250, 10)]) == [("a", "basic", "start", 30)]
    assert set(KINDS) == {"start", "renewal", "upgrade", "downgrade", "seat_change", "churn", "reactivation"}


def test_tiers_decide_before_money():
    rows = [("a", "basic", 0, 30, 30), ("a", "pro", 30, -1, 20)]  # a discounted pro
    assert events(rows)[1][2] == "downgrade"
    assert events(rows, tiers=("1", None, "2"), tier_order=("1", "2"))[1][2] == "upgrade"


def test_a_further_family_is_a_cross_sell_and_a_first_one_is_not():
    lines = shop()
    found = list_events(make_spells([("a", "basic", 0, -1, 10), ("a", "chat", 50, -1, 5)], lines), described(lines)).to_pandas()
    assert found[["kind", "cross_sell"]].to_numpy().tolist() == [["start", False], ["start", True]]


def test_spells_of_orders_end_when_what_was_paid_for_ends():
    lines = make_lines(
        [("o", "a", "basic", "2024-01-01", 2, 60.0), ("p", None, "basic", "2024-01-01", 1, 60.0)], products=LABELS
    )
    products = replace(described(lines), lasting_days=np.array([60.0, np.nan, np.nan]))
    found = spells_from_orders(lines, products)
    assert (found.started_at.tolist(), found.ended_at.tolist(), found.seats.tolist()) == ([BEGIN], [BEGIN + 60], [2])
    assert found.recurring[0] == pytest.approx(120 / 60 * 365.25 / 12)


def measure(rows, **given):
    lines = shop()
    found = compute_metrics(
        lines,
        products=described(lines),
        subscriptions=make_spells(rows, lines),
        settings=MetricSettings(window_days=100, **given),
    ).to_pandas()
    return {row.metric: row for row in found[found["segment_by"].isna()].itertuples()}


def test_the_bridge_of_a_window():
    found = measure(
        [
            ("a", "basic", 0, 120, 10), ("a", "pro", 120, -1, 25), ("a", "chat", 150, -1, 5),  # upsell 15, cross-sell 5
            ("b", "basic", 0, 150, 20), ("b", "chat", 0, -1, 4),  # gives up a family and stays: contraction 20
            ("c", "basic", 0, 130, 30),  # churned 30
            ("d", "basic", 150, -1, 40),  # new: in neither
        ]
    )  # fmt: skip
    assert (found["net_revenue_retention"].numerator, found["net_revenue_retention"].denominator) == (34, 64)
    assert (found["gross_revenue_retention"].numerator, found["gross_revenue_retention"].denominator) == (14, 64)
    assert (found["upsell_recurring_revenue"].value, found["cross_sell_recurring_revenue"].value) == (15, 5)
    assert (found["customer_churn_rate"].numerator, found["customer_churn_rate"].denominator) == (1, 3)
    ltv = found["simple_ltv"]
    assert ltv.value == pytest.approx(64 / 3 * 100 / (365.25 / 12) / (1 / 3))
    assert ltv.note.startswith("before margin")
    assert found["customer_lifetime_value"].note.startswith("NO_MARGINS")


def test_without_churn_a_lifetime_has_no_bound_unless_a_horizon_is_given():
    rows = [("a", "basic", 0, -1, 10), ("b", "basic", 0, -1, 10)]
    assert measure(rows)["simple_ltv"].note.find("UNBOUNDED: nobody churned") >= 0
    assert np.isnan(measure(rows)["simple_ltv"].value)
    assert measure(rows, ltv_horizon_days=200)["simple_ltv"].value == pytest.approx(10 * 200 / (365.25 / 12))


def test_without_subscriptions_the_reason_is_said():
    found = compute_metrics(shop()).to_pandas().set_index("metric")["note"]
    for name in ("net_revenue_retention", "gross_revenue_retention", "cross_sell_recurring_revenue"):
        assert found[name].startswith("NO_SUBSCRIPTIONS"), name
    assert found["customer_churn_rate"].startswith("NO_ENDS")


SPELLS = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.sampled_from(LABELS), st.integers(0, 190), st.integers(1, 200), st.sampled_from([5.0, 10.0])
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=80)
@given(rows=SPELLS)
def test_the_movements_add_up_and_agree_with_plain_counting(rows):
    lines = shop()
    spells = make_spells([(c, p, s, s + days, money) for c, p, s, days, money in rows], lines)
    facts = gather_facts(
        lines, products=described(lines), customers=None, offers=None, eligibility=None, subscriptions=spells,
        settings=MetricSettings(window_days=100, renewal_grace_days=0),
    )  # fmt: skip
    moved = movements_of(facts)
    gained = moved.opening + moved.cross_sell + moved.upsell + moved.started
    assert gained - moved.contraction - moved.churned == pytest.approx(moved.closing)
    assert (moved.contraction + moved.churned <= moved.opening + 1e-9).all()
    if len({(c, p) for c, p, *_ in rows}) == len(rows):  # no spell is cut by the next of its product
        for day, column in ((99, moved.opening), (199, moved.closing)):
            for i, who in enumerate(lines.customers.labels):
                plain = sum(money for c, _, s, days, money in rows if c == who and s <= day < s + days)
                assert column[i] == pytest.approx(plain)


def test_a_file_of_subscriptions(tmp_path):
    path = tmp_path / "subscriptions.csv"
    path.write_text(
        "customer_id,product_id,started_at,ended_at,mrr,seats,trial\na,basic,2024-01-01,,10,2,\nb,pro,2024-02-01,2024-03-01,20,1,yes\n"
    )
    found = af.read_subscriptions(path)
    assert found.to_pandas()["recurring"].tolist() == [10, 20]
    assert found.trial.tolist() == [False, True]
    assert found.ended_at.tolist() == [-1, day_number("2024-03-01")]
    assert af.read_subscriptions(found) is found
    orders = make_lines([("o", "a", "basic", "2024-01-01"), ("p", "b", "pro", "2024-02-01")], as_of="2024-06-01").to_pandas()
    metrics = af.compute_metrics(
        orders.rename(columns={"net_amount": "unit_price"}), subscriptions=path, as_of="2024-06-01"
    ).to_pandas()
    assert metrics.set_index("metric").loc["net_revenue_retention", "denominator"].max() == 10
