"""Magento: the tables sales_order and sales_order_item; the order grid's CSV holds no lines and is refused."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.money import number

_ORDERED = number("i.qty_ordered")
_CANCELLED = f"coalesce({number('i.qty_canceled')}, 0)"
_REFUNDED = f"coalesce({number('i.qty_refunded')}, 0)"
_LEFT = f"({_ORDERED} - {_CANCELLED} - {_REFUNDED})"
_ROW = f"coalesce({number('i.row_total')}, {number('i.price')} * {_ORDERED}) - abs(coalesce({number('i.discount_amount')}, 0))"

_LINES = f"""
SELECT i."row" AS "row",
    CASE WHEN o.entity_id IS NULL AND i.order_id IS NOT NULL THEN 'no_order'
        WHEN 'canceled' IN (lower(o.state), lower(o.status)) THEN 'cancelled'
        WHEN 'closed' IN (lower(o.state), lower(o.status)) THEN 'refunded'
        WHEN lower(o.status) IN ('pending_payment', 'payment_review', 'fraud') THEN 'unpaid'
        WHEN p.item_id IS NOT NULL THEN 'part_of_bundle'
        WHEN {_LEFT} <= 0 AND {_REFUNDED} > 0 THEN 'refunded'
        WHEN {_LEFT} <= 0 AND {_CANCELLED} > 0 THEN 'cancelled' END AS set_aside,
    CASE WHEN o.entity_id IS NULL THEN i.order_id WHEN p.item_id IS NOT NULL THEN 'parent_item_id ' || i.parent_item_id
        ELSE coalesce('status ' || o.status, '') || coalesce(', ordered ' || i.qty_ordered, '')
            || coalesce(', cancelled ' || i.qty_canceled, '') || coalesce(', refunded ' || i.qty_refunded, '')
        END AS set_aside_detail,
    i.order_id AS order_id, CASE WHEN coalesce(o.customer_is_guest, '0') NOT IN ('1', 'true') THEN nullif(o.customer_id, '0')
        END AS customer_id,
    coalesce(i.product_id, i.sku) AS product_id, o.created_at AS ordered_at,
    CASE WHEN {_CANCELLED} + {_REFUNDED} > 0 THEN {_LEFT}::VARCHAR ELSE i.qty_ordered END AS quantity,
    i.price AS unit_price, ({_ROW}) * {_LEFT} / nullif({_ORDERED}, 0) AS net_amount,
    i.name AS product_name, upper(o.order_currency_code) AS currency, o.store_id AS store
FROM part_sales_order_item i
    LEFT JOIN (SELECT * FROM part_sales_order QUALIFY row_number() OVER (PARTITION BY entity_id ORDER BY "row") = 1) o
        ON i.order_id = o.entity_id
    LEFT JOIN (SELECT DISTINCT item_id, order_id FROM part_sales_order_item) p
        ON i.parent_item_id = p.item_id AND i.order_id = p.order_id
ORDER BY i."row"
"""

SPEC = FormatSpec(
    name="magento",
    title="Magento sales_order and sales_order_item",
    columns={
        "order_id": ("sales_order_item.order_id",),
        "customer_id": ("sales_order.customer_id",),
        "product_id": ("sales_order_item.product_id, else sku",),
        "ordered_at": ("sales_order.created_at",),
        "quantity": ("qty_ordered − qty_canceled − qty_refunded",),
        "unit_price": ("sales_order_item.price",),
        "net_amount": ("row_total − discount_amount",),
        "product_name": ("sales_order_item.name",),
        "currency": ("sales_order.order_currency_code",),
        "store": ("sales_order.store_id",),
    },
    rules={
        "order": "order_id is the order's entity_id, not its increment_id",
        "product": "the parent of a configurable or bundle; its children (parent_item_id) are set aside as part_of_bundle",
        "customer": "customer_id; customer_is_guest = 1 is a guest",
        "amounts": "row totals after discounts, without tax and shipping, for what was neither cancelled nor refunded",
        "set_aside": "canceled; closed (refunded in full); pending_payment, payment_review, fraud (unpaid)",
    },
    parts={
        "sales_order": Part(
            ("entity_id", "increment_id", "status", "created_at"),
            ("state", "customer_id", "customer_is_guest", "order_currency_code", "store_id"),
        ),
        "sales_order_item": Part(
            ("item_id", "order_id", "parent_item_id", "qty_ordered"),
            ("product_id", "sku", "name", "qty_canceled", "qty_refunded", "price", "row_total", "discount_amount"),
        ),
    },
    lines=_LINES,
    line_part="sales_order_item",
)

GRID = FormatSpec(
    name="magento_grid",
    title="Magento order grid CSV",
    requires=("Purchase Point", "Purchase Date", "Bill-to Name", "Grand Total (Base)"),
    refusal="The order grid has one row an order and no line items: export the tables sales_order and sales_order_item.",
)
