"""Who would buy what, as somebody has worked it out: `read_fits`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from affinity.errors import InputError
from affinity.ingest.assemble import encode
from affinity.ingest.columns import ORDER_ALIASES
from affinity.ingest.orders import DEFAULTS
from affinity.ingest.side_table import Field, Request, read_side_table
from affinity.settings import IngestSettings
from affinity.tables.campaign_prospects import Prospects

FIELDS = {
    "customer_id": Field("id", ORDER_ALIASES["customer_id"], required=True),
    "product_id": Field("id", ("product_id", "stock_code", "item_id", "sku", "product", "item"), required=True),
    "fit": Field("number", ("fit", "probability", "score"), required=True),
    "value": Field("number", ("value", "expected_value", "revenue")),
    "because": Field("label", ("reason", "why")),
}


def read_fits(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
) -> Prospects:
    """Possible offers of a file, frame or query: customer_id, product_id, fit[, value, reason].

    fit is a probability in [0, 1] (rows without one are set aside), value the money of a sale ≥ 0.
    A pair listed twice alike counts once (``dropped``); listed twice with different numbers, or a number out of range, is
    an InputError. The parameters are those of `read_orders`.
    """
    if isinstance(source, Prospects):
        return source
    request = Request(source, columns, format, database, settings, strict)
    rows = read_side_table(request, FIELDS, "A possible offer says to whom, of what, and how likely it is.")
    fit, value = rows.numbers("fit"), rows.numbers("value")
    _require_range(fit, "fit", "a probability in [0, 1]", (fit >= 0) & (fit <= 1))
    _require_range(value, "value", "money of a sale, 0 or more", ~(value < 0))
    customer, customers = encode(rows.columns["customer_id"], "customer")
    product, products = encode(rows.columns["product_id"], "product")
    order = np.lexsort((product, customer))
    customer, product, fit, value = customer[order], product[order], fit[order], value[order]
    again = np.concatenate([[False], (customer[1:] == customer[:-1]) & (product[1:] == product[:-1])])[: len(order)]
    _require_agreement(again, (fit, value), customers.decode(customer))
    keep = ~again
    reason = rows.texts("because")[order][keep] if "because" in rows.columns else None
    indptr = np.concatenate([[0], np.cumsum(np.bincount(customer[keep], minlength=len(customers)))]).astype(np.int64)
    return Prospects(
        indptr, product[keep], fit[keep], value[keep], customers, products, reason, int(again.sum()), rows.report
    )  # fmt: skip


def _require_range(column: np.ndarray, name: str, what: str, good: np.ndarray) -> None:
    bad = np.flatnonzero(~good)
    if len(bad):
        raise InputError(
            f"{len(bad):,} values of {name} are not {what}: {column[bad[0]]!r} is the first.",
            why="What a campaign brings is worked out from it.",
            do=f"Give {name} as {what}.",
        )


def _require_agreement(again: np.ndarray, numbers: tuple[np.ndarray, ...], customer: np.ndarray) -> None:
    for column in numbers:
        differs = again[1:] & (column[1:] != column[:-1]) & ~(np.isnan(column[1:]) & np.isnan(column[:-1]))
        if differs.any():
            who = customer[1:][differs][0]
            raise InputError(
                f"{int(differs.sum()):,} pairs of customer and product are listed twice with different numbers; "
                f"one is of customer {who!r}.",
                why="It is not known which one holds.",
                do="Give one row a customer and product.",
            )
