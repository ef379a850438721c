"""Laws of every metric on any shop: shares are shares, segments make the blend, the ledger adds up, nothing is null unsaid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.baskets import collect_holdings, net_returns
from affinity.eligibility import EligibilityRules, judge_eligibility
from affinity.metrics import compute_metrics
from affinity.settings import MetricSettings
from affinity.tables import Customers, Products
from tests.makers import make_lines, make_offers

LINES = st.lists(
    st.tuples(
        st.integers(0, 8), st.sampled_from(["c1", "c2", "c3", "c4", None]), st.sampled_from("ABCD"), st.integers(0, 59),
        st.sampled_from([1, 2, -1]), st.sampled_from([1.0, 2.5, math.nan]),
    ),
    max_size=30,
)  # fmt: skip
OFFERS = st.lists(
    st.tuples(
        st.sampled_from(["c1", "c2", "c4", "new"]), st.sampled_from(["A", "B", None]), st.integers(0, 59),
        st.sampled_from([0, 1, None]), st.sampled_from(["x", "y", None]),
    ),
    max_size=8,
)  # fmt: skip
FAMILIES = np.array(["F", "F", "G", None], dtype=object)


def day(number):
    return str(np.datetime64("2011-01-01") + number)


def measure(rows, offered, families=True):
    texts = [(f"o{o}-{c}", c, p, day(at), q, money) for o, c, p, at, q, money in rows]
    lines = net_returns(make_lines(texts, products=list("ABCD"), as_of=day(60)))
    bare = Products.bare(lines.products)
    from dataclasses import replace

    products = (
        replace(bare, family=FAMILIES, lasting_days=np.array([30.0, 30.0, np.nan, np.nan]), margin=np.ones(4))
        if families
        else bare
    )
    customers = Customers.bare(lines.customers)
    offers = make_offers(
        [(c, p, day(at), yes, name) for c, p, at, yes, name in offered if c in lines.customers.labels],
        lines.customers,
        lines.products,
    )
    priced = replace(offers, cost=np.ones(len(offers)))
    judged = judge_eligibility(
        collect_holdings(lines),
        products=products,
        customers=customers,
        offers=priced,
        rules=EligibilityRules(),
        as_of_day=lines.as_of_day,
    )
    chosen = MetricSettings(window_days=20, offer_window_days=5, lapse_days=10, landmark_days=2, min_cell=1)
    found = compute_metrics(
        lines,
        products=products,
        customers=customers,
        offers=priced,
        eligibility=judged,
        settings=chosen,
        by=("tenure", "first_product"),
    )
    return found.to_pandas(), judged, lines


@settings(deadline=None, max_examples=60)
@given(rows=LINES, offered=OFFERS)
def test_every_row_keeps_the_laws(rows, offered):
    found, judged, lines = measure(rows, offered)
    assert sum(judged.ledger.values()) == len(lines.customers) * len(lines.products)
    null = found["value"].isna()
    assert found.loc[null, "note"].str.len().gt(0).all()
    assert found["interval"].notna().all()
    shares = found[found["interval"].str.startswith(("Wilson", "Kaplan")) & ~null]
    assert shares["value"].between(0, 1).all()
    assert (shares["numerator"] <= shares["denominator"]).all()
    assert ((shares["lower"] <= shares["value"] + 1e-12) & (shares["value"] <= shares["upper"] + 1e-12)).all()
    bounded = found[found["lower"].notna()]
    assert (bounded["lower"] <= bounded["value"]).all()
    assert not bounded["interval"].str.startswith("none").any()
    blends = found[found["segment_by"].isna()].set_index("metric")
    summed = found[found["interval"].str.startswith(("Wilson", "delta", "none: a")) & (found["segment_by"] == "tenure")]
    for metric, parts in summed.groupby("metric"):
        if null[found["metric"] == metric].any() or metric.startswith(("simple", "customer_lifetime")):
            continue
        assert parts["numerator"].sum() == pytest.approx(blends.loc[metric, "numerator"]), metric
    gross = blends.loc["gross_revenue_retention"]
    if not math.isnan(gross["value"]):
        assert gross["value"] <= 1 + 1e-12
        assert gross["value"] <= blends.loc["net_revenue_retention", "value"] + 1e-12


@settings(deadline=None, max_examples=20)
@given(rows=LINES, offered=OFFERS, seed=st.integers(0, 99))
def test_the_order_of_the_lines_does_not_matter(rows, offered, seed):
    rows = [row for row in rows if row[4] > 0]  # which purchase a return meets goes by row
    turned = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    one, other = measure(rows, offered)[0], measure(turned, offered)[0]
    for name in ("numerator", "denominator", "value", "lower", "upper"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-12)
    assert one[["metric", "segment", "note"]].equals(other[["metric", "segment", "note"]])


def test_upsell_and_cross_sell_are_apart():
    rows = [(0, "c1", "A", 0, 1, 1.0), (1, "c1", "B", 50, 1, 7.0), (2, "c1", "C", 51, 1, 5.0)]  # B is of A's family
    found = measure(rows, [])[0]
    found = found[found["segment_by"].isna()].set_index("metric")
    assert (found.loc["upsell_revenue", "value"], found.loc["cross_sell_revenue", "value"]) == (7, 5)
    assert (found.loc["customer_upsell_rate", "value"], found.loc["customer_cross_sell_rate", "value"]) == (1, 1)
    without = measure(rows, [], families=False)[0].set_index("metric")
    assert without.loc["upsell_revenue", "note"].startswith("NO_FAMILIES")
    assert without.loc["cross_sell_revenue", "value"].max() == 12
