"""What came of a campaign: its plan against the orders after it, or outcomes that somebody has: `measure_campaign`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from affinity import campaigns, ingest
from affinity.errors import HorizonUnobserved, InputError, MissingPart
from affinity.settings import Settings
from affinity.steps import read_past
from affinity.tables import CampaignOutcomes, CampaignPlan, CampaignResult, OrderLines

#: Of a plan's customers, all of whom bought before, at least so many must be in orders that reach back before it.
KNOWN_SHARE = 0.5


def measure_campaign(
    orders: Any = None,
    *,
    plan: Any = None,
    outcomes: Any = None,
    columns: Mapping[str, str] | None = None,
    exposed: Any = None,
    by: str | Iterable[str] = (),
    treated: str | None = None,
    control: str | None = None,
    randomised: bool = False,
    revenue_of: Literal["product", "all"] = "product",
    cost: float | None = None,
    value: float | None = None,
    level: float = 0.95,
    settings: Settings | None = None,
    **changes: Any,
) -> CampaignResult:
    """What a campaign brought: effects on conversion and revenue with intervals, return on its cost, and the verdict.

    orders   : with ``plan``: orders of at least the plan's horizon. Who was assigned a product counts as converted when he
               bought it within [start, start + horizon), in both arms (a held-out customer's product is the one that he would
               have been offered)
    plan     : a CampaignPlan or the file that `write_plan` wrote; its assignment counts, whoever was reached
    outcomes : instead of orders: a table with converted, and arm (where there is no plan), revenue, exposed, converted_before,
               revenue_before, fit, segment columns; ``columns={"arm": "segment", "converted": "visit"}`` maps names
    exposed  : with ``plan`` and orders: the offer log, or ids of the customers who were reached
    by       : segment columns; treated, control : names of the arms, where there are more or other ones
    randomised : the arms were drawn by chance (those of a plan with a holdout are)
    revenue_of : of the assigned product, or of everything that the customer bought within the horizon
    cost     : of the campaign (default: the plan's offers made); value : money of a conversion, where revenue is not measured

    Raises HorizonUnobserved before the horizon is over, InputError for a plan of another shop, arms that are not clear or
    a customer with two outcomes, MissingPart where something needed is not there.
    """
    settings = (settings or Settings()).changed(**changes)
    columns_by = (by,) if isinstance(by, str) else tuple(by)
    question = campaigns.Question(
        randomised=randomised, treated=treated, control=control, by=columns_by, cost=_checked(cost, "cost"),
        value=_checked(value, "value"), level=level,
    )  # fmt: skip
    if (orders is None) == (outcomes is None):
        raise InputError("A campaign is measured by orders or by outcomes.", do="Give one of them.")
    if plan is None:
        if outcomes is None:
            raise MissingPart("Orders alone do not say who was offered what.", do="Give the plan: plan='plan.json'.")
        return campaigns.measure_outcomes(ingest.read_outcomes(outcomes, columns=columns), question)
    frozen = _read_plan(plan)
    if outcomes is not None:
        found, context = _join_outcomes(frozen, ingest.read_outcomes(outcomes, columns=columns))
    else:
        found, context = _follow_orders(frozen, read_past(orders, settings).lines, revenue_of)
        found = replace(found, exposed=_exposure(frozen, exposed))
    return campaigns.measure_outcomes(found, _of_plan(frozen, question, context))


def _checked(number: float | None, name: str) -> float | None:
    if number is not None and not (number >= 0 and np.isfinite(number)):
        raise InputError(f"{name}={number} is no amount of money.", do="Give 0 or more.")
    return number


def _read_plan(plan: Any) -> CampaignPlan:
    frozen = campaigns.read_plan(plan) if isinstance(plan, (str, Path)) else plan
    if not isinstance(frozen, CampaignPlan):
        raise InputError(f"{type(plan).__name__} is no campaign plan.", do="Give a CampaignPlan or its .json file.")
    if not len(frozen):
        raise InputError("The plan holds nobody, so there is nothing to measure.", do="See its notes for why.")
    return frozen


def _of_plan(plan: CampaignPlan, question: campaigns.Question, context: dict[str, Any]) -> campaigns.Question:
    """The question with what the plan knows: arms by its holdout, its cost, what was left out."""
    cost = float(plan.cost[plan.treated].sum()) if question.cost is None else question.cost
    notes = tuple(context.pop("notes"))
    context = {"name": plan.info.get("name"), "starts_on": plan.info.get("starts_on"), **context}
    return replace(
        question, randomised=True, treated="treated", control="control" if not plan.treated.all() else None, cost=cost,
        notes=notes, context=context,
    )  # fmt: skip


def _assigned(plan: CampaignPlan, converted: np.ndarray, revenue: np.ndarray | None) -> CampaignOutcomes:
    """Outcomes of the plan's rows, in their order."""
    return CampaignOutcomes(
        arm=np.where(plan.treated, "treated", "control").astype(object),
        converted=converted,
        customer_id=plan.customers.decode(plan.customer),
        revenue=revenue,
        fit=None if np.isnan(plan.fit).any() else plan.fit,
        stratum=plan.stratum,
        segments=plan.segments,
    )


def _follow_orders(
    plan: CampaignPlan, lines: OrderLines, revenue_of: Literal["product", "all"]
) -> tuple[CampaignOutcomes, dict[str, Any]]:
    """What the plan's customers bought within its horizon; HorizonUnobserved before it is over."""
    start, end = _window(plan, lines)
    row_of = np.full(len(plan.customers) + 1, -1, dtype=np.int64)
    row_of[plan.customer] = np.arange(len(plan))
    product = plan.products.recode_from(lines.products)[lines.product]
    row = row_of[plan.customers.translate(lines.customer, lines.customers)]
    _require_same_shop(plan, lines, row, product)
    assert lines.day is not None
    within = (lines.day >= start) & (lines.day < end) & (lines.quantity > 0)
    mine = within & (row >= 0)
    own = mine & (product == plan.product[row])
    converted = np.zeros(len(plan))
    converted[row[own]] = 1.0
    paid = own if revenue_of == "product" else mine
    revenue = None
    if not len(lines) or not np.isnan(lines.net_amount).all():
        revenue = np.bincount(row[paid], weights=np.nan_to_num(lines.net_amount[paid]), minlength=len(plan))
    offered = np.isin(np.arange(len(plan.products)), plan.product)
    others = within & (row < 0) & (lines.customer >= 0) & (product >= 0) & np.append(offered, False)[product]
    ignored = len(np.unique(lines.customer[others]))
    notes = [f"{ignored:,} customers who are not in the plan bought a product of it; they are ignored."] if ignored else []
    notes.append(f"Revenue is that of {'the assigned product' if revenue_of == 'product' else 'everything bought'} "
                 "within the horizon.")  # fmt: skip
    ended = str(np.datetime64(end, "D"))
    return _assigned(plan, converted, revenue), {"ignored_customers": ignored, "ended_before": ended, "notes": notes}


def _window(plan: CampaignPlan, lines: OrderLines) -> tuple[int, int]:
    """The first day of the campaign and the first day after its horizon."""
    starts_on, horizon = plan.info.get("starts_on"), plan.info.get("horizon_days")
    if starts_on is None or horizon is None or lines.day is None or lines.as_of_day is None:
        raise MissingPart(
            "Who bought within the horizon needs dates: in the orders, and a day on which the plan starts.",
            do="Plan with starts_on='YYYY-MM-DD' and horizon_days, or measure outcomes=… instead.",
        )
    start = int(np.datetime64(starts_on, "D").astype(np.int64))
    end = start + int(horizon)
    if lines.as_of_day < end:
        raise HorizonUnobserved(
            f"The campaign of {starts_on} is followed for {horizon} days, until {np.datetime64(end, 'D')}, but the orders "
            f"are known only before {np.datetime64(lines.as_of_day, 'D')}.",
            why="Who has not bought yet may still do so; the arms would be compared half-way.",
            do=f"Measure with orders as of {np.datetime64(end, 'D')} or later.",
        )
    return start, end


def _require_same_shop(plan: CampaignPlan, lines: OrderLines, row: np.ndarray, product: np.ndarray) -> None:
    """Everybody in a plan bought before it; a shop that hardly knows them is another one."""
    known = len(np.unique(row[row >= 0])) / len(plan)
    as_of = plan.info.get("as_of")
    reaches_back = as_of is not None and len(lines) and int(lines.day.min()) < int(np.datetime64(as_of, "D").astype(np.int64))  # type: ignore[union-attr]
    if known == 0 or not (product >= 0).any() or (reaches_back and known < KNOWN_SHARE):
        raise InputError(
            f"Of the plan's {len(plan):,} customers {known:.0%} are in these orders"
            + ("." if (product >= 0).any() else ", and none of its products is."),
            why="It looks like the plan of another shop.",
            do="Give the orders of the shop that the plan was made for, with the same ids.",
        )


def _join_outcomes(plan: CampaignPlan, given: CampaignOutcomes) -> tuple[CampaignOutcomes, dict[str, Any]]:
    """Outcomes a customer brought to the plan's rows; those of others are ignored and counted."""
    if given.customer_id is None:
        raise MissingPart(
            "Outcomes of a plan need a customer_id.", do="Give the column, or map it: columns={'customer_id': …}."
        )
    row_of = np.full(len(plan.customers) + 1, -1, dtype=np.int64)
    row_of[plan.customer] = np.arange(len(plan))
    row = row_of[plan.customers.encode(given.customer_id)]
    inside = row >= 0
    if not inside.any():
        raise InputError(
            f"None of the {len(given):,} customers with an outcome is in the plan.",
            why="It looks like the plan of another shop.",
            do="Give the outcomes of the plan's customers, with the same ids.",
        )
    placed = {name: _place(getattr(given, name), row, inside, len(plan)) for name in ("converted", "revenue", "exposed")}
    ignored, missing = int((~inside).sum()), len(plan) - int(inside.sum())
    notes = [f"{ignored:,} customers who are not in the plan have an outcome; they are ignored."] if ignored else []
    if missing:
        notes.append(f"{missing:,} customers of the plan have no outcome and count as not converted.")
    assert placed["converted"] is not None
    found = replace(_assigned(plan, placed["converted"], placed["revenue"]), exposed=placed["exposed"], blank=given.blank)
    return found, {"ignored_customers": ignored, "notes": notes}


def _place(column: np.ndarray | None, row: np.ndarray, inside: np.ndarray, n: int) -> np.ndarray | None:
    if column is None:
        return None
    placed = np.zeros(n, dtype=column.dtype)
    placed[row[inside]] = column[inside]
    return placed


def _exposure(plan: CampaignPlan, exposed: Any) -> np.ndarray | None:
    """bool a row: the customer was reached; None where nobody says."""
    if exposed is None:
        return None
    if isinstance(exposed, (list, tuple, set, frozenset)):
        codes = plan.customers.encode(exposed)
    else:
        log = ingest.read_offers(exposed)
        reached = log.exposed & log.treated
        codes = plan.customers.translate(log.customer[reached], log.customers)
    seen = np.zeros(len(plan.customers) + 1, dtype=bool)
    seen[codes[codes >= 0]] = True
    return seen[plan.customer]
