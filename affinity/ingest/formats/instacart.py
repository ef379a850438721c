"""Instacart: order_products alone (baskets), joined to orders in one table, or the files of the folder."""

from affinity.ingest.format_spec import FormatSpec, Part

SPEC = FormatSpec(
    name="instacart",
    title="Instacart order_products",
    columns={
        "order_id": ("order_id",),
        "product_id": ("product_id",),
        "customer_id": ("user_id",),
        "order_seq": ("order_number",),
        "product_name": ("product_name",),
    },
    requires=("order_id", "product_id", "add_to_cart_order"),
)

_LINES = """
WITH timed AS (
    SELECT order_id, user_id, sum(least(coalesce(try_cast(days_since_prior_order AS DOUBLE), 0), 30))
        OVER (PARTITION BY user_id ORDER BY try_cast(order_number AS INTEGER)) AS day
    FROM part_orders QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY "row") = 1)
SELECT l."row" AS "row",
    CASE WHEN o.order_id IS NULL AND l.order_id IS NOT NULL THEN 'no_order' END AS set_aside,
    l.order_id AS set_aside_detail, l.order_id AS order_id, o.user_id AS customer_id, l.product_id AS product_id,
    o.day::BIGINT AS ordered_at, p.product_name AS product_name, p.aisle_id AS aisle, p.department_id AS department
FROM part_order_products l LEFT JOIN timed o ON l.order_id = o.order_id
    LEFT JOIN (SELECT * FROM part_products QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY "row") = 1) p
        ON l.product_id = p.product_id
ORDER BY l."row"
"""

FOLDER = FormatSpec(
    name="instacart_folder",
    title="Instacart orders, order_products and products",
    columns={
        "order_id": ("order_products.order_id",),
        "customer_id": ("orders.user_id",),
        "product_id": ("order_products.product_id",),
        "ordered_at": ("sum of orders.days_since_prior_order",),
        "product_name": ("products.product_name",),
        "aisle": ("products.aisle_id",),
        "department": ("products.department_id",),
    },
    day_index=True,
    rules={
        "days": "counted from each customer's own first order by the sum of days_since_prior_order, where 30 stands for 30 or "
        "more: they order a customer's purchases and are no calendar, so the follow-up of different customers does not compare",
        "set_aside": "lines whose order is not in orders (no_order)",
    },
    parts={
        "orders": Part(("order_id", "user_id", "eval_set", "order_number", "days_since_prior_order")),
        "order_products": Part(("order_id", "product_id", "add_to_cart_order"), many=True),
        "products": Part(("product_id", "product_name", "aisle_id", "department_id"), required=False),
    },
    lines=_LINES,
    notes={
        "The days of {count} customers are counted from their own first order: there is no calendar, so customers are not "
        "followed over the same time.": "SELECT count(DISTINCT user_id) FROM part_orders"
    },
    line_part="order_products",
)
