"""The files of a release and the columns that each has at least, with the type in which it is published.

A table may bring further columns (measures, evidence); a table that was not made is written empty, with these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT, WHOLE, SHORT, NUMBER, FLAG, DATE, TEXTS = "string", "int64", "int32", "double", "bool", "date32", "list<string>"
TIME = "timestamp[us]"

TABLES: Mapping[str, Mapping[str, str]] = {
    "itemsets": {"itemset": TEXTS, "size": SHORT, "count": WHOLE, "support": NUMBER},
    "rules": {
        "antecedents": TEXTS,
        "consequents": TEXTS,
        "antecedent_count": WHOLE,
        "consequent_count": WHOLE,
        "count": WHOLE,
        "support": NUMBER,
        "confidence": NUMBER,
        "lift": NUMBER,
        "q_value": NUMBER,
    },
    "pairs": {
        "antecedent": TEXT,
        "consequent": TEXT,
        "count": WHOLE,
        "customers": WHOLE,
        "support": NUMBER,
        "confidence": NUMBER,
        "confidence_lower": NUMBER,
        "confidence_upper": NUMBER,
        "lift": NUMBER,
        "lift_adjusted": NUMBER,
        "lift_eb": NUMBER,
        "lift_eb_lower": NUMBER,
        "q_value": NUMBER,
    },
    "conversions": {
        "antecedent": TEXT,
        "consequent": TEXT,
        "horizon_days": SHORT,
        "eligible": WHOLE,
        "converted": WHOLE,
        "censored": WHOLE,
        "rate": NUMBER,
        "lower": NUMBER,
        "upper": NUMBER,
        "baseline": NUMBER,
        "hazard_ratio": NUMBER,
        "hazard_ratio_lower": NUMBER,
        "median_days": NUMBER,
        "offered": WHOLE,
        "accepted": WHOLE,
        "offer_rate": NUMBER,
        "note": TEXT,
    },
    "recommendations": {
        "customer_id": TEXT,
        "rank": SHORT,
        "product_id": TEXT,
        "fit": NUMBER,
        "because": TEXT,
        "reason": TEXT,
        "reason_code": TEXT,
        "is_fallback": FLAG,
    },
    "also_bought": {"product_id": TEXT, "rank": SHORT, "recommended_id": TEXT, "score": NUMBER},
    "metrics": {
        "metric": TEXT,
        "segment_by": TEXT,
        "segment": TEXT,
        "window": TEXT,
        "numerator": NUMBER,
        "denominator": NUMBER,
        "value": NUMBER,
        "lower": NUMBER,
        "upper": NUMBER,
        "interval": TEXT,
        "spread_by": TEXT,
        "spread_low": NUMBER,
        "spread_low_segment": TEXT,
        "spread_high": NUMBER,
        "spread_high_segment": TEXT,
        "as_of": TEXT,
        "population": TEXT,
        "source": TEXT,
        "note": TEXT,
    },
    "metric_tree": {
        "node": TEXT,
        "label": TEXT,
        "parent": TEXT,
        "kind": TEXT,
        "unit": TEXT,
        "definition": TEXT,
        "owner": TEXT,
        "segment_by": TEXT,
        "segment": TEXT,
        "numerator": NUMBER,
        "denominator": NUMBER,
        "value": NUMBER,
        "lower": NUMBER,
        "upper": NUMBER,
        "window": TEXT,
        "as_of": TEXT,
        "note": TEXT,
    },
    "offers": {
        "offer_id": TEXT,
        "customer_id": TEXT,
        "campaign": TEXT,
        "product_id": TEXT,
        "offered_at": TIME,
        "accepted": SHORT,
    },
    "quarantine": {
        "row": WHOLE,
        "reason": TEXT,
        "detail": TEXT,
        "order_id": TEXT,
        "customer_id": TEXT,
        "product_id": TEXT,
        "ordered_at": TEXT,
        "quantity": TEXT,
        "unit_price": TEXT,
        "raw": TEXT,
    },
    "products": {
        "product_id": TEXT,
        "name": TEXT,
        "family": TEXT,
        "tier": TEXT,
        "category": TEXT,
        "price": NUMBER,
        "margin": NUMBER,
        "available": FLAG,
        "on_sale_from": DATE,
        "on_sale_to": DATE,
        "lasting_days": NUMBER,
        "requires": TEXTS,
    },
    "curves": {
        "antecedent": TEXT,
        "consequent": TEXT,
        "day": SHORT,
        "at_risk": WHOLE,
        "events": WHOLE,
        "rate": NUMBER,
    },
    "ledger": {"state": TEXT, "pairs": WHOLE},
    "calibration": {"bin": SHORT, "rows": WHOLE, "predicted": NUMBER, "observed": NUMBER},
    "bundles": {"bundle": SHORT, "product_id": TEXT},
}


def arrow_type(name: str) -> Any:
    """The pyarrow type that a name of this page means."""
    import pyarrow as pa

    types = {
        TEXT: pa.string(),
        WHOLE: pa.int64(),
        SHORT: pa.int32(),
        NUMBER: pa.float64(),
        FLAG: pa.bool_(),
        DATE: pa.date32(),
        TIME: pa.timestamp("us"),
        TEXTS: pa.list_(pa.string()),
    }
    return types[name]
