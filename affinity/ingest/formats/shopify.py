"""Shopify orders CSV: one row a line item; what belongs to the order stands on its first row only."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.money import after_discount, number

_NEEDS = ("Name", "Financial Status", "Lineitem quantity", "Lineitem name", "Lineitem price")
_OF_ORDER = (
    "email", "financial_status", "created_at", "cancelled_at", "currency", "payment_method", "discount_code", "source",
    "shipping_country", "subtotal", "discount_amount",
)  # fmt: skip

_FIRST = ", ".join(f'arg_min({name}, "row") AS {name}' for name in _OF_ORDER)
_NET = after_discount("gross", "total", number("o.subtotal"), number("o.discount_amount"))

# a row without Name that says nothing of an order continues the row above
_LINES = f"""
WITH named AS (
    SELECT *, CASE WHEN name IS NOT NULL OR coalesce(id, email, financial_status, created_at) IS NOT NULL THEN name
        ELSE last_value(name IGNORE NULLS) OVER (ORDER BY "row") END AS order_name,
        {number("lineitem_price")} * {number("lineitem_quantity")} - coalesce({number("lineitem_discount")}, 0) AS gross
    FROM part_rows),
orders AS (SELECT order_name, sum(gross) AS total, {_FIRST} FROM named WHERE order_name IS NOT NULL GROUP BY order_name)
SELECT n."row" AS "row",
    CASE WHEN o.payment_method ILIKE '%bogus%' THEN 'test'
        WHEN o.cancelled_at IS NOT NULL OR lower(o.financial_status) IN ('voided', 'expired') THEN 'cancelled'
        WHEN lower(o.financial_status) = 'refunded' THEN 'refunded' END AS set_aside,
    CASE WHEN o.payment_method ILIKE '%bogus%' THEN o.payment_method
        WHEN o.cancelled_at IS NOT NULL THEN 'Cancelled at ' || o.cancelled_at
        ELSE 'Financial Status ' || o.financial_status END AS set_aside_detail,
    n.order_name AS order_id, lower(o.email) AS customer_id, coalesce(n.lineitem_sku, n.lineitem_name) AS product_id,
    o.created_at AS ordered_at, n.lineitem_quantity AS quantity, n.lineitem_price AS unit_price,
    {_NET} AS net_amount, n.lineitem_name AS product_name, upper(o.currency) AS currency,
    o.discount_code AS discount_code, o.source AS channel, o.shipping_country AS shipping_country, n.vendor AS vendor
FROM named n LEFT JOIN orders o ON n.order_name = o.order_name ORDER BY n."row"
"""

SPEC = FormatSpec(
    name="shopify",
    title="Shopify orders CSV",
    columns={
        "order_id": ("Name",),
        "customer_id": ("Email",),
        "product_id": ("Lineitem sku, else Lineitem name",),
        "ordered_at": ("Created at",),
        "quantity": ("Lineitem quantity",),
        "unit_price": ("Lineitem price",),
        "net_amount": ("Lineitem price × Lineitem quantity, after discounts",),
        "product_name": ("Lineitem name",),
        "currency": ("Currency",),
        "discount_code": ("Discount Code",),
        "channel": ("Source",),
        "shipping_country": ("Shipping Country",),
        "vendor": ("Vendor",),
    },
    requires=_NEEDS,
    rules={
        "orders": "fields of the order are taken from its first row",
        "customer": "the e-mail address in lower case; none is a guest",
        "product": "the SKU, where blank the name with its variant (the export has no product id)",
        "amounts": "after line and order discounts (they add up to Subtotal), without shipping; a partial refund names no "
        "line and is not taken off",
        "set_aside": "cancelled, voided, expired; refunded in full; paid by the test gateway",
    },
    parts={
        "rows": Part(
            _NEEDS,
            ("Id", "Lineitem sku", "Lineitem discount", "Vendor", *(name for name in _OF_ORDER if name != "financial_status")),
        )
    },
    lines=_LINES,
    notes={
        "{count} orders are refunded in part; the export does not say which lines came back, so they stay whole.": "SELECT "
        "count(DISTINCT name) FROM part_rows WHERE lower(financial_status) = 'partially_refunded'"
    },
    line_part="rows",
)  # fmt: skip
