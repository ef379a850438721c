"""The offer log: `read_offers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from affinity.ingest.assemble import encode
from affinity.ingest.columns import ORDER_ALIASES
from affinity.ingest.orders import DEFAULTS
from affinity.ingest.side_table import NO_TIME, Field, Request, SideRows, read_side_table
from affinity.settings import IngestSettings
from affinity.tables.offers import LOG_COLUMNS, Offers
from affinity.tables.order_lines import MICROSECONDS_A_DAY as DAY
from affinity.vocabulary import Vocabulary

FIELDS = {
    "offer_id": Field("id", ("offer_id", "impression_id", "id")),
    "customer_id": Field("id", ORDER_ALIASES["customer_id"], required=True),
    "product_id": Field("id", ("product_id", "stock_code", "item_id", "sku", "article_id", "product_code", "product", "item")),
    "campaign_id": Field("id", ("campaign_id", "campaign", "campaign_name")),
    "offered_at": Field(
        "time", ("offered_at", "offer_date", "sent_at", "offer_time", "timestamp", "date", "created_at"), filled=True
    ),
    "exposed": Field("flag", ("exposed", "seen", "viewed", "delivered")),
    "arm": Field("label", ("arm", "variant", "test_group", "treatment_group", "group")),
    "control": Field("flag", ("control", "is_control", "holdout")),
    "treated": Field("flag", ("treated", "is_treated", "treatment")),
    "accepted": Field("flag", ("accepted", "is_accepted", "converted", "redeemed", "redemption_status", "purchased")),
    "accepted_at": Field("time", ("accepted_at", "converted_at", "redeemed_at", "conversion_date", "redemption_date")),
    "cost": Field("number", ("cost", "offer_cost"), minimum=0),
}

#: Values of an arm column that mean "was made no offer" (compared in lower case, words joined by blanks).
CONTROL_ARMS = frozenset(
    {"control", "control group", "ctrl", "c", "holdout", "hold out", "none", "no offer", "no e mail", "no email"}
)


def read_offers(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
) -> Offers:
    """The offers of a file, frame or query, in vocabularies of their own (`Offers.recoded` brings them to a run's).

    Needed is customer_id; known are offer_id (else the row number), product_id, campaign_id, offered_at, exposed (blank:
    yes), arm or variant ("control", "holdout", … are untreated) or control or treated, accepted (blank: not recorded),
    accepted_at (alone: who has one accepted) and cost. An offer accepted before it was made is set aside as
    ``accepted_before_offer``. An offer_id that stands for two different rows is an InputError.

    A CSV file as `affinity serve --export-offers` writes it (its very columns) gives back ids that begin like a formula as
    they were, without the apostrophe that guards them there. The parameters are those of `read_orders`.
    """
    if isinstance(source, Offers):
        return source
    request = Request(source, columns, format, database, settings, strict)
    # by days: a log may date acceptances to the day and offers to the second
    early = f"( x_accepted_at > {NO_TIME + 1} AND x_accepted_at // {DAY} < x_offered_at // {DAY} )"
    rows = read_side_table(
        request,
        FIELDS,
        "An offer says to whom it was made.",
        unique="offer_id",
        rules={"accepted_before_offer": early},
        written=LOG_COLUMNS,
    )
    customer, customers = encode(rows.columns["customer_id"], "customer")
    product, products = _codes(rows, "product_id", "product")
    campaign, campaigns = _codes(rows, "campaign_id", "campaign")
    accepted_at = rows.times("accepted_at")
    return Offers(
        offer=_offer_ids(rows),
        customer=customer,
        product=product,
        campaign=campaign,
        exposed=rows.flags("exposed") != 0,
        treated=_treated(rows),
        accepted=_accepted(rows, accepted_at),
        accepted_at=np.where(accepted_at == NO_TIME, np.int64(-1), accepted_at),
        cost=rows.numbers("cost"),
        customers=customers,
        products=products,
        campaigns=campaigns,
        offered_at=rows.times("offered_at") if "offered_at" in rows.columns else None,
        report=rows.report,
    )


def _codes(rows: SideRows, name: str, kind: str) -> tuple[np.ndarray, Vocabulary]:
    if name not in rows.columns:
        return np.full(len(rows), -1, dtype=np.int32), Vocabulary(kind, [])
    return encode(rows.columns[name], kind)


def _offer_ids(rows: SideRows) -> np.ndarray:
    ids = rows.texts("offer_id")
    unnamed = np.flatnonzero(ids == None)  # noqa: E711  # elementwise
    ids[unnamed] = [f"row {row}" for row in rows.row[unnamed]]
    return ids


def _treated(rows: SideRows) -> np.ndarray:
    treated = np.ones(len(rows), dtype=bool)
    if "arm" in rows.columns:
        arms = rows.texts("arm")
        untreated = {arm for arm in set(arms.tolist()) if arm and " ".join(_words(arm)) in CONTROL_ARMS}
        treated &= np.array([arm not in untreated for arm in arms], dtype=bool)
    return treated & (rows.flags("control") != 1) & (rows.flags("treated") != 0)


def _words(arm: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in arm.lower()).split()


def _accepted(rows: SideRows, accepted_at: np.ndarray) -> np.ndarray:
    accepted = rows.flags("accepted").copy()
    if "accepted_at" in rows.columns:
        dated = accepted_at != NO_TIME
        accepted[(accepted < 0) & dated] = 1
        if "accepted" not in rows.columns:
            accepted[~dated] = 0
    return accepted
