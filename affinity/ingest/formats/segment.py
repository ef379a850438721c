"""Segment: Order Completed (or Completed Order) and Order Refunded among the track calls, one JSON object a line."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.money import number
from affinity.ingest.formats.shop_events import COLUMNS, RULES, event_lines

_NEEDS = ("event", "properties", "timestamp")


def _property(name: str) -> str:
    return f"nullif(json_extract_string(content, '$.{name}'), '')"


_EVENTS = f"""
SELECT "row", CASE lower(event) WHEN 'order completed' THEN 'purchase' WHEN 'completed order' THEN 'purchase'
        WHEN 'order refunded' THEN 'refund' END AS kind,
    coalesce(event, 'no event') AS said, message_id AS event_id, {_property("order_id")} AS order_id, user_id,
    anonymous_id AS device_id, timestamp AS moment, {_property("currency")} AS currency,
    json_extract(content, '$.products')::VARCHAR AS items, {number(_property("subtotal"))} AS subtotal,
    {number(_property("discount"))} AS discount
FROM (SELECT *, CASE WHEN json_valid(properties) THEN properties END AS content FROM part_rows)
"""

_PRODUCT = " , ".join(f"nullif(json_extract_string(item, '$.{name}'), '')" for name in ("product_id", "sku", "name"))

SPEC = FormatSpec(
    name="segment",
    title="Segment track calls with Order Completed",
    columns={
        "order_id": ("properties.order_id",),
        "customer_id": ("userId, else anonymousId",),
        "product_id": ("products.product_id, else sku, else name",),
        "ordered_at": ("timestamp",),
        "product_name": ("products.name",),
        **COLUMNS,
    },
    requires=_NEEDS,
    rules=RULES
    | {
        "amounts": "price × quantity after its share of the order's discount (adding up to subtotal), without tax and shipping",
        "set_aside": "every event but Order Completed, Completed Order and Order Refunded as not_a_purchase",
    },
    parts={"rows": Part(_NEEDS, ("message Id", "user Id", "anonymous Id"))},
    lines=event_lines(_EVENTS, f"coalesce({_PRODUCT})", "json_extract_string(item, '$.name')"),
)
