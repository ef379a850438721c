"""Olist: orders, order items and customers of the Brazilian marketplace, in files of their own."""

from affinity.ingest.format_spec import FormatSpec, Part

_LINES = """
SELECT i."row" AS "row",
    CASE WHEN o.order_id IS NULL AND i.order_id IS NOT NULL THEN 'no_order'
        WHEN lower(o.order_status) IN ('canceled', 'unavailable') THEN 'cancelled' END AS set_aside,
    CASE WHEN o.order_id IS NULL THEN i.order_id ELSE 'order_status ' || o.order_status END AS set_aside_detail,
    i.order_id AS order_id, c.customer_unique_id AS customer_id, i.product_id AS product_id,
    o.order_purchase_timestamp AS ordered_at, 1 AS quantity, i.price AS unit_price,
    i.order_id || ' ' || i.order_item_id AS line_id,
    p.product_category_name AS category, c.customer_state AS state
FROM part_order_items i
    LEFT JOIN (SELECT * FROM part_orders QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY "row") = 1) o
        ON i.order_id = o.order_id
    LEFT JOIN (SELECT * FROM part_customers QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY "row") = 1) c
        ON o.customer_id = c.customer_id
    LEFT JOIN (SELECT * FROM part_products QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY "row") = 1) p
        ON i.product_id = p.product_id
ORDER BY i."row"
"""

SPEC = FormatSpec(
    name="olist",
    title="Olist order items, orders and customers",
    columns={
        "order_id": ("order_items.order_id",),
        "customer_id": ("customers.customer_unique_id",),
        "product_id": ("order_items.product_id",),
        "ordered_at": ("orders.order_purchase_timestamp",),
        "quantity": ("1 a row",),
        "unit_price": ("order_items.price",),
        "line_id": ("order_items.order_id and order_item_id",),
        "category": ("products.product_category_name",),
        "state": ("customers.customer_state",),
    },
    rules={
        "customer": "customer_unique_id (customer_id is another one for every order)",
        "quantity": "one row a unit",
        "amounts": "price without freight_value",
        "set_aside": "canceled, unavailable; items whose order is not in the orders file (no_order)",
    },
    parts={
        "orders": Part(("order_id", "customer_id", "order_status", "order_purchase_timestamp")),
        "order_items": Part(("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value")),
        "customers": Part(("customer_id", "customer_unique_id"), ("customer_state",)),
        "products": Part(("product_id", "product_category_name"), required=False),
    },
    lines=_LINES,
    line_part="order_items",
)
