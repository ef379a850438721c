"""How fast customers add a product family: by day and segment, and by cohort and month."""

from __future__ import annotations

from typing import Any

from affinity import metrics as metric_room
from affinity.settings import Settings
from affinity.steps import read_facts, read_past
from affinity.tables import AdoptionCurves, CohortTriangle


def trace_adoption(
    orders: Any,
    *,
    by: str | None = None,
    products: Any = None,
    customers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> AdoptionCurves:
    """The share of customers who have added a family by each day since their first purchase (cross-sell velocity, whole).

    F(u) = 1 − Π_{v ≤ u} (1 − added_v / open_v), Kaplan & Meier 1958; those not followed so long are censored, not a "no".
    by : a segment column or band (tenure, cohort, …), a curve each; None: one over everybody
    ``plot()`` draws it. Raises MissingPart without customers, dates or two families (without a product file each product is
    its own family).

    >>> import affinity as af, pandas as pd
    >>> orders = pd.DataFrame(af.make_shop(seed=3, customers=300).orders)
    >>> curve = af.trace_adoption(orders)
    >>> bool((curve.lower <= curve.rate).all() and (curve.rate <= curve.upper).all())
    True
    """
    settings = (settings or Settings()).changed(**changes)
    past = read_past(orders, settings)
    facts = read_facts(past, None, products, customers)
    return metric_room.trace_adoption(
        past.lines, products=facts.products, customers=facts.customers, settings=settings.metrics, by=by
    )


def count_cohorts(
    orders: Any,
    *,
    months: int | None = None,
    products: Any = None,
    customers: Any = None,
    settings: Settings | None = None,
    **changes: Any,
) -> CohortTriangle:
    """The cohort triangle: of those who first bought in a quarter (``metrics.cohort_by``), who had added a family by month m.

    months : columns, 1 to so many months of 30.4375 days since the first purchase; None: ``metrics.cohort_months`` (12)
    Cells of a cohort that was not followed to the month as a whole are Kaplan–Meier (``complete`` False); NaN where nobody was
    still open. ``plot()`` draws it. Raises MissingPart as `trace_adoption`.

    >>> import affinity as af, pandas as pd
    >>> orders = pd.DataFrame(af.make_shop(seed=3, customers=300).orders)
    >>> triangle = af.count_cohorts(orders, months=6)
    >>> sorted(set(triangle.month.tolist()))
    [1, 2, 3, 4, 5, 6]
    """
    settings = (settings or Settings()).changed(**changes)
    past = read_past(orders, settings)
    facts = read_facts(past, None, products, customers)
    return metric_room.count_triangle(
        past.lines,
        products=facts.products,
        customers=facts.customers,
        settings=settings.metrics,
        months=settings.metrics.cohort_months if months is None else months,
    )
