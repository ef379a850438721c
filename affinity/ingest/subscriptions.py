"""The subscription list: `read_subscriptions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from affinity.ingest.columns import ORDER_ALIASES
from affinity.ingest.orders import DEFAULTS
from affinity.ingest.products import FIELDS as PRODUCT_FIELDS
from affinity.ingest.side_table import NO_TIME, Field, Request, read_side_table
from affinity.settings import IngestSettings
from affinity.tables.order_lines import MICROSECONDS_A_DAY as DAY
from affinity.tables.subscriptions import Subscriptions
from affinity.vocabulary import Vocabulary

FIELDS = {
    "customer_id": Field("id", ORDER_ALIASES["customer_id"], required=True, filled=True),
    "product_id": Field("id", (*PRODUCT_FIELDS["product_id"].names[:-1], "plan"), required=True, filled=True),
    "started_at": Field("time", ("started_at", "start_date", "start", "current_period_start"), required=True, filled=True),
    "ended_at": Field("time", ("ended_at", "end_date", "end", "cancelled_at", "canceled_at", "current_period_end")),
    "recurring": Field("number", ("recurring", "mrr", "monthly_recurring_revenue", "monthly_amount"), minimum=0),
    "seats": Field("number", ("seats", "licenses", "licences"), minimum=0),
    "trial": Field("flag", ("trial", "is_trial")),
}


def read_subscriptions(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
) -> Subscriptions:
    """The subscriptions of a file, frame or query, one row a spell in which product, price and seats stood still.

    Needed are customer_id, product_id and started_at; known are ended_at (the first day not paid for; blank: it runs),
    recurring (money a month), seats and trial (blank: no). A spell that ends before it starts is set aside.

    The parameters are those of `read_orders`.
    """
    if isinstance(source, Subscriptions):
        return source
    request = Request(source, columns, format, database, settings, strict)
    rules = {"ended_before_start": f"( x_ended_at > {NO_TIME + 1} AND x_ended_at // {DAY} < x_started_at // {DAY} )"}
    rows = read_side_table(request, FIELDS, "A subscription list says who paid for what, and from when.", rules=rules)
    customer, product = rows.texts("customer_id"), rows.texts("product_id")
    customers, products = Vocabulary.of("customer", customer), Vocabulary.of("product", product)
    return Subscriptions(
        customer=customers.encode(customer),
        product=products.encode(product),
        started_at=rows.days("started_at"),
        ended_at=rows.days("ended_at"),
        recurring=rows.numbers("recurring"),
        seats=rows.numbers("seats"),
        trial=np.asarray(rows.flags("trial") == 1),
        customers=customers,
        products=products,
        report=rows.report,
    )
