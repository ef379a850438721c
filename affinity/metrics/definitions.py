"""What each named metric is: formula, the population of its denominator, source, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

#: The short names of the sources.
SOURCES = {
    "S0": "a metric-tree page",
    "S1": "a finance page",
    "S2": "a B2B SaaS glossary",
    "S3": "a KPI library",
    "S4": "a KPI page with a semantic model",
}


@dataclass(frozen=True)
class Definition:
    """formula : numerator / denominator in words; population : the rule of the denominator; source : who defines it so;
    needs : the tables and columns that it is counted from."""

    formula: str
    population: str
    source: str
    needs: str


_ORDERS = "orders: order_id, product_id"
_LINES = f"{_ORDERS}, customer_id, ordered_at"
_MONEY = f"{_LINES}, quantity, unit_price"
_FAMILIES = "products: family (else each product is its own)"
_ADDS = f"{_LINES}; {_FAMILIES}"
_OFFERS = f"{_LINES}; offers: customer_id, product_id, offered_at (accepted, else measured from the orders)"
_PAID = "subscriptions: customer_id, product_id, started_at, ended_at, recurring (or products: lasting_days)"
_LOSSES = f"{_PAID}; or customers: ended_at, with {_MONEY}"
_ACTIVE = "active customers at as_of: bought, still hold a product, not ended, churned, trial or prospect"
_OPENING = "customers who paid on the day before the window"

DEFINITIONS: dict[str, Definition] = {
    "eligible_conversion_rate": Definition(
        "eligible customers who bought a product new to them / eligible base",
        "customers before the window who could still be sold something",
        "S0 step 2",
        f"{_ADDS}; an eligibility (else everything was open to all)",
    ),
    "offer_conversion_rate": Definition(
        "distinct customers who bought / distinct customers offered",
        "customers offered in the window a product they did not own, followed for the whole offer window",
        "S0 headline, S4 text",
        _OFFERS,
    ),
    "offer_event_conversion_rate": Definition(
        "purchases / offers (rows)",
        "offers in the window of a product not owned, followed for the whole offer window",
        "S4 model",
        _OFFERS,
    ),
    "customer_cross_sell_rate": Definition(
        "customers present at period start who bought a product new to them in it / customers at period start",
        "customers who bought before the window and had not ended by its start",
        "S1",
        _ADDS,
    ),
    "customer_upsell_rate": Definition(
        "customers present at period start who bought a further product of a family they owned / customers at period start",
        "customers who bought before the window and had not ended by its start",
        "S0, S2: beside the cross-sell rate, never added to it",
        f"{_LINES}; products: family",
    ),
    "cross_sell_revenue_rate_opening": Definition(
        "cross-sell revenue / opening revenue",
        "revenue of the equally long period before the window",
        "S1 example",
        f"{_MONEY}; {_FAMILIES}",
    ),
    "cross_sell_revenue_share": Definition(
        "cross-sell revenue / total period revenue",
        "all revenue of the window, guests too",
        "S1 formula",
        f"{_MONEY}; {_FAMILIES}",
    ),
    "multi_product_rate": Definition(
        "active customers with at least 2 product families / active customers", _ACTIVE, "S2 formula", _ADDS
    ),
    "post_initial_adoption_rate": Definition(
        "active customers who added a product after the first purchase / active customers", _ACTIVE, "S2 prose", _ADDS
    ),
    "pair_conversion_rate": Definition(
        "A-owners who bought B within the horizon / A-owners eligible and observed (Kaplan–Meier)",
        "customers whose first purchase of A lies inside the data, without B before or on that day",
        "S2",
        f"{_LINES}; settings: attach_pairs, pair_horizon_days (all pairs: `affinity convert`)",
    ),
    "cohort_adoption_rate": Definition(
        "adopters within N months of first purchase / cohort",
        "customers by calendar quarter (cohort_by) of the first seen purchase; over all: complete cohorts only",
        "S2",
        _ADDS,
    ),
    "campaign_conversion_rate": Definition(
        "adopters / targeted",
        "distinct customers of a campaign, followed for the whole offer window",
        "S2",
        f"{_OFFERS}, campaign_id",
    ),
    "net_trial_conversion_rate": Definition(
        "trial rate × trial-to-paid rate",
        "distinct customers offered in the window a product they did not own, followed for the offer window and the trial",
        "S2",
        f"{_OFFERS}; subscriptions: trial",
    ),
    "attach_rate": Definition(
        "orders with A and B / orders with A",
        "orders of the window with A",
        "basket confidence",
        f"{_ORDERS}; settings: attach_pairs",
    ),
    "multi_item_order_rate": Definition(
        "orders with at least 2 products / orders (not a cross-sell)",
        "orders of the window, guests too",
        "S1 warning",
        _ORDERS,
    ),
    "third_given_second_rate": Definition(
        "customers with at least 3 products / with at least 2", f"{_ACTIVE}, with at least 2 product families", "S2", _ADDS
    ),
    "cross_sell_velocity_unconditional": Definition(
        "median days from first purchase to first added product (Kaplan–Meier)", "customers with dated purchases", "S2", _ADDS
    ),
    "cross_sell_velocity_converters": Definition(
        "median days among those who convert within the horizon, censoring-adjusted: smallest u with F(u) ≥ ½F(h)",
        "customers with dated purchases",
        "S2",
        f"{_ADDS}; settings: velocity_horizon_days",
    ),
    "cross_sell_revenue": Definition(
        "sum of the revenue of products added in the window",
        "customers who bought before they added",
        "S0 step 3",
        f"{_MONEY}; {_FAMILIES}",
    ),
    "upsell_revenue": Definition(
        "sum of the revenue of products new to the customer in families that the customer had",
        "customers who had the family before the product",
        "S0, S2: beside cross-sell revenue, never added to it",
        f"{_MONEY}; products: family",
    ),
    "cross_sell_recurring_revenue": Definition(
        "money a month of families taken up in the window by paying customers", _OPENING, "S0 step 3", _PAID
    ),
    "upsell_recurring_revenue": Definition(
        "money a month added in the window to families that were paid for (tier, seats, price)", _OPENING, "S1, S2", _PAID
    ),
    "expansion_revenue_share": Definition(
        "(cross-sell + upsell) revenue / total revenue",
        "all revenue of the window, guests too",
        "S2",
        f"{_MONEY}; products: family",
    ),
    "average_order_value": Definition(
        "revenue / orders", "orders of the window, guests too", "S0", f"{_ORDERS}, quantity, unit_price"
    ),
    "repeat_customer_rate": Definition(
        "customers with more than one purchase / unique customers",
        "customers who ordered in the window",
        "S0",
        f"{_ORDERS}, customer_id",
    ),
    "net_revenue_retention": Definition(
        "(opening + expansion − contraction − churned) / opening", f"recurring revenue of {_OPENING}", "S0", _PAID
    ),
    "gross_revenue_retention": Definition(
        "(opening − contraction − churned) / opening", f"recurring revenue of {_OPENING}", "S2", _PAID
    ),
    "customer_churn_rate": Definition(
        "customers at period start who left in the window / customers at period start",
        f"{_OPENING}, or who had bought and not ended by then",
        "S2",
        _LOSSES,
    ),
    "customer_lifetime_value": Definition(
        "ARPU × gross margin × lifespan (1 / churn rate)",
        "customers at period start; revenue and churn of the window, gross margin of products of known margin",
        "S0",
        f"{_LOSSES}; products: margin",
    ),
    "simple_ltv": Definition(
        "revenue / churn rate (before margin)", "customers at period start; revenue and churn of the window", "S2", _LOSSES
    ),
    "retention_gap": Definition(
        "churn rate of customers with at least 2 families / with one, same tenure and stratum (Mantel–Haenszel); associational",
        "customers whose start lies inside the data and who were there at the landmark; time before the second family counts "
        "as single-product time",
        "S0, S2",
        f"{_ADDS}; customers: ended_at, or subscriptions (or settings: lapse_days)",
    ),
    "campaign_roi": Definition(
        "attributed revenue / cost (gross), and (revenue − cost) / cost (net)",
        "a campaign",
        "S2",
        "see campaign_roi_gross and campaign_roi_net",
    ),
    "campaign_roi_gross": Definition(
        "attributed revenue / cost",
        "offers of known cost, followed for the whole offer window; revenue of the offered product in that window",
        "S2",
        f"{_OFFERS}, cost; orders: quantity, unit_price",
    ),
    "campaign_roi_net": Definition(
        "(attributed revenue − cost) / cost",
        "offers of known cost, followed for the whole offer window; revenue of the offered product in that window",
        "S2",
        f"{_OFFERS}, cost; orders: quantity, unit_price",
    ),
}
