"""What each named metric is: formula, the population of its denominator, source.

Sources: S0 metric-tree page, S1 finance page, S2 B2B SaaS glossary, S3 KPI library, S4 KPI page with a semantic model.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """formula : numerator / denominator in words; population : the rule of the denominator; source : who defines it so."""

    formula: str
    population: str
    source: str


_ACTIVE = "active customers at as_of: bought, still hold a product, not ended, churned, trial or prospect"

DEFINITIONS: dict[str, Definition] = {
    "eligible_conversion_rate": Definition(
        "eligible customers who bought a product new to them / eligible base",
        "customers before the window who could still be sold something",
        "S0 step 2",
    ),
    "offer_conversion_rate": Definition(
        "distinct customers who bought / distinct customers offered",
        "customers offered in the window a product they did not own, followed for the whole offer window",
        "S0 headline, S4 text",
    ),
    "offer_event_conversion_rate": Definition(
        "purchases / offers (rows)",
        "offers in the window of a product not owned, followed for the whole offer window",
        "S4 model",
    ),
    "customer_cross_sell_rate": Definition(
        "customers present at period start who bought a product new to them in it / customers at period start",
        "customers who bought before the window and had not ended by its start",
        "S1",
    ),
    "cross_sell_revenue_rate_opening": Definition(
        "cross-sell revenue / opening revenue", "revenue of the equally long period before the window", "S1 example"
    ),
    "cross_sell_revenue_share": Definition(
        "cross-sell revenue / total period revenue", "all revenue of the window, guests too", "S1 formula"
    ),
    "multi_product_rate": Definition(
        "active customers with at least 2 product families / active customers", _ACTIVE, "S2 formula"
    ),
    "post_initial_adoption_rate": Definition(
        "active customers who added a product after the first purchase / active customers", _ACTIVE, "S2 prose"
    ),
    "pair_conversion_rate": Definition(
        "A-owners who bought B within the horizon / A-owners eligible and observed",
        "see conversions, where it is estimated for every pair with censoring",
        "S2",
    ),
    "cohort_adoption_rate": Definition(
        "adopters within N months of first purchase / cohort",
        "customers by quarter of the first seen purchase",
        "S2",
    ),
    "campaign_conversion_rate": Definition(
        "adopters / targeted", "distinct customers of a campaign, followed for the whole offer window", "S2"
    ),
    "net_trial_conversion_rate": Definition("trial rate × trial-to-paid rate", "customers offered a trial", "S2"),
    "attach_rate": Definition("orders with A and B / orders with A", "orders of the window with A", "basket confidence"),
    "multi_item_order_rate": Definition(
        "orders with at least 2 products / orders (not a cross-sell)", "orders of the window, guests too", "S1 warning"
    ),
    "third_given_second_rate": Definition(
        "customers with at least 3 products / with at least 2", f"{_ACTIVE}, with at least 2 product families", "S2"
    ),
    "cross_sell_velocity_unconditional": Definition(
        "median days from first purchase to first added product (Kaplan–Meier)", "customers with dated purchases", "S2"
    ),
    "cross_sell_velocity_converters": Definition(
        "median days among those who convert within the horizon, censoring-adjusted: smallest u with F(u) ≥ ½F(h)",
        "customers with dated purchases",
        "S2",
    ),
    "cross_sell_revenue": Definition(
        "sum of the revenue of products added in the window", "customers who bought before they added", "S0 step 3"
    ),
    "expansion_revenue_share": Definition(
        "(cross-sell + upsell) revenue / total revenue", "all revenue of the window, guests too", "S2"
    ),
    "average_order_value": Definition("revenue / orders", "orders of the window, guests too", "S0"),
    "repeat_customer_rate": Definition(
        "customers with more than one purchase / unique customers", "customers who ordered in the window", "S0"
    ),
    "net_revenue_retention": Definition(
        "(opening + expansion − contraction − churned) / opening", "revenue of the customers at the start", "S0"
    ),
    "gross_revenue_retention": Definition(
        "(opening − contraction − churned) / opening", "revenue of the customers at the start", "S2"
    ),
    "customer_lifetime_value": Definition("ARPU × gross margin × lifespan", "a customer", "S0"),
    "simple_ltv": Definition("revenue / churn rate", "a customer", "S2"),
    "campaign_roi": Definition("revenue / cost (gross), and (revenue − cost) / cost (net)", "a campaign", "S2"),
}
