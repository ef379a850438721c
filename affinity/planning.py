"""A campaign planned from orders, from a release, or from fits that somebody has: `plan_campaign`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from affinity import campaigns, ingest
from affinity.contexts import Facts, Shop
from affinity.errors import InputError
from affinity.flow import build_graph
from affinity.history import History
from affinity.prospecting import plan_shop
from affinity.release import Release, open_release
from affinity.release_shop import open_shop
from affinity.settings import CampaignSettings, Settings
from affinity.steps import (
    attempt,
    judge_customers,
    learn_for_customers,
    measure_conversion,
    read_facts,
    read_past,
    require_observed,
)
from affinity.tables import CampaignPlan, Customers, Products, Prospects


def plan_campaign(
    orders: Any = None,
    *,
    fits: Any = None,
    offers: Any = None,
    products: Any = None,
    customers: Any = None,
    exclude_customers: Iterable[str] = (),
    settings: Settings | None = None,
    **changes: Any,
) -> CampaignPlan:
    """Who to offer what, whom to hold out, and what to expect.

    orders   : a path, a dataframe or OrderLines: fit is learnt and eligibility judged (``eligibility={"preset": …}``); or a
               release, or its folder: its recommendations are what may be offered
    fits     : instead of orders: customer_id, product_id, fit[, value, reason], a file or dataframe
    offers, products, customers : what else is known; prices and margins are the products', segments the customers'
    exclude_customers : opt-outs
    settings, changes : Settings, and single ones by name: those of the campaign (``size=500``, ``budget=300.0``, ``cost=0.5``,
               ``where={"region": ["north"]}``, ``holdout=0.1``, ``maximise="margin"``; see `settings.CampaignSettings`)
               and the others (``as_of="2024-06-01"``, ``horizon_days=60``)

    ``write_plan(plan, "plan.json")`` keeps the assignment for `measure_campaign`. Raises MissingPart without customers or a
    calibrated fit, SettingsError and UnknownLabel for unknown columns, segments and products.
    """
    settings = _settle(settings, changes)
    out = tuple(exclude_customers)
    if (orders is None) == (fits is None):
        raise InputError("A campaign is planned from orders, a release, or fits.", do="Give one of them.")
    if fits is not None:
        return _plan_from(ingest.read_fits(fits, settings=settings.ingest), (products, customers), out, settings)
    if not isinstance(orders, Release) and isinstance(orders, (str, Path)) and Path(orders).is_dir():
        orders = open_release(orders)
    if isinstance(orders, Release):
        return _plan_from_release(orders, (products, customers), out, settings)
    past = read_past(orders, settings, out)
    facts = read_facts(past, offers, products, customers)
    require_observed(past, settings)
    return _plan_from_orders(past, facts, settings)


def _settle(settings: Settings | None, changes: Mapping[str, Any]) -> Settings:
    """The settings with changes, those of the campaign by their own names."""
    own = {name: _listed(value) for name, value in changes.items() if name in CampaignSettings.model_fields}
    rest = {name: value for name, value in changes.items() if name not in own}
    settled = (settings or Settings()).changed(**rest)
    return settled.changed(campaign=own) if own else settled


def _listed(value: Any) -> Any:
    """``{"region": "north"}`` as ``{"region": ("north",)}``."""
    if isinstance(value, Mapping):
        return {name: (one,) if isinstance(one, str) else one for name, one in value.items()}
    return value


def _plan_from_orders(past: History, facts: Facts, settings: Settings) -> CampaignPlan:
    for label in (*settings.campaign.offer_products, *settings.campaign.costs, *settings.campaign.capacities):
        facts.products.products.code(label)  # an unknown name is said before anything is learnt
    judged = judge_customers(past, facts, settings)
    learnt = learn_for_customers(past, facts, settings)
    conversion = attempt(lambda: measure_conversion(past, facts, settings))[0]
    shop = Shop(
        past, facts, settings, build_graph(past, settings=settings), conversion[1] if conversion else None, judged, learnt
    )
    return plan_shop(shop, settings.campaign, source="orders")


def _plan_from(prospects: Prospects, known: tuple[Any, Any], out: tuple[str, ...], settings: Settings) -> CampaignPlan:
    """A plan of prospects that are there already; who may be offered what is taken as judged."""
    products, customers = known
    bare = Products.bare(prospects.products)
    facts = bare if products is None else ingest.read_products(products).recoded(prospects.products)
    people = Customers.bare(prospects.customers)
    if customers is not None:
        people = ingest.read_customers(customers).recoded(prospects.customers)
    if out:
        prospects = prospects.take(~np.isin(prospects.customer, prospects.customers.encode(out)))
    day = None if settings.as_of is None else int(np.datetime64(settings.as_of, "D").astype(np.int64))
    tenure = None if day is None else np.where(people.started_at >= 0, day - people.started_at, np.nan)
    setting = campaigns.Setting(day, settings.horizon_days, tenure_days=tenure, source="fits")
    return campaigns.make_plan(prospects, customers=people, products=facts, settings=settings.campaign, setting=setting)


def _plan_from_release(release: Release, known: tuple[Any, Any], out: tuple[str, ...], settings: Settings) -> CampaignPlan:
    shop = open_shop(release, settings)
    products, customers = shop.facts.products, shop.facts.customers
    if known[0] is not None:
        told = ingest.read_products(known[0]).recoded(products.products)
        price, margin = _first_known(told.price, products.price), _first_known(told.margin, products.margin)
        products = replace(products, price=price, margin=margin)
    if known[1] is not None:
        listed = ingest.read_customers(known[1]).recoded(customers.customers)
        since = np.where(listed.started_at >= 0, listed.started_at, customers.started_at).astype(np.int32)
        customers = replace(customers, segments={**customers.segments, **listed.segments}, started_at=since)
    shop = replace(shop, facts=replace(shop.facts, products=products, customers=customers))
    return plan_shop(shop, settings.campaign, source=f"release {release.id}", leave_out=out)


def _first_known(told: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(told), known, told)
