"""The named money ratios, each from its amounts (one currency); a zero denominator gives NaN and the reason."""

from __future__ import annotations

import math
from dataclasses import replace

from affinity.metrics.value import ZERO_DENOMINATOR, MetricValue, ratio


def cross_sell_revenue(customers: int, value_each: float) -> float:
    """Σ revenue of the added products: customers who converted × value each (S0 step 3), in money.

    >>> cross_sell_revenue(600, 40.0)
    24000.0
    """
    return customers * value_each


def cross_sell_revenue_rate_opening(cross_sell: float, opening: float) -> MetricValue:
    """Cross-sell revenue / opening revenue (the worked example of S1)."""
    return ratio("cross_sell_revenue_rate_opening", cross_sell, opening)


def cross_sell_revenue_share(cross_sell: float, total: float) -> MetricValue:
    """Cross-sell revenue / total period revenue (the formula of S1)."""
    return ratio("cross_sell_revenue_share", cross_sell, total)


def expansion_revenue_share(cross_sell: float, upsell: float, total: float) -> MetricValue:
    """(Cross-sell + upsell) / total revenue (S2)."""
    return ratio("expansion_revenue_share", cross_sell + upsell, total)


def average_order_value(revenue: float, orders: int) -> MetricValue:
    """Revenue / orders, money an order (S0)."""
    return ratio("average_order_value", revenue, orders)


def net_revenue_retention(opening: float, *, expansion: float, contraction: float, churned: float) -> MetricValue:
    """(Opening + expansion − contraction − churned) / opening (S0). May exceed 1."""
    return ratio("net_revenue_retention", opening + expansion - contraction - churned, opening)


def gross_revenue_retention(opening: float, *, contraction: float, churned: float) -> MetricValue:
    """(Opening − contraction − churned) / opening (S2), at most 1."""
    return ratio("gross_revenue_retention", opening - contraction - churned, opening)


def customer_lifetime_value(revenue_per_user: float, gross_margin: float, lifespan: float) -> float:
    """ARPU × gross margin × lifespan (S0): money; ARPU and lifespan in the same unit of time, margin in [0, 1]."""
    return revenue_per_user * gross_margin * lifespan


def simple_ltv(revenue: float, churn_rate: float, *, horizon: float | None = None) -> MetricValue:
    """Revenue / churn rate (S2), before margin; money. Without churn it has no bound: NaN, unless a horizon is given.

    horizon : periods of the churn rate after which nothing more is counted: revenue · (1 − (1 − churn)^horizon) / churn, and
              revenue · horizon without churn

    >>> round(simple_ltv(10_000, 0.15).value)
    66667
    """
    found = ratio("simple_ltv", revenue, churn_rate)
    if horizon is None:
        return found if churn_rate else replace(found, note="UNBOUNDED: without churn, give a horizon")
    periods = horizon if churn_rate == 0 else (1.0 - (1.0 - churn_rate) ** horizon) / churn_rate
    return replace(found, value=revenue * periods, note=None)


def campaign_roi_gross(revenue: float, cost: float) -> MetricValue:
    """Attributed revenue / cost (S2, which calls it ROI)."""
    return ratio("campaign_roi_gross", revenue, cost)


def campaign_roi_net(revenue: float, cost: float) -> MetricValue:
    """(Attributed revenue − cost) / cost."""
    return ratio("campaign_roi_net", revenue - cost, cost)


def campaign_roi(revenue: float, cost: float) -> dict[str, MetricValue]:
    """Attributed revenue / cost ("gross") and (revenue − cost) / cost ("net") (S2); both, as they are often confused."""
    return {"gross": campaign_roi_gross(revenue, cost), "net": campaign_roi_net(revenue, cost)}


def upsell_revenue(customers: int, value_each: float) -> float:
    """Σ revenue of products new to a customer in families owned: customers × value each, in money."""
    return customers * value_each


def cross_sell_recurring_revenue(customers: int, monthly_value_each: float) -> float:
    """Money a month of families taken up: customers × money a month each (S0: 600 × £40 = £24,000).

    >>> cross_sell_recurring_revenue(600, 40.0)
    24000.0
    """
    return customers * monthly_value_each


def upsell_recurring_revenue(customers: int, monthly_value_each: float) -> float:
    """Money a month added to families that were paid for: customers × money a month each."""
    return customers * monthly_value_each


def retention_gap(multi_churned: float, multi_time: float, single_churned: float, single_time: float) -> MetricValue:
    """Churn rate of multi- over single-product customers, from churned customers and the customer-days each kind was followed.

    Time before a customer's second product belongs to the single kind, or the figure is immortal time. One stratum; the
    bounds are those of a rate ratio, exp(ln RR ± 1.96 √(1/d₁ + 1/d₀)). An association, not an effect.

    >>> round(retention_gap(8, 1000, 15, 1000).value, 3)
    0.533
    """
    if min(multi_time, single_time) <= 0 or single_churned == 0:
        return MetricValue("retention_gap", multi_churned, single_churned, math.nan, note=ZERO_DENOMINATOR)
    top, bottom = multi_churned / multi_time, single_churned / single_time
    if multi_churned == 0:
        return MetricValue("retention_gap", top, bottom, 0.0, note="NO_EVENTS: nobody of the multi-product customers churned")
    half = 1.959964 * math.sqrt(1 / multi_churned + 1 / single_churned)
    value = top / bottom
    return MetricValue("retention_gap", top, bottom, value, value * math.exp(-half), value * math.exp(half))
