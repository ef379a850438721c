"""The named money ratios, each from its amounts (one currency); a zero denominator gives NaN and the reason."""

from __future__ import annotations

from affinity.metrics.value import MetricValue, ratio


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


def simple_ltv(revenue: float, churn_rate: float) -> MetricValue:
    """Revenue / churn rate (S2), before margin; without churn it has no bound: NaN."""
    return ratio("simple_ltv", revenue, churn_rate)


def campaign_roi(revenue: float, cost: float) -> dict[str, MetricValue]:
    """Attributed revenue / cost ("gross") and (revenue − cost) / cost ("net") (S2); both, as they are often confused."""
    return {
        "gross": ratio("campaign_roi_gross", revenue, cost),
        "net": ratio("campaign_roi_net", revenue - cost, cost),
    }
