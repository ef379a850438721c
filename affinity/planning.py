"""A campaign planned from orders, from a release, or from fits that somebody has: `plan_campaign`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from affinity import campaigns, fit, ingest, ranking
from affinity.contexts import Facts
from affinity.errors import InputError, MissingPart
from affinity.flow import build_graph
from affinity.history import History
from affinity.release import Release, open_release
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
from affinity.tables import (
    Calibration,
    CampaignPlan,
    Candidates,
    Customers,
    Eligibility,
    FitModel,
    Landmark,
    Products,
    Prospects,
)

#: Candidates a customer from each source where the products to be offered are named.
DEPTH_OF_NAMED = 500
#: Customers scored at once; bounds the memory, changes no answer.
CUSTOMERS_AT_ONCE = 20_000


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
    model, now = learnt
    prospects = _collect(learnt, judged, facts.products, settings)
    dated = past.lines.clock == "day"
    setting = campaigns.Setting(
        as_of_day=past.lines.as_of_day,
        horizon_days=model.horizon_days if dated else None,
        calibration=model.calibration,
        tenure_days=_tenure(facts.customers, past) if dated else None,
    )
    plan = campaigns.make_plan(
        prospects, customers=facts.customers, products=facts.products, settings=settings.campaign, setting=setting
    )
    conversion = attempt(lambda: measure_conversion(past, facts, settings))[0]
    ranked = ranking.rank_candidates(
        _chosen(learnt, plan, settings),
        graph=build_graph(past, settings=settings),
        conversion=conversion[1] if conversion else None,
        eligibility=None,
        holdings=now.holdings,
        products=facts.products,
        top_k=1,
        settings=settings.ranking.model_copy(update={"min_fit": 0.0, "require_evidence": False}),
        model=model,
        who=np.unique(plan.customer).astype(np.int32),
        buyers=ranking.Buyers.of(past.holdings),
    )
    reason = dict(zip(zip(ranked.customer.tolist(), ranked.product.tolist()), ranked.reason.tolist()))
    pairs = zip(plan.customer.tolist(), plan.product.tolist())
    told = np.array([*(reason.get(pair) for pair in pairs), None], dtype=object)[:-1]
    excluded = {} if judged is None else {state: n for state, n in judged.ledger.items() if n and state != "eligible"}
    info = {**plan.info, "not_eligible": excluded, "eligibility_notes": list(judged.notes) if judged else []}
    return replace(plan, reason=told, info=info)


def _depth(settings: Settings, n_products: int) -> int:
    """Candidates a customer from each source; deeper where products are named, as they may be nobody's favourites."""
    wanted = settings.campaign.candidates
    return min(max(wanted, DEPTH_OF_NAMED) if settings.campaign.offer_products else wanted, max(n_products, 1))


def _collect(
    learnt: tuple[FitModel, Landmark], judged: Eligibility | None, products: Products, settings: Settings
) -> Prospects:
    """The eligible candidates of every customer, of the products that may be offered."""
    model, now = learnt
    named = [products.products.code(label) for label in settings.campaign.offer_products]
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    n = len(now.holdings.customers)
    for start in range(0, max(n, 1), CUSTOMERS_AT_ONCE):
        who = np.arange(start, min(start + CUSTOMERS_AT_ONCE, n), dtype=np.int32)
        found = fit.score_candidates(model, now, candidates=_depth(settings, len(products)), customers=who)
        customer, product = found.customer, found.product
        keep = np.isin(product, named) if named else np.ones(len(product), dtype=bool)
        if judged is not None:
            keep[keep] = judged.allowed(customer[keep], product[keep])
        rows.append((customer[keep], product[keep], found.fit[keep]))
    customer, product, likely = (np.concatenate(column) for column in zip(*rows))
    order = np.lexsort((product, customer))
    return _prospects(customer[order], product[order], likely[order], now)


def _prospects(customer: np.ndarray, product: np.ndarray, likely: np.ndarray, now: Landmark) -> Prospects:
    counts = np.bincount(customer, minlength=len(now.holdings.customers))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    unknown = np.full(len(product), np.nan)
    return Prospects(
        indptr, product.astype(np.int32), likely, unknown, now.holdings.customers, now.holdings.products
    )  # fmt: skip


def _chosen(learnt: tuple[FitModel, Landmark], plan: CampaignPlan, settings: Settings) -> Candidates:
    """The plan's rows as candidates with their terms, for the reasons (a customer's rows do not depend on the others)."""
    model, now = learnt
    depth = _depth(settings, len(now.holdings.products))
    offered = np.full(len(now.holdings.customers), -1, dtype=np.int32)
    offered[plan.customer] = plan.product
    parts = []
    for start in range(0, max(len(plan), 1), CUSTOMERS_AT_ONCE):
        who = plan.customer[start : start + CUSTOMERS_AT_ONCE]
        found = fit.score_candidates(model, now, candidates=depth, customers=who)
        parts.append((found, np.flatnonzero(found.product == offered[found.customer])))
    names = ("product", "fit", "score", "base", "evidence", "because", "antecedent", "term")
    columns = {name: np.concatenate([getattr(found, name)[rows] for found, rows in parts]) for name in names}
    sizes = sum(np.bincount(found.customer[rows], minlength=len(offered)) for found, rows in parts)
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Candidates(indptr, **columns, customers=now.holdings.customers, products=now.holdings.products)


def _tenure(customers: Customers, past: History) -> np.ndarray:
    """float64: days since started_at or the first seen purchase, whichever is earlier; NaN where neither is known."""
    assert past.lines.as_of_day is not None
    since = np.where(customers.started_at >= 0, customers.started_at, np.inf).astype(np.float64)
    np.minimum.at(since, past.holdings.customer, past.holdings.first_at.astype(np.float64))
    return np.where(np.isfinite(since), past.lines.as_of_day - since, np.nan)


def _plan_from(
    prospects: Prospects,
    known: tuple[Any, Any],
    out: tuple[str, ...],
    settings: Settings,
    setting: campaigns.Setting | None = None,
) -> CampaignPlan:
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
    setting = setting or campaigns.Setting(day, settings.horizon_days, source="fits")
    tenure = None
    if setting.as_of_day is not None:
        tenure = np.where(people.started_at >= 0, setting.as_of_day - people.started_at, np.nan)
    setting = replace(setting, tenure_days=tenure)
    return campaigns.make_plan(prospects, customers=people, products=facts, settings=settings.campaign, setting=setting)


def _plan_from_release(release: Release, known: tuple[Any, Any], out: tuple[str, ...], settings: Settings) -> CampaignPlan:
    shown = release.arrow("recommendations", ["customer_id", "product_id", "fit", "reason"])
    shown = shown.filter(shown["fit"].is_valid())
    if not len(shown):
        raise MissingPart(
            f"Release {release.id} recommends nothing with a fit.", do="Plan from orders, or publish a run with customers."
        )
    products = known[0]
    if products is None:
        products = release.arrow("products", ["product_id", "name", "price", "margin"])
    found = release.table("calibration")
    learnt = release.report.get("fit", {})
    calibration = None
    if len(found):
        predicted, observed, rows = (found[name].to_numpy() for name in ("predicted", "observed", "rows"))
        slope, error = learnt.get("calibration_slope"), learnt.get("expected_calibration_error")
        slope, error = (np.nan if v is None else float(v) for v in (slope, error))
        calibration = Calibration(predicted, observed, rows, slope, error, None, note=learnt.get("note"))
    day = None if release.as_of is None else int(np.datetime64(release.as_of, "D").astype(np.int64))
    setting = campaigns.Setting(day, learnt.get("horizon_days"), calibration, source=f"release {release.id}")
    return _plan_from(ingest.read_fits(shown), (products, known[1]), out, settings, setting)
