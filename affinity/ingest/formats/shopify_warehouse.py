"""Shopify in the common warehouse schema: the tables order and order_line, by their REST or their GraphQL names."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.money import number

_YES = "('true', 't', '1', 'yes')"
_PRICE = "coalesce(l.price, l.price_set_shop_amount)"
_OFF = f"coalesce({number('coalesce(l.total_discount, l.total_discount_set_shop_amount)')}, 0)"
_STATE = "lower(coalesce(o.financial_status, o.display_financial_status))"

_LINES = f"""
SELECT l."row" AS "row",
    CASE WHEN o.id IS NULL AND l.order_id IS NOT NULL THEN 'no_order'
        WHEN lower(l.fivetran_deleted) IN {_YES} OR lower(o.fivetran_deleted) IN {_YES} THEN 'deleted'
        WHEN lower(o.test) IN {_YES} THEN 'test'
        WHEN o.cancelled_at IS NOT NULL OR {_STATE} IN ('voided', 'expired') THEN 'cancelled'
        WHEN {_STATE} = 'refunded' THEN 'refunded'
        WHEN lower(coalesce(l.gift_card, l.is_gift_card)) IN {_YES} THEN 'non_product' END AS set_aside,
    CASE WHEN o.id IS NULL THEN l.order_id WHEN lower(coalesce(l.gift_card, l.is_gift_card)) IN {_YES} THEN 'gift card'
        ELSE coalesce({_STATE}, '?') || coalesce(', cancelled at ' || o.cancelled_at, '') END AS set_aside_detail,
    l.order_id AS order_id, o.customer_id AS customer_id, coalesce(l.product_id, l.sku, l.title) AS product_id,
    coalesce(o.created_at, o.processed_at) AS ordered_at, l.quantity AS quantity, {_PRICE} AS unit_price,
    {number(_PRICE)} * {number("l.quantity")} - {_OFF} AS net_amount, l.title AS product_name,
    upper(coalesce(o.currency, o.currency_code)) AS currency, l.id AS line_id, l.vendor AS vendor
FROM part_order_line l
    LEFT JOIN (SELECT * FROM part_order QUALIFY row_number() OVER (PARTITION BY id ORDER BY "row") = 1) o ON l.order_id = o.id
ORDER BY l."row"
"""

SPEC = FormatSpec(
    name="shopify_warehouse",
    title="Shopify order and order_line",
    columns={
        "order_id": ("order_line.order_id",),
        "customer_id": ("order.customer_id",),
        "product_id": ("order_line.product_id, else sku, else title",),
        "ordered_at": ("order.created_at",),
        "quantity": ("order_line.quantity",),
        "unit_price": ("order_line.price",),
        "net_amount": ("order_line.price × quantity − total_discount",),
        "product_name": ("order_line.title",),
        "currency": ("order.currency",),
        "line_id": ("order_line.id",),
        "vendor": ("order_line.vendor",),
    },
    rules={
        "product": "the product, not its variant",
        "amounts": "after the line's discount, without tax and shipping; discounts of the whole order and refunds of a part of "
        "it stand in tables that are not read",
        "set_aside": "cancelled, voided, expired; refunded in full; test orders; deleted rows; gift cards (non_product)",
    },
    parts={
        "order": Part(
            ("id", "order_number", "customer_id", "cancelled_at", "test"),
            ("financial_status", "display_financial_status", "currency", "currency_code", "created_at", "processed_at",
             "_fivetran_deleted"),
        ),
        "order_line": Part(
            ("order_id", "variant_id", "quantity", "title", "sku"),
            ("id", "product_id", "price", "price_set_shop_amount", "total_discount", "total_discount_set_shop_amount",
             "gift_card", "is_gift_card", "vendor", "_fivetran_deleted"),
        ),
    },
    lines=_LINES,
    line_part="order_line",
)  # fmt: skip
