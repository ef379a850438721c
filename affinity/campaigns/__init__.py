"""Campaigns: who is offered what under a budget, who is held out, and what came of it."""

from affinity.campaigns.assign import Assignment, assign_offers
from affinity.campaigns.audience import choose_audience
from affinity.campaigns.holdout import cut_by_fit, hold_out
from affinity.campaigns.measure import Question, measure_outcomes
from affinity.campaigns.offers import PossibleOffers, pick_products
from affinity.campaigns.plan import Setting, choose_products, make_plan
from affinity.campaigns.plan_file import plan_text, read_plan, write_plan

__all__ = [
    "Assignment", "PossibleOffers", "Question", "Setting", "assign_offers", "choose_audience", "choose_products", "cut_by_fit",
    "hold_out", "make_plan", "measure_outcomes", "pick_products", "plan_text", "read_plan", "write_plan",
]  # fmt: skip
