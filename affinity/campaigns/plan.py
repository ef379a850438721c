"""A campaign from prospects: products and customers under the limits, the holdout, what to expect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affinity.campaigns.assign import Assignment, assign_offers
from affinity.campaigns.audience import by_product, choose_audience, name_products
from affinity.campaigns.expect import expect_power, expect_sum
from affinity.campaigns.holdout import cut_by_fit, hold_out
from affinity.campaigns.offers import PossibleOffers, pick_products
from affinity.errors import MissingPart, SettingsError
from affinity.settings import CampaignSettings
from affinity.tables import Calibration, CampaignPlan, Customers, Products, Prospects

#: What the offers add up to, in words.
OBJECTIVES = {"fit": "fit: expected buyers", "value": "fit × value of a sale", "margin": "fit × margin of the product"}

#: What the intervals of a plan are, and are not.
INTERVAL_NOTE = (
    "Expected is who buys within the horizon as fit has it, offer or not: it is no effect of the campaign. The 95 % intervals "
    "hold chance and how far fit was off at its latest landmark; no effect of the offer, no season that the landmark lacked."
)


@dataclass(frozen=True)
class Setting:
    """When and for how long: days since the epoch (None without dates), and who can say how good fit is.

    tenure_days : float64[n_customers], NaN unknown; None nobody's
    """

    as_of_day: int | None
    horizon_days: int | None
    calibration: Calibration | None = None
    tenure_days: np.ndarray | None = None
    source: str = "orders"


def make_plan(
    prospects: Prospects, *, customers: Customers, products: Products, settings: CampaignSettings, setting: Setting
) -> CampaignPlan:
    """Who is offered what: at most one offer a customer, the largest total under size, budget and capacities.

    customers, products : facts in the vocabularies of the prospects. Limits bound the audience with its holdout, so that the
    offers really made stay below them. Nobody to offer, no budget or no places give an empty plan that says why. Raises
    SettingsError, UnknownLabel (segments, products) and MissingPart (fits that are no probabilities, values that nobody has).
    """
    prospects.customers.require_same(customers.customers)
    prospects.products.require_same(products.products)
    if len(prospects) and np.isnan(prospects.fit).all():
        raise MissingPart("The fits are no probabilities: too little history to calibrate them.", do="Use a longer history.")
    inside = choose_audience(customers, setting.tenure_days, settings)
    named = name_products(prospects.products, settings.offer_products)
    likely = np.nan_to_num(prospects.fit, nan=-1.0) >= max(settings.min_fit, np.finfo(float).tiny)
    open_to = prospects.take(inside[prospects.customer] & named[prospects.product] & likely)
    money = _sales(open_to, products)
    offers = _possible(open_to, money, products, settings)
    picked = None
    if settings.n_products is not None:
        picked = pick_products(offers, settings.n_products)
        keep = np.isin(open_to.product, picked)
        open_to, money = open_to.take(keep), money[keep]
        offers = _possible(open_to, money, products, settings)
    found = assign_offers(offers)
    row = found.row[found.row >= 0]
    plan = _hold_out(open_to, money, row, customers, settings, setting)
    info = _describe(plan, found, settings, setting)
    info["picked"] = None if picked is None else prospects.products.decode(picked).tolist()
    info["price_of_value"] = _price_of_value(offers, open_to.fit, row, settings)
    audience = {"customers": int(inside.sum()), "with_an_offer": int(np.count_nonzero(np.diff(open_to.indptr)))}
    notes = [*info["notes"], *_notes(audience, len(plan), settings, prospects)]
    return replace(plan, info=info | {"audience": audience, "notes": notes})


def choose_products(prospects: Prospects, products: Products, settings: CampaignSettings) -> np.ndarray:
    """int32, rising: the ``settings.n_products`` products that together serve the customers of ``prospects`` best."""
    assert settings.n_products is not None
    offers = _possible(prospects, _sales(prospects, products), products, settings)
    return np.sort(pick_products(offers, settings.n_products))


def _sales(rows: Prospects, products: Products) -> np.ndarray:
    """float64: money of a sale, the product's price where a row says nothing."""
    return np.where(np.isnan(rows.value), products.price[rows.product], rows.value)


def _possible(rows: Prospects, money: np.ndarray, products: Products, settings: CampaignSettings) -> PossibleOffers:
    """The rows as offers with their value to the objective, and the limits."""
    worth = {"value": money, "margin": products.margin[rows.product]}.get(settings.maximise)
    if worth is not None and len(rows) and np.isnan(worth).all():
        needed = "values or prices" if settings.maximise == "value" else "margins"
        raise MissingPart(
            f"maximise={settings.maximise!r} needs {needed}, and nothing has one.",
            do=f"Give products with a column {'price' if settings.maximise == 'value' else 'margin'}, or maximise='fit'.",
        )
    value = rows.fit if worth is None else rows.fit * np.nan_to_num(worth, nan=0.0)
    cost, budget = _limit_money(by_product(rows.products, settings.cost, settings.costs), settings)
    n = len(rows.customers)
    most = n if settings.capacity is None else settings.capacity
    capacity = np.minimum(by_product(rows.products, most, settings.capacities), n).astype(np.int64)
    return PossibleOffers(rows.indptr, rows.product, value, cost, capacity, budget)


def _limit_money(cost: np.ndarray, settings: CampaignSettings) -> tuple[np.ndarray, float | None]:
    """What an offer uses up of the one limit over all, and that limit: the budget, or a size as offers of cost 1."""
    if settings.size is None:
        return cost, settings.budget
    if settings.budget is None:
        return np.ones(len(cost)), float(settings.size)
    if len(cost) and (cost != cost[0]).any():
        raise SettingsError(
            "size and budget together need one cost for every offer; products differ in costs.",
            why="One limit over all is optimised.",
            do="Give one of the two.",
        )
    each = float(cost[0]) if len(cost) else 0.0
    affordable = settings.size if each == 0 else min(settings.size, int(settings.budget / each * (1 + 1e-12)))
    return np.ones(len(cost)), float(affordable)


def _hold_out(
    rows: Prospects, money: np.ndarray, row: np.ndarray, customers: Customers, settings: CampaignSettings, setting: Setting
) -> CampaignPlan:
    """The chosen rows, some of them held out within segment × decile of fit."""
    who, fit = rows.customer[row], rows.fit[row]
    codes = np.zeros(len(who), dtype=np.int64)
    if settings.strata is not None:
        codes = customers.segment_codes(settings.strata)[0][who].astype(np.int64)
    stratum = cut_by_fit(codes, fit)
    ids = [str(label) for label in rows.customers.labels[who]]
    held = hold_out(ids, stratum, settings.holdout, _salt(settings, setting))
    reason = np.full(len(who), None, dtype=object) if rows.reason is None else rows.reason[row]
    cost = by_product(rows.products, settings.cost, settings.costs)[rows.product[row]]
    return CampaignPlan(
        customer=who, product=rows.product[row], fit=fit, value=money[row], cost=cost, treated=~held, stratum=stratum,
        reason=reason, customers=rows.customers, products=rows.products,
        segments={name: labels[who] for name, labels in sorted(customers.segments.items())},
    )  # fmt: skip


def _salt(settings: CampaignSettings, setting: Setting) -> str:
    return settings.salt if settings.salt is not None else f"{settings.name}|{_date(setting.as_of_day) or ''}"


def _date(day: int | None) -> str | None:
    return None if day is None else str(np.datetime64(day, "D"))


def _describe(plan: CampaignPlan, found: Assignment, settings: CampaignSettings, setting: Setting) -> dict[str, Any]:
    treated = int(plan.treated.sum())
    control = len(plan) - treated
    starts_on = _date(setting.as_of_day) if settings.starts_on is None else settings.starts_on.isoformat()
    base = float(plan.fit.mean()) if len(plan) else 0.0
    notes = [INTERVAL_NOTE]
    if setting.calibration is None:
        notes.append("Fit was not checked against what happened: the intervals hold chance only.")
    elif setting.calibration.note:
        notes.append(f"Fit orders rather than counts: {setting.calibration.note}.")
    return {
        "name": settings.name,
        "salt": _salt(settings, setting),
        "as_of": _date(setting.as_of_day),
        "starts_on": starts_on,
        "horizon_days": setting.horizon_days,
        "source": setting.source,
        "objective": OBJECTIVES[settings.maximise],
        "settings": settings.model_dump(mode="json", exclude_unset=True),
        "sizes": {"audience": len(plan), "treated": treated, "control": control},
        "holdout": settings.holdout,
        "cost": float(plan.cost[plan.treated].sum()),
        "optimum": {"total": found.total, "bound": found.bound, "gap": found.gap, "method": found.method},
        "expected": _expect(plan, setting.calibration),
        "power": expect_power(base, treated, control, alpha=settings.alpha, power=settings.power),
        "notes": notes,
    }


def _expect(plan: CampaignPlan, calibration: Calibration | None) -> list[dict[str, Any]]:
    """Of all offers made, then of each product's (most offers first, ties by label), as plain values."""
    products = np.unique(plan.product)
    made = np.bincount(plan.product[plan.treated], minlength=len(plan.products))
    order = products[np.argsort(-made[products], kind="stable")]
    parts: list[tuple[str | None, np.ndarray]] = [(None, np.ones(len(plan), dtype=bool))]
    parts += [(str(plan.products.labels[p]), plan.product == p) for p in order.tolist()]
    rows = []
    for label, mine in parts:
        out = mine & plan.treated
        buyers = expect_sum(plan.fit[out], None, calibration)
        priced = out & ~np.isnan(plan.value)
        revenue = expect_sum(plan.fit[priced], plan.value[priced], calibration) if priced.any() else None
        rows.append(
            {
                "product_id": label,
                "offers": int(out.sum()),
                "held_out": int((mine & ~plan.treated).sum()),
                "conversions": buyers.plain(),
                "revenue": None if revenue is None else revenue.plain(),
                "cost": float(plan.cost[out].sum()),
                "offers_without_value": int(out.sum() - priced.sum()),
            }
        )
    return rows


def _price_of_value(
    offers: PossibleOffers, fit: np.ndarray, row: np.ndarray, settings: CampaignSettings
) -> dict[str, float] | None:
    """Expected buyers of this plan and of the one by fit, where the objective is not fit."""
    if settings.maximise == "fit":
        return None
    by_fit = PossibleOffers(offers.indptr, offers.product, fit, offers.cost, offers.capacity, offers.budget)
    return {"buyers": float(fit[row].sum()), "buyers_by_fit": assign_offers(by_fit).total}


def _notes(audience: dict[str, int], made: int, settings: CampaignSettings, prospects: Prospects) -> list[str]:
    notes = []
    if prospects.dropped:
        notes.append(f"{prospects.dropped:,} rows repeated an earlier one and count once.")
    if aside := prospects.report.rows_read - prospects.report.rows_kept:
        notes.append(f"{aside:,} rows could not be read as offers and were set aside.")
    if made == 0:
        notes.append(f"Nobody is offered anything: {_why_nobody(audience, settings)}.")
    elif settings.size is not None and made < settings.size:
        notes.append(f"{made:,} offers instead of {settings.size:,}: no more customers, places or budget for an offer.")
    if settings.holdout == 0:
        notes.append("Without a holdout what the campaign brings cannot be measured.")
    return notes


def _why_nobody(audience: dict[str, int], settings: CampaignSettings) -> str:
    if audience["customers"] == 0:
        return "no customer is in the audience"
    if settings.budget is not None and settings.budget < settings.cost:
        return f"the budget of {settings.budget:g} pays no offer"
    if audience["with_an_offer"] == 0:
        return "no customer of the audience is eligible for a product that may be offered"
    return "the limits leave no place for an offer"
