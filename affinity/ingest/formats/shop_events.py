"""Purchases and refunds among the events of a tracker: the SQL that GA4 and Segment share."""

from affinity.ingest.formats.money import after_discount, number

RULES = {
    "row": "an item of an event; an event without items is one row",
    "customer": "the user id; where no purchase has one, the device id (a browser, not a person); without it a guest",
    "refunds": "a refund event takes items back from who bought them, at its own time; without items the whole order",
    "duplicates": "a purchase of an order id that was seen before, or an event with the id of an earlier one",
}


def event_lines(events: str, product: str, name: str) -> str:
    """SQL from ``events`` to order lines.

    events        : SELECT row, kind (purchase, refund or NULL), said (the event's name), event_id, order_id, user_id,
                    device_id, moment, currency, items (a JSON list or NULL), subtotal, discount, brand and category being
                    read from the items
    product, name : SQL of an item's id and name over ``item``
    """

    def field(key: str) -> str:
        return f"nullif(nullif(json_extract_string(item, '$.{key}'), ''), '(not set)')"

    net = after_discount("i.gross", "t.total", "i.subtotal", "i.discount")
    return f"""
WITH events AS ({events}),
marked AS (
    SELECT *, (kind = 'purchase' AND order_id IS NOT NULL
            AND row_number() OVER (PARTITION BY kind, order_id ORDER BY "row") > 1)
        OR (event_id IS NOT NULL AND row_number() OVER (PARTITION BY event_id ORDER BY "row") > 1) AS again,
        CASE WHEN kind IS NOT NULL AND json_valid(items) AND items LIKE '[%' AND json_array_length(items) > 0
            THEN json_extract(items, '$[*]')::VARCHAR[] END AS list
    FROM events),
bought AS (SELECT * FROM marked WHERE kind = 'purchase' AND NOT again AND order_id IS NOT NULL),
filled AS (
    SELECT m."row" AS "row", m.kind, m.said, m.again, m.order_id, m.moment,
        coalesce(b.user_id, m.user_id) AS user_id, coalesce(b.device_id, m.device_id) AS device_id,
        coalesce(m.currency, b.currency) AS currency, m.kind = 'refund' AND m.list IS NULL AS whole,
        coalesce(m.list, CASE WHEN m.kind = 'refund' THEN b.list END, [NULL]) AS list,
        CASE WHEN m.kind = 'refund' THEN b.subtotal ELSE m.subtotal END AS subtotal,
        CASE WHEN m.kind = 'refund' THEN b.discount ELSE m.discount END AS discount
    FROM marked m LEFT JOIN bought b ON m.kind = 'refund' AND m.order_id = b.order_id),
pieces AS (SELECT * EXCLUDE (list), unnest(list) AS item, generate_subscripts(list, 1) AS nth FROM filled),
read AS (
    SELECT *, row_number() OVER (ORDER BY "row", nth) - 1 AS line, {product} AS product, {name} AS product_name,
        coalesce({field("quantity")}, '1') AS quantity, {field("price")} AS price, {field("brand")} AS brand,
        {field("item_brand")} AS item_brand, coalesce({field("category")}, {field("item_category")}) AS category FROM pieces),
known AS (
    SELECT order_id, product, min(price) AS price FROM read WHERE kind = 'purchase' AND NOT again GROUP BY order_id, product),
items AS (
    SELECT r.* EXCLUDE (price, brand, item_brand), coalesce(r.price, k.price) AS price, coalesce(brand, item_brand) AS brand,
        {number("coalesce(r.price, k.price)")} * {number("r.quantity")} AS gross
    FROM read r LEFT JOIN known k ON r.kind = 'refund' AND r.order_id = k.order_id AND r.product = k.product),
totals AS (SELECT order_id, sum(gross) AS total FROM items WHERE kind = 'purchase' AND NOT again GROUP BY order_id)
SELECT i.line AS "row",
    CASE WHEN kind IS NULL THEN 'not_a_purchase' WHEN again THEN 'duplicate' WHEN item IS NULL THEN 'no_items' END AS set_aside,
    i.said || coalesce(' ' || i.order_id, '') AS set_aside_detail, i.order_id AS order_id,
    CASE WHEN (SELECT count(user_id) FROM bought) > 0 THEN user_id ELSE device_id END AS customer_id,
    i.product AS product_id, moment AS ordered_at,
    CASE WHEN kind = 'refund' THEN coalesce((-abs({number("quantity")}))::VARCHAR, quantity) ELSE quantity END AS quantity,
    i.price AS unit_price, CASE WHEN kind = 'refund' THEN -1 ELSE 1 END * ({net}) AS net_amount,
    product_name, upper(currency) AS currency, brand, category
FROM items i LEFT JOIN totals t ON i.order_id = t.order_id ORDER BY i.line
"""


COLUMNS = {
    "quantity": ("quantity",),
    "unit_price": ("price",),
    "net_amount": ("price × quantity, after the order's discount",),
    "currency": ("currency",),
    "brand": ("brand",),
    "category": ("category",),
}
