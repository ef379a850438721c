"""GA4: the events of the BigQuery export (Parquet or JSON lines), and purchases as the web page sends them."""

from affinity.ingest.format_spec import FormatSpec, Part
from affinity.ingest.formats.shop_events import COLUMNS, RULES, event_lines

_KIND = "CASE lower(event_name) WHEN 'purchase' THEN 'purchase' WHEN 'refund' THEN 'refund' END"
_NAME = "json_extract_string(item, '$.item_name')"
_PRODUCT = f"coalesce(nullif(nullif(json_extract_string(item, '$.item_id'), ''), '(not set)'), {_NAME})"


def _of_order(name: str) -> str:
    """SQL: a field of ``ecommerce``, which is a JSON object or blank."""
    return f"nullif(CASE WHEN json_valid(ecommerce) THEN json_extract_string(ecommerce, '$.{name}') END, '(not set)')"


def _parameter(name: str) -> str:
    """SQL: a text among ``event_params``, a JSON list of keys and values."""
    pattern = rf'"key"\s*:\s*"{name}"[^{{}}]*\{{[^{{}}]*"string_value"\s*:\s*"([^"]*)"'
    return f"nullif(regexp_extract(event_params, '{pattern}', 1), '')"


_EVENTS = f"""
SELECT "row", {_KIND} AS kind, event_name AS said, NULL::VARCHAR AS event_id,
    coalesce({_of_order("transaction_id")}, {_parameter("transaction_id")}) AS order_id,
    nullif(user_id, '') AS user_id, user_pseudo_id AS device_id, event_timestamp AS moment,
    coalesce({_of_order("currency")}, {_parameter("currency")}) AS currency,
    items, NULL::DOUBLE AS subtotal, NULL::DOUBLE AS discount FROM part_rows
"""

_WEB_EVENTS = f"""
SELECT "row", {_KIND.replace("lower(event_name)", "lower(coalesce(event, event_name, 'purchase'))")} AS kind,
    coalesce(event, event_name, 'purchase') AS said, NULL::VARCHAR AS event_id,
    nullif(transaction_id, '(not set)') AS order_id, user_id, coalesce(user_pseudo_id, client_id) AS device_id,
    coalesce(event_timestamp, timestamp) AS moment, currency, items, NULL::DOUBLE AS subtotal, NULL::DOUBLE AS discount
FROM part_rows
"""

_COLUMNS = {
    "order_id": ("transaction_id",),
    "customer_id": ("user_id, else user_pseudo_id",),
    "product_id": ("item_id, else item_name",),
    "ordered_at": ("event_timestamp",),
    "product_name": ("item_name",),
    **COLUMNS,
}
_RULES = RULES | {
    "amounts": "price × quantity of the items (price is after the item's discount), without tax and shipping",
    "late": "events may come up to three days late: the last three days may be incomplete",
    "set_aside": "every event but purchase and refund (views, offers shown, carts) as not_a_purchase",
}
_NEEDS = ("event_name", "event_timestamp", "user_pseudo_id", "items")
_WEB = ("transaction_id", "currency", "value", "items")

SPEC = FormatSpec(
    name="ga4",
    title="GA4 events of the BigQuery export",
    columns=_COLUMNS,
    requires=_NEEDS,
    rules=_RULES,
    parts={"rows": Part(_NEEDS, ("user_id", "ecommerce", "event_params"))},
    lines=event_lines(_EVENTS, _PRODUCT, _NAME),
    notes={
        "No purchase has a user_id: the {count} customers are browsers (user_pseudo_id), not persons.": "SELECT CASE WHEN "
        "count(user_id) = 0 THEN count(DISTINCT user_pseudo_id) END FROM part_rows WHERE event_name = 'purchase'"
    },
)

WEB = FormatSpec(
    name="ga4_web",
    title="GA4 purchase events as the web page sends them",
    columns=_COLUMNS,
    requires=_WEB,
    rules=_RULES,
    parts={
        "rows": Part(_WEB, ("event", "event_name", "event_timestamp", "timestamp", "user_id", "user_pseudo_id", "client_id"))
    },
    lines=event_lines(_WEB_EVENTS, _PRODUCT, _NAME),
)
