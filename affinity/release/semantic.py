"""The semantic model of a release: a Cube data model (YAML) over its tables, with the measures of S4.

Every `sql_table` is the published Parquet file of that name. A ratio is the sum of its numerators over the sum of its
denominators; figures that no sum can make (a Kaplan–Meier rate, a lift) are given at their own grain only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FILE = "cubes.yml"

_HEAD = """\
# Cube data model of an affinity release. Each sql_table is the published Parquet file of that name; in DuckDB, for example:
#   CREATE VIEW offers AS SELECT * FROM read_parquet('SHOP/current/offers.parquet');
"""


def _dimension(name: str, column: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "sql": f"{{CUBE}}.{column}", "type": kind, **more}


def _measure(name: str, kind: str, sql: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, **({"sql": sql} if sql else {}), "type": kind, **more}


def _key(*columns: str) -> dict[str, Any]:
    """The primary key of a table whose rows are told apart by ``columns``."""
    parts = ", ".join(f"COALESCE(CAST({{CUBE}}.{column} AS VARCHAR), '')" for column in columns)
    return {"name": "id", "sql": f"CONCAT_WS('|', {parts})", "type": "string", "primary_key": True}


_AT_GRAIN = "Valid at one row of the table only: filter to it."

CUBES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "CrossSellMetrics",
        "sql_table": "offers",
        "title": "Cross-sell offers",
        "description": "One row an offer that was made and seen; counts are of offers, not of customers.",
        "measures": [
            _measure(
                "crossSellPurchases", "sum", "{CUBE}.accepted",
                title="Number of Cross-Sell Purchases",
                description="Offers that were accepted: as recorded, else bought in the offer window.",
            ),
            _measure(
                "totalCrossSellOffers", "count", title="Total Number of Cross-Sell Offers", description="Offers made and seen.",
            ),
            _measure(
                "crossSellConversionRate", "number", "100.0 * {crossSellPurchases} / NULLIF({totalCrossSellOffers}, 0)",
                title="Cross-Sell Conversion Rate",
                description="Percent, of all offers made; null without any. The named metric offer_event_conversion_rate leaves"
                " out offers that are too young or were of a product owned before.",
            ),
            _measure(
                "customersOffered", "count_distinct", "{CUBE}.customer_id", description="Distinct customers who were offered."
            ),
        ],
        "dimensions": [
            _dimension("id", "offer_id", primary_key=True),
            _dimension("customerId", "customer_id", title="Customer ID", description="A string: ids are no numbers."),
            _dimension("offerDate", "offered_at", "time", title="Offer Date"),
            _dimension("campaign", "campaign"),
            _dimension("productId", "product_id"),
        ],
        "joins": [{"name": "products", "relationship": "many_to_one", "sql": "{CUBE}.product_id = {products}.product_id"}],
    },
    {
        "name": "products",
        "sql_table": "products",
        "measures": [_measure("products", "count")],
        "dimensions": [
            _dimension("id", "product_id", primary_key=True),
            *(_dimension(name, name) for name in ("name", "family", "tier", "category")),
            _dimension("available", "available", "boolean"),
        ],
    },
    {
        "name": "conversions",
        "sql_table": "conversions",
        "description": "Observed conversion A→B. Sums over consequents count a customer once for each: filter to one pair.",
        "measures": [
            _measure("eligible", "sum", "{CUBE}.eligible"),
            _measure("converted", "sum", "{CUBE}.converted"),
            _measure("conversionRate", "max", "100.0 * {CUBE}.rate", description=f"Percent, censoring-aware. {_AT_GRAIN}"),
            _measure("hazardRatio", "max", "{CUBE}.hazard_ratio", description=f"Against similar buyers. {_AT_GRAIN}"),
            _measure("offered", "sum", "{CUBE}.offered"),
            _measure("accepted", "sum", "{CUBE}.accepted"),
            _measure("offerConversionRate", "number", "100.0 * {accepted} / NULLIF({offered}, 0)"),
        ],
        "dimensions": [
            _key("antecedent", "consequent", "horizon_days"),
            _dimension("antecedent", "antecedent"),
            _dimension("consequent", "consequent"),
            _dimension("horizonDays", "horizon_days", "number"),
        ],
        "joins": [{"name": "products", "relationship": "many_to_one", "sql": "{CUBE}.consequent = {products}.product_id"}],
    },
    {
        "name": "pairs",
        "sql_table": "pairs",
        "description": "Products bought together, both directions of a pair.",
        "measures": [
            _measure("pairs", "count"),
            _measure("orders", "max", "{CUBE}.count", description=f"Orders with both. {_AT_GRAIN}"),
            _measure("confidence", "max", "{CUBE}.confidence", description=_AT_GRAIN),
            _measure("shrunkLift", "max", "{CUBE}.lift_eb", description=_AT_GRAIN),
        ],
        "dimensions": [
            _key("antecedent", "consequent"),
            _dimension("antecedent", "antecedent"),
            _dimension("consequent", "consequent"),
            _dimension("qValue", "q_value", "number"),
        ],
        "joins": [{"name": "products", "relationship": "many_to_one", "sql": "{CUBE}.consequent = {products}.product_id"}],
    },
    {
        "name": "rules",
        "sql_table": "rules",
        "measures": [
            _measure("rules", "count"),
            _measure("baskets", "max", "{CUBE}.count", description=f"Baskets with both sides. {_AT_GRAIN}"),
            _measure("confidence", "max", "{CUBE}.confidence", description=_AT_GRAIN),
            _measure("lift", "max", "{CUBE}.lift", description=_AT_GRAIN),
        ],
        "dimensions": [
            _key("antecedents", "consequents"),
            {"name": "antecedents", "sql": "ARRAY_TO_STRING({CUBE}.antecedents, ' + ')", "type": "string"},
            {"name": "consequents", "sql": "ARRAY_TO_STRING({CUBE}.consequents, ' + ')", "type": "string"},
            _dimension("qValue", "q_value", "number"),
        ],
    },
    {
        "name": "recommendations",
        "sql_table": "recommendations",
        "measures": [
            _measure("recommendations", "count"),
            _measure("customers", "count_distinct", "{CUBE}.customer_id"),
            _measure("expectedPurchases", "sum", "{CUBE}.fit", description="Sum of fit, a calibrated probability."),
        ],
        "dimensions": [
            _key("customer_id", "rank"),
            _dimension("customerId", "customer_id"),
            _dimension("productId", "product_id"),
            _dimension("rank", "rank", "number"),
            _dimension("kind", "kind"),
            _dimension("reasonCode", "reason_code"),
            _dimension("isFallback", "is_fallback", "boolean"),
        ],
        "joins": [{"name": "products", "relationship": "many_to_one", "sql": "{CUBE}.product_id = {products}.product_id"}],
    },
    {
        "name": "metrics",
        "sql_table": "metrics",
        "description": "Named cross-sell metrics; a row without a segment is over everybody. Never sum over metrics or splits.",
        "measures": [
            _measure("numerator", "sum", "{CUBE}.numerator"),
            _measure("denominator", "sum", "{CUBE}.denominator"),
            *(_measure(name, "max", f"{{CUBE}}.{name}", description=_AT_GRAIN) for name in ("value", "lower", "upper")),
        ],
        "dimensions": [
            _key("metric", "segment_by", "segment", "window"),
            _dimension("metric", "metric"),
            _dimension("segmentBy", "segment_by"),
            _dimension("segment", "segment"),
            {"name": "window", "sql": '{CUBE}."window"', "type": "string"},
            _dimension("note", "note"),
        ],
    },
    {
        "name": "metricTree",
        "sql_table": "metric_tree",
        "description": "Cross-sell revenue over its drivers; a row without a segment is over everybody.",
        "measures": [
            _measure(name, "max", f"{{CUBE}}.{name}", description=_AT_GRAIN) for name in ("value", "lower", "upper")
        ],
        "dimensions": [
            _key("node", "segment"),
            *(_dimension(name, name) for name in ("node", "parent", "owner", "unit", "segment")),
        ],
    },
    {
        "name": "metricChange",
        "sql_table": "metric_change",
        "description": "The change of cross-sell revenue since the window before, attributed to its drivers exactly: an account"
        " of what changed, not of causes. A row without a segment is over everybody; a node's parts add up to it.",
        "measures": [
            _measure(name, "max", f"{{CUBE}}.{name}", description=_AT_GRAIN) for name in ("before", "after", "contribution")
        ],
        "dimensions": [
            _key("node", "segment"),
            *(_dimension(name, name) for name in ("node", "parent", "owner", "unit", "segment")),
        ],
    },
)  # fmt: skip

VIEWS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "crossSell",
        "description": "Offers and what they offered.",
        "cubes": [
            {
                "join_path": "CrossSellMetrics",
                "includes": [
                    "crossSellPurchases", "totalCrossSellOffers", "crossSellConversionRate", "customerId", "offerDate",
                    "campaign",
                ],
            },
            {"join_path": "CrossSellMetrics.products", "prefix": True, "includes": ["name", "family", "category"]},
        ],
    },
)  # fmt: skip


def cube_model() -> str:
    """The Cube data model as YAML: cubes over the published tables, and a view.

    >>> "crossSellConversionRate" in cube_model()
    True
    """
    return _HEAD + "\n".join(_yaml({"cubes": list(CUBES), "views": list(VIEWS)}, 0)) + "\n"


def _yaml(value: Mapping[str, Any], indent: int) -> list[str]:
    """A mapping as block YAML; texts are quoted as in JSON, which YAML reads."""
    lines = []
    for name, item in value.items():
        lead = " " * indent
        if isinstance(item, list) and item and isinstance(item[0], Mapping):
            lines.append(f"{lead}{name}:")
            for entry in item:
                inner = _yaml(entry, indent + 4)
                lines += [f"{lead}  - {inner[0].lstrip()}", *inner[1:]]
        else:
            lines.append(f"{lead}{name}: {json.dumps(item, ensure_ascii=False)}")
    return lines
