"""The named shares, each from its two counts, with a Wilson 95 % interval; a zero denominator gives NaN and the reason.

The formula, population and source of each stand in `affinity.metrics.definitions`.
"""

from __future__ import annotations

from affinity.metrics.value import MetricValue, ratio, share


def eligible_conversion_rate(converted: int, eligible: int) -> MetricValue:
    """Eligible customers who bought / eligible base (S0).

    >>> eligible_conversion_rate(600, 5000).value
    0.12
    """
    return share("eligible_conversion_rate", converted, eligible)


def offer_conversion_rate(bought: int, offered: int) -> MetricValue:
    """Distinct customers who bought / distinct customers offered (S0 headline, S4 text)."""
    return share("offer_conversion_rate", bought, offered)


def offer_event_conversion_rate(purchases: int, offers: int) -> MetricValue:
    """Purchases / offers, both as rows (S4 model). An offer may be followed by several purchases, so no interval then."""
    if purchases > offers:
        return ratio("offer_event_conversion_rate", purchases, offers)
    return share("offer_event_conversion_rate", purchases, offers)


def customer_cross_sell_rate(converted: int, at_start: int) -> MetricValue:
    """Customers present at period start who converted in it / customers at period start (S1)."""
    return share("customer_cross_sell_rate", converted, at_start)


def multi_product_rate(multi: int, active: int) -> MetricValue:
    """Active customers with at least 2 product families / active customers (S2 formula)."""
    return share("multi_product_rate", multi, active)


def post_initial_adoption_rate(adopters: int, active: int) -> MetricValue:
    """Active customers who added a product after the first purchase / active customers (S2 prose)."""
    return share("post_initial_adoption_rate", adopters, active)


def cohort_adoption_rate(adopters: int, cohort: int) -> MetricValue:
    """Adopters within N months of the first purchase / cohort, all of it followed so long (S2)."""
    return share("cohort_adoption_rate", adopters, cohort)


def pair_conversion_rate(converted: int, eligible: int) -> MetricValue:
    """A-owners who bought B within the horizon / A-owners eligible and all followed so long (S2)."""
    return share("pair_conversion_rate", converted, eligible)


def campaign_conversion_rate(adopters: int, targeted: int) -> MetricValue:
    """Adopters / targeted customers (S2)."""
    return share("campaign_conversion_rate", adopters, targeted)


def attach_rate(both: int, with_antecedent: int) -> MetricValue:
    """Orders with A and B / orders with A (basket confidence)."""
    return share("attach_rate", both, with_antecedent)


def multi_item_order_rate(multi: int, orders: int) -> MetricValue:
    """Orders with at least 2 products / orders. Not a cross-sell (S1)."""
    return share("multi_item_order_rate", multi, orders)


def third_given_second_rate(three: int, two: int) -> MetricValue:
    """Active customers with at least 3 products / with at least 2 (S2)."""
    return share("third_given_second_rate", three, two)


def repeat_customer_rate(repeat: int, customers: int) -> MetricValue:
    """Customers with more than one purchase / unique customers (S0)."""
    return share("repeat_customer_rate", repeat, customers)


def customer_upsell_rate(upsold: int, at_start: int) -> MetricValue:
    """Customers present at period start who bought a further product of a family they owned / customers at period start."""
    return share("customer_upsell_rate", upsold, at_start)


def customer_churn_rate(churned: int, at_start: int) -> MetricValue:
    """Customers present at period start who left in it / customers at period start (S2)."""
    return share("customer_churn_rate", churned, at_start)


def net_trial_conversion_rate(trial_rate: float, trial_to_paid_rate: float) -> float:
    """Trial rate × trial-to-paid rate, both in [0, 1] (S2).

    >>> round(net_trial_conversion_rate(0.18, 0.62), 4)
    0.1116
    """
    return trial_rate * trial_to_paid_rate
