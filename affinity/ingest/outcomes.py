"""What became of the customers of a campaign, as somebody has recorded it: `read_outcomes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from affinity.ingest.columns import ORDER_ALIASES
from affinity.ingest.orders import DEFAULTS
from affinity.ingest.side_table import Field, Request, SideRows, read_side_table
from affinity.settings import IngestSettings
from affinity.tables.campaign_outcomes import CampaignOutcomes

FIELDS = {
    "customer_id": Field("id", ORDER_ALIASES["customer_id"]),
    "arm": Field("label", ("arm", "variant", "test_group", "treatment_group", "group")),
    "converted": Field("flag", ("converted", "conversion", "accepted", "redeemed", "purchased"), required=True),
    "revenue": Field("number", ("revenue", "spend", "sales")),
    "exposed": Field("flag", ("exposed", "seen", "viewed", "delivered")),
    "converted_before": Field("flag", ("converted_before",)),
    "revenue_before": Field("number", ("revenue_before", "spend_before")),
    "fit": Field("number", ("fit",)),
}


def read_outcomes(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
) -> CampaignOutcomes:
    """The outcomes of a campaign from a file, frame or query, one row a customer.

    Needed is converted (yes or no; blank counts as no and is counted); known are customer_id, arm, revenue, exposed,
    converted_before, revenue_before and fit; further columns of at most 1,000 different values become segments. Without an
    arm everybody is "treated". A customer listed twice alike counts once; with different values it is an InputError. The
    parameters are those of `read_orders`; ``columns={"arm": "segment", "converted": "visit"}`` maps names.
    """
    if isinstance(source, CampaignOutcomes):
        return source
    request = Request(source, columns, format, database, settings, strict)
    what = "An outcome says whether a customer converted."
    rows = read_side_table(request, FIELDS, what, unique="customer_id", extras=True)
    arm = rows.texts("arm") if "arm" in rows.columns else np.full(len(rows), "treated", dtype=object)
    converted = rows.flags("converted")
    return CampaignOutcomes(
        arm=arm,
        converted=(converted == 1).astype(np.float64),
        customer_id=rows.texts("customer_id") if "customer_id" in rows.columns else None,
        revenue=_zero_blank(rows, "revenue"),
        exposed=rows.flags("exposed") == 1 if "exposed" in rows.columns else None,
        converted_before=_yes(rows, "converted_before"),
        revenue_before=_zero_blank(rows, "revenue_before"),
        fit=rows.numbers("fit") if "fit" in rows.columns and not np.isnan(rows.numbers("fit")).any() else None,
        segments={name: np.array(column.to_pylist(), dtype=object) for name, column in rows.extra.items()},
        blank=int((converted < 0).sum()),
        report=rows.report,
    )


def _zero_blank(rows: SideRows, name: str) -> np.ndarray | None:
    """A money column in which blank is nothing; None where the source lacks it."""
    return np.nan_to_num(rows.numbers(name), nan=0.0) if name in rows.columns else None


def _yes(rows: SideRows, name: str) -> np.ndarray | None:
    """float64: 1 yes, 0 no or blank; None where the source lacks the column."""
    return (rows.flags(name) == 1).astype(np.float64) if name in rows.columns else None
