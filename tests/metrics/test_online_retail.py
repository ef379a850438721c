"""All metrics of a real shop by country and tenure: what its columns allow has a value, the rest a reason."""

from __future__ import annotations

import pytest

import affinity as af
from affinity.metrics import explain_metric

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
