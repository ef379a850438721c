"""The named metrics: name -> "module:function".

MEASURES are counted from tables (function of `Facts`); FORMULAS are plain functions of counts or amounts.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from affinity.errors import SettingsError, did_you_mean
from affinity.metrics.definitions import DEFINITIONS
from affinity.metrics.meanings import MEANINGS, is_ambiguous

MEASURES = {
    "repeat_customer_rate": "affinity.metrics.orders:count_repeat_customers",
    "average_order_value": "affinity.metrics.orders:count_order_value",
    "multi_item_order_rate": "affinity.metrics.orders:count_multi_item_orders",
    "multi_product_rate": "affinity.metrics.adoption:count_multi_product",
    "third_given_second_rate": "affinity.metrics.adoption:count_third_given_second",
    "post_initial_adoption_rate": "affinity.metrics.adoption:count_post_initial",
    "customer_cross_sell_rate": "affinity.metrics.adoption:count_cross_sold",
    "customer_upsell_rate": "affinity.metrics.adoption:count_upsold",
    "eligible_conversion_rate": "affinity.metrics.adoption:count_eligible_converted",
    "cross_sell_revenue": "affinity.metrics.revenue:sum_cross_sell",
    "cross_sell_revenue_rate_opening": "affinity.metrics.revenue:sum_cross_sell_of_opening",
    "cross_sell_revenue_share": "affinity.metrics.revenue:sum_cross_sell_of_total",
    "upsell_revenue": "affinity.metrics.revenue:sum_upsell",
    "expansion_revenue_share": "affinity.metrics.revenue:sum_expansion_of_total",
    "cross_sell_recurring_revenue": "affinity.metrics.recurring:sum_cross_sold",
    "upsell_recurring_revenue": "affinity.metrics.recurring:sum_upsold",
    "net_revenue_retention": "affinity.metrics.recurring:sum_net_retained",
    "gross_revenue_retention": "affinity.metrics.recurring:sum_gross_retained",
    "customer_churn_rate": "affinity.metrics.recurring:count_churned",
    "simple_ltv": "affinity.metrics.lifetime:value_until_churn",
    "customer_lifetime_value": "affinity.metrics.lifetime:margin_until_churn",
    "retention_gap": "affinity.metrics.retention:compare_churn",
    "offer_conversion_rate": "affinity.metrics.offered:count_offered_customers",
    "offer_event_conversion_rate": "affinity.metrics.offered:count_offers",
    "campaign_conversion_rate": "affinity.metrics.offered:count_campaigns",
    "campaign_roi_gross": "affinity.metrics.campaigns:sum_gross_return",
    "campaign_roi_net": "affinity.metrics.campaigns:sum_net_return",
    "net_trial_conversion_rate": "affinity.metrics.campaigns:count_trials_paid",
    "cross_sell_velocity_unconditional": "affinity.metrics.velocity:time_to_added",
    "cross_sell_velocity_converters": "affinity.metrics.velocity:time_to_added_of_converters",
    "cohort_adoption_rate": "affinity.metrics.velocity:count_cohorts",
}

FORMULAS = {
    **{
        name: f"affinity.metrics.rates:{name}"
        for name in (
            "eligible_conversion_rate", "offer_conversion_rate", "offer_event_conversion_rate", "customer_cross_sell_rate",
            "multi_product_rate", "post_initial_adoption_rate", "pair_conversion_rate", "cohort_adoption_rate",
            "campaign_conversion_rate", "net_trial_conversion_rate", "attach_rate", "multi_item_order_rate",
            "third_given_second_rate", "repeat_customer_rate", "customer_upsell_rate", "customer_churn_rate",
        )
    },
    **{
        name: f"affinity.metrics.money:{name}"
        for name in (
            "cross_sell_revenue", "cross_sell_revenue_rate_opening", "cross_sell_revenue_share", "expansion_revenue_share",
            "average_order_value", "net_revenue_retention", "gross_revenue_retention", "customer_lifetime_value",
            "simple_ltv", "campaign_roi", "campaign_roi_gross", "campaign_roi_net", "upsell_revenue",
            "cross_sell_recurring_revenue", "upsell_recurring_revenue", "retention_gap",
        )
    },
    **{
        name: f"affinity.metrics.medians:{name}"
        for name in ("cross_sell_velocity_unconditional", "cross_sell_velocity_converters")
    },
}  # fmt: skip


def find_metric(name: str) -> Callable[..., Any]:
    """The plain function of the metric ``name``.

    Raises SettingsError for an unknown name, and for the bare "cross_sell_rate", with the metrics it may mean.

    >>> find_metric("campaign_conversion_rate")(94, 520).value
    0.18076923076923077
    """
    return load(FORMULAS, name)


def load(registry: dict[str, str], name: str) -> Callable[..., Any]:
    """The function that ``registry`` names; SettingsError when it has none of this name."""
    check_name(name, registry)
    module, function = registry[name].split(":")
    return getattr(import_module(module), function)


def check_name(name: str, known: dict[str, str]) -> None:
    """SettingsError unless ``name`` is one of ``known``."""
    if name in known:
        return
    if is_ambiguous(name):
        raise SettingsError(
            f"There is no metric {name!r}: one name for a dozen different ratios.",
            why="They answer different questions and differ widely on the same shop.",
            do="Name the one you mean: " + "; ".join(f"{one} = {DEFINITIONS[one].formula}" for one in MEANINGS) + ".",
        )
    where = " that is counted from tables" if name in DEFINITIONS else ""
    raise SettingsError(f"There is no metric {name!r}{where}.", do=did_you_mean(name, known))
