"""The event log as an offer log, so that what was shown and bought flows into the next run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np

from affinity.release import write_table
from affinity.serve.event_log import read_events
from affinity.tables.offers import LOG_COLUMNS


def offer_rows(folder: Path) -> list[dict[str, Any]]:
    """One offer a product shown to a known customer, in the order of the log; the columns are those of `read_offers`.

    An impression is an offer (its id: the answer's request_id and the product, so that the same answer seen twice is one; its
    campaign: the placement). A purchase with the same request_id and product accepts it. Without one ``accepted`` is left
    open, and a run measures it from the orders. In group control nothing was shown: an impression without a product.
    """
    offers: dict[str, dict[str, Any]] = {}
    bought: dict[str, str] = {}
    for event in read_events(folder):
        name = _offer_id(event)
        if event["type"] == "purchase" and "request_id" in event:
            bought.setdefault(name, event["occurred_at"])
        elif event["type"] == "impression" and "customer_id" in event:
            control = event.get("request_id", "").partition("-")[2].startswith("c")
            offers.setdefault(
                name,
                {
                    "offer_id": name,
                    "customer_id": event["customer_id"],
                    "product_id": event.get("product_id"),
                    "campaign_id": event.get("placement") or None,
                    "offered_at": event["occurred_at"],
                    "exposed": "yes",
                    "arm": "control" if control else "treated",
                },
            )
    for name, offer in offers.items():
        accepted = bought.get(name)
        if accepted is not None and _when(accepted) < _when(offer["offered_at"]):
            accepted = None
        offer |= {"accepted": None if accepted is None else "yes", "accepted_at": accepted}
    return list(offers.values())


def export_offers(folder: Path, path: Path) -> int:
    """Write the offers of a log to a .csv, .parquet or .json file; returns their number."""
    rows = offer_rows(folder)
    write_table({name: np.array([row[name] for row in rows], dtype=object) for name in LOG_COLUMNS}, path)
    return len(rows)


def _offer_id(event: dict[str, Any]) -> str:
    return f"{event.get('request_id') or event['event_id']}:{event.get('product_id', '')}"


def _when(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
