"""What a campaign returned on its cost, and what a conversion cost; null with the reason where there is no such number."""

from __future__ import annotations

import math
from typing import Any

from affinity.statistics.effects import Effect


def return_on_cost(revenue: Effect, attributed: float | None, cost: float | None) -> dict[str, Any]:
    """Gross (revenue / cost) and net ((revenue − cost) / cost), of incremental and of attributed revenue.

    incremental_… : of the revenue that the campaign caused, with its interval
    attributed_…  : of all revenue of treated customers, which they would partly have brought anyway ("14.5×" of the trade)
    Without cost, with a cost of 0 or without revenue every number is None, and ``reason`` says why.
    """
    names = ("incremental_gross", "incremental_net", "attributed_gross", "attributed_net")
    reason = _no_cost(cost) or (None if attributed is not None else "revenue is not known")
    if reason or cost is None:
        return {**dict.fromkeys(names), "reason": reason}
    known = not math.isnan(revenue.value)
    gross = revenue.times(1 / cost).plain() if known else None
    net = None if gross is None else {name: None if v is None else v - 1 for name, v in gross.items()}
    assert attributed is not None
    multiple = attributed / cost
    why = None if known else "no effect is claimed, so there is no incremental revenue"
    return {
        "incremental_gross": gross, "incremental_net": net, "attributed_gross": multiple, "attributed_net": multiple - 1,
        "reason": why,
    }  # fmt: skip


def cost_per_conversion(incremental: Effect, attributed: float, cost: float | None) -> dict[str, Any]:
    """Cost / conversions of treated customers (attributed), and cost / incremental conversions.

    The interval of the second is that of the conversions turned round; its upper end is None where as little as no
    conversion is possible. None with the reason without cost or without (more) conversions.
    """
    reason = _no_cost(cost)
    if reason or cost is None:
        return {"attributed": None, "incremental": None, "lower": None, "upper": None, "reason": reason}
    found: dict[str, Any] = {"attributed": cost / attributed if attributed > 0 else None}
    if not incremental.value > 0:
        return found | {"incremental": None, "lower": None, "upper": None, "reason": "no incremental conversions were found"}
    bounds = {
        "lower": cost / incremental.upper if incremental.upper > 0 else None,
        "upper": cost / incremental.lower if incremental.lower > 0 else None,
    }
    why = None if bounds["upper"] is not None else "the interval holds no incremental conversions: the cost has no upper bound"
    return found | {"incremental": cost / incremental.value, **bounds, "reason": why}


def _no_cost(cost: float | None) -> str | None:
    if cost is None:
        return "cost is not known"
    return "cost is zero" if cost == 0 else None
