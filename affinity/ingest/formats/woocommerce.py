"""WooCommerce: the export suite's CSV (items packed in one column, or one row an item) and the orders of the REST API."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.money import number

_COLUMNS = {
    "order_id": ("order_id",),
    "customer_id": ("customer_id",),
    "product_id": ("product_id, else sku, else name",),
    "ordered_at": ("order_date",),
    "quantity": ("quantity − refunded_qty",),
    "unit_price": ("subtotal ÷ quantity",),
    "net_amount": ("total − refunded",),
    "product_name": ("name",),
    "currency": ("currency",),
    "country": ("billing_country",),
}

_RULES = {
    "customer": "customer_id; 0 is a guest",
    "product": "the product, not its variation",
    "amounts": "line totals after discounts and refunds, without tax, shipping and fees",
    "set_aside": "cancelled, trash; pending, on-hold, failed, checkout-draft (unpaid); refunded orders and lines",
}


def _tail(items: str) -> str:
    """SQL from ``items`` (row, state, the order's fields, the item's fields as text) to order lines."""
    bought, returned = f"coalesce({number('quantity')}, 0)", f"abs(coalesce({number('refunded_qty')}, 0))"
    kept = f"({bought} - {returned})"
    return f"""
{items}
SELECT "row",
    CASE WHEN state IN ('cancelled', 'trash') THEN 'cancelled' WHEN state = 'refunded' THEN 'refunded'
        WHEN state IN ('pending', 'on-hold', 'failed', 'checkout-draft') THEN 'unpaid'
        WHEN coalesce(product, sku, item_name, quantity) IS NULL THEN 'no_items'
        WHEN {returned} > 0 AND {kept} <= 0 THEN 'refunded' END AS set_aside,
    CASE WHEN {returned} > 0 THEN refunded_qty || ' of ' || quantity || ' refunded, ' ELSE '' END
        || 'status ' || coalesce(state, '?') AS set_aside_detail,
    order_id, nullif(customer_id, '0') AS customer_id,
    coalesce(nullif(product, '0'), sku, item_name) AS product_id, moment AS ordered_at,
    CASE WHEN {returned} > 0 THEN {kept}::VARCHAR ELSE quantity END AS quantity,
    coalesce({number("subtotal")}, {number("total")}) / nullif({bought}, 0) AS unit_price,
    {number("total")} - abs(coalesce({number("refunded")}, 0)) AS net_amount,
    item_name AS product_name, upper(currency) AS currency, country
FROM items
"""


def _field(name: str) -> str:
    """SQL: a field of ``item``, which is a JSON object or ``name:value|name:value``."""
    packed = f"nullif(trim(replace(replace(regexp_extract(item, '(^|\\|){name}:([^|]*)', 2), chr(1), ';'), chr(2), '|')), '')"
    return f"CASE WHEN item LIKE '{{%' THEN nullif(json_extract_string(item, '$.{name}'), '') ELSE {packed} END"


_STATE = "regexp_replace(lower(status), '^wc-', '')"
_ESCAPED = r"replace(replace(line_items, '\;', chr(1)), '\|', chr(2))"


def _packed(orders: str) -> str:
    """SQL: one row an item of ``orders``, whose line_items are a JSON list or packed text; an empty order is one row too."""
    return _tail(f"""
WITH orders AS ({orders}),
listed AS (SELECT *, CASE WHEN line_items IS NULL OR line_items = '[]' THEN [NULL]
    WHEN line_items LIKE '[%' AND json_valid(line_items) THEN json_extract(line_items, '$[*]')::VARCHAR[]
    ELSE string_split(rtrim({_ESCAPED}, ';'), ';') END AS list FROM orders),
pieces AS (SELECT * EXCLUDE (list, line_items), unnest(list) AS item, generate_subscripts(list, 1) AS nth FROM listed),
items AS (SELECT row_number() OVER (ORDER BY "row", nth) - 1 AS "row", {_STATE} AS state, order_id, customer_id, moment,
    currency, country, {_field("product_id")} AS product, {_field("sku")} AS sku, {_field("name")} AS item_name,
    {_field("quantity")} AS quantity, {_field("subtotal")} AS subtotal, {_field("total")} AS total,
    {_field("refunded")} AS refunded, {_field("refunded_qty")} AS refunded_qty FROM pieces)
""")


_CURRENCY = "coalesce(order_currency, currency) AS currency, billing_country AS country"
_MAY = ("customer_id", "paid_date", "customer_email", "order_currency", "currency", "billing_country")
_NEEDS_PACKED = ("order_id", "order_number", "order_date", "status", "line_items")
_NEEDS_ITEMS = ("order_id", "order_date", "status", "item_name", "item_quantity", "item_total")
_NEEDS_REST = ("id", "number", "status", "date_created", "line_items")

PACKED = FormatSpec(
    name="woocommerce",
    title="WooCommerce orders CSV, items in one column",
    columns=_COLUMNS,
    requires=_NEEDS_PACKED,
    rules=_RULES | {"row": "an item of an order; an order without items is one row"},
    parts={"rows": Part(_NEEDS_PACKED, _MAY)},
    lines=_packed(f'SELECT "row", order_id, customer_id, status, order_date AS moment, {_CURRENCY}, line_items FROM part_rows'),
)

ITEMS = FormatSpec(
    name="woocommerce_items",
    title="WooCommerce orders CSV, one row an item",
    columns=_COLUMNS,
    requires=_NEEDS_ITEMS,
    rules=_RULES,
    parts={
        "rows": Part(
            _NEEDS_ITEMS, (*_MAY, "item_product_id", "item_sku", "item_subtotal", "item_refunded", "item_refunded_qty")
        )
    },
    lines=_tail(
        f'WITH items AS (SELECT "row", {_STATE} AS state, order_id, customer_id, order_date AS moment, {_CURRENCY}, '
        "item_product_id AS product, item_sku AS sku, item_name, item_quantity AS quantity, item_subtotal AS subtotal, "
        "item_total AS total, item_refunded AS refunded, item_refunded_qty AS refunded_qty FROM part_rows)"
    ),
    line_part="rows",
)

REST = FormatSpec(
    name="woocommerce_rest",
    title="WooCommerce REST orders, one JSON object a line",
    columns=_COLUMNS | {"order_id": ("id",), "ordered_at": ("date_created",)},
    requires=_NEEDS_REST,
    rules=_RULES | {"row": "an item of an order; an order without items is one row"},
    parts={"rows": Part(_NEEDS_REST, ("customer_id", "currency", "billing", "date_created_gmt"))},
    lines=_packed(
        'SELECT "row", id AS order_id, customer_id, status, date_created AS moment, currency, '
        "CASE WHEN json_valid(billing) THEN nullif(json_extract_string(billing, '$.country'), '') END AS country, "
        "line_items FROM part_rows"
    ),
)
