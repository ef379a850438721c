"""All metrics of a real shop by country and tenure: what its columns allow has a value, the rest a reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.baskets import net_returns
from affinity.metrics import explain_metric
from affinity.periods import read_period, read_times

pytestmark = pytest.mark.slow

LACKING = {
    "NO_FAMILIES": {"customer_upsell_rate", "upsell_revenue", "expansion_revenue_share"},
    "NO_SUBSCRIPTIONS": {
        "cross_sell_recurring_revenue", "upsell_recurring_revenue", "net_revenue_retention", "gross_revenue_retention",
    },
    "NO_ENDS": {"customer_churn_rate", "simple_ltv", "retention_gap"},
    "NO_MARGINS": {"customer_lifetime_value"},
    "NO_OFFERS": {
        "offer_conversion_rate", "offer_event_conversion_rate", "campaign_conversion_rate", "campaign_roi_gross",
        "campaign_roi_net", "net_trial_conversion_rate",
    },
}  # fmt: skip


def test_online_retail_by_country_and_tenure(shared_data):
    found = af.compute_metrics(shared_data / "retail" / "online_retail_ii_raw.parquet", by=("country", "tenure")).to_pandas()
    blends = found[found["segment_by"].isna()].set_index("metric")
    for code, names in LACKING.items():
        for name in names:
            assert blends.loc[name, "note"].startswith(code), name
            assert explain_metric(name).needs
    given = blends.drop(index=[name for names in LACKING.values() for name in names])
    assert len(given) == 24
    assert given["value"].notna().all()
    assert given["spread_by"].notna().all()
    tenure = found[found["segment_by"] == "tenure"]
    assert set(tenure["segment"]) == {"Y1", "Y2", "Y3+", "(unknown)"}
    assert set(found["segment_by"].dropna()) == {"country", "tenure", "cohort"}
    for name in ("customer_cross_sell_rate", "multi_product_rate", "average_order_value"):
        for by in ("country", "tenure"):
            parts = found[(found["metric"] == name) & (found["segment_by"] == by)]
            assert parts["numerator"].sum() == pytest.approx(blends.loc[name, "numerator"]), (name, by)
            assert parts["denominator"].sum() == blends.loc[name, "denominator"], (name, by)


def reckoned(frame):
    """{metric: (numerator, denominator)} by plain pandas, from net lines; the window is the last 90 days."""
    frame = frame.assign(day=frame["ordered_at"].dt.normalize())
    as_of = frame["day"].max() + pd.Timedelta(days=1)
    start, opening = as_of - pd.Timedelta(days=90), as_of - pd.Timedelta(days=180)
    known = frame[frame["customer_id"].notna()]
    window = frame[frame["day"] >= start]
    began = frame.groupby("order_id")["day"].min()
    orders = window[window["order_id"].isin(began[began >= start].index)].groupby("order_id")
    by_customer = orders["customer_id"].first().dropna().value_counts()
    first = known.groupby("customer_id")["day"].min()
    pairs = known.groupby(["customer_id", "product_id"])["day"].min().reset_index()
    pairs["first"] = pairs["customer_id"].map(first)
    held = pairs.groupby("customer_id").size()
    added = pairs[pairs["day"] > pairs["first"]]
    new = added[added["day"] >= start]
    present = first[first < start].index
    bought = known[known["day"] >= start].merge(new[["customer_id", "product_id"]], on=["customer_id", "product_id"])
    cross, total = bought["net_amount"].sum(), window["net_amount"].sum()
    before = frame.loc[(frame["day"] >= opening) & (frame["day"] < start), "net_amount"].sum()
    return {
        "repeat_customer_rate": ((by_customer > 1).sum(), len(by_customer)),
        "average_order_value": (orders["net_amount"].sum().sum(), orders.ngroups),
        "multi_item_order_rate": ((orders["product_id"].nunique() > 1).sum(), orders.ngroups),
        "multi_product_rate": ((held >= 2).sum(), len(held)),
        "third_given_second_rate": ((held >= 3).sum(), (held >= 2).sum()),
        "post_initial_adoption_rate": (added["customer_id"].nunique(), len(held)),
        "customer_cross_sell_rate": (new["customer_id"][new["customer_id"].isin(present)].nunique(), len(present)),
        "cross_sell_revenue": (cross, np.nan),
        "cross_sell_revenue_rate_opening": (cross, before),
        "cross_sell_revenue_share": (cross, total),
    }


def test_ten_metrics_by_plain_pandas(shared_data):
    lines = net_returns(af.read_orders(shared_data / "retail" / "online_retail_ii_raw.parquet"))
    found = af.compute_metrics(lines).to_pandas()
    blends = found[found["segment"].isna()].set_index("metric")
    for name, (top, bottom) in reckoned(lines.to_pandas()).items():
        assert blends.loc[name, "numerator"] == pytest.approx(top, rel=1e-9), name
        assert blends.loc[name, "denominator"] == pytest.approx(bottom, rel=1e-9, nan_ok=True), name


def test_the_tree_is_exact_and_a_change_leaves_nothing_over(shared_data):
    times = read_times(shared_data / "retail" / "online_retail_ii_raw.parquet")
    before, after = times.trees((read_period("previous", times), times.last), ("country", "tenure"))
    drivers = after.root.parts
    assert after.value_of("cross_sell_revenue") == pytest.approx(np.prod([after.value_of(name) for name in drivers]))
    for method in ("shapley", "lmdi"):
        change = af.compare_metric_trees(before, after, method=method)
        left = change.change - sum(change.contribution_of(name) for name in drivers) - change.came_or_went[0]
        assert abs(left) < 1e-9 * max(abs(before.value[0, 0]), abs(after.value[0, 0]))
        parts = change.size_effect + change.mix_effect + change.rate_effect
        assert parts == pytest.approx(change.change, rel=1e-9)
