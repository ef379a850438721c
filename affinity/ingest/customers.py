"""The customer list: `read_customers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from affinity.ingest.columns import ORDER_ALIASES
from affinity.ingest.orders import DEFAULTS
from affinity.ingest.side_table import Field, Request, read_side_table
from affinity.settings import IngestSettings
from affinity.tables.customers import DATES, Customers
from affinity.vocabulary import Vocabulary

FIELDS = {
    "customer_id": Field("id", (*ORDER_ALIASES["customer_id"], "id"), True),
    "started_at": Field("time", ("started_at", "start_date", "signup_date", "signed_up_at", "created_at", "customer_since")),
    "ended_at": Field("time", ("ended_at", "end_date", "churned_at", "churn_date", "cancelled_at", "canceled_at")),
    "status": Field("label", ("status", "customer_status")),
    "health": Field("number", ("health", "health_score")),
    "usage": Field("number", ("usage", "core_usage")),
    "last_active_at": Field("time", ("last_active_at", "last_active", "last_login", "last_login_at", "last_seen_at")),
    "renewal_at": Field("time", ("renewal_at", "renewal_date", "renews_at", "next_renewal")),
    "escalated_at": Field("time", ("escalated_at", "last_escalation", "escalation_date")),
    "plan": Field("label", ("plan", "plan_name")),
    "plan_excludes": Field("label", ("plan_excludes",)),
}


def read_customers(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
) -> Customers:
    """The customers of a file, frame or query, in label order (`Customers.recoded` brings them to a run's vocabulary).

    Needed is customer_id; known are started_at, ended_at, status, health, usage, plan and plan_excludes (product ids joined
    by semicolons that the customer's plan excludes), and for eligibility last_active_at, renewal_at and escalated_at (the
    latest support escalation). Further columns of at most 1,000 different values become segments.
    A customer listed twice with different facts is an InputError.

    The parameters are those of `read_orders`.
    """
    if isinstance(source, Customers):
        return source
    request = Request(source, columns, format, database, settings, strict)
    rows = read_side_table(
        request, FIELDS, "A customer list says something about customers.", unique="customer_id", extras=True
    )
    ids = rows.texts("customer_id")
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    plan = rows.texts("plan")
    return Customers(
        customers=Vocabulary("customer", ids[order]),
        started_at=rows.days("started_at")[order],
        ended_at=rows.days("ended_at")[order],
        status=rows.texts("status")[order],
        health=rows.numbers("health")[order],
        usage=rows.numbers("usage")[order],
        plan=plan[order],
        segments={name: np.array(column.to_pylist(), dtype=object)[order] for name, column in rows.extra.items()},
        plan_excludes=_excludes(plan, rows.texts("plan_excludes")),
        report=rows.report,
        dates={name: rows.days(name)[order] for name in DATES if name in rows.columns},
    )


def _excludes(plan: np.ndarray, excluded: np.ndarray) -> dict[str, tuple[str, ...]]:
    """plan -> the products that any customer's row of that plan excludes, sorted."""
    excludes: dict[str, set[str]] = {}
    for name, products in zip(plan, excluded):
        if name is not None and products is not None:
            excludes.setdefault(name, set()).update(part.strip() for part in products.split(";") if part.strip())
    return {name: tuple(sorted(excludes[name])) for name in sorted(excludes)}
