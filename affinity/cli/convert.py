"""Observed conversion A→B: of customers eligible to go from A to B, how many did.

affinity convert orders.csv --as-of 2025-06-30 --horizon-days 90 --out conversions.parquet

By segment (pooled and standardised rates, and where they contradict each other), or of the offers:

affinity convert orders.csv --by country
affinity convert orders.csv --offers offers.csv --products products.csv --show offers --by country
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import typer

from affinity.cli import options
from affinity.cli.output import show_table
from affinity.errors import InputError
from affinity.tables import Conversion, OfferConversion, SegmentConversion

#: What is printed of each table; --out and --json have every column.
SHOWN = {
    "pairs": ["antecedent", "consequent", "kind", "horizon_days", "eligible", "converted", "rate", "lower", "upper",
              "hazard_ratio", "q_value"],
    "segments": ["antecedent", "consequent", "horizon_days", "segment", "eligible", "converted", "rate", "lower", "upper",
                 "pooled_rate", "standardised_rate", "reversal"],
    "offers": ["cut", "campaign", "category", "segment", "offered", "accepted", "rate", "lower", "upper", "shrunk",
               "organic_rate"],
}  # fmt: skip


@options.reads_orders
def command(
    reading: options.Reading,
    horizon_days: Annotated[
        list[int] | None, typer.Option(help="Horizon in days; repeat for more. Default: 30, 90, 365.", show_default=False)
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Segment column of the customers or the order lines.", show_default=False)
    ] = None,
    show: Annotated[
        Literal["pairs", "segments", "offers"] | None,
        typer.Option(
            help="Default: segments with --by, else pairs. offers: by campaign × category × --by.", show_default=False
        ),
    ] = None,
    churn: Annotated[
        Literal["crude", "net"] | None,
        typer.Option(help="Customers who left: at risk still (crude, default), or until they left (net).", show_default=False),
    ] = None,
    offers: options.OfferFile = None,
    products: options.ProductFile = None,
    customers: options.CustomerFile = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    from affinity import observed

    settings = reading.settings()
    lines = reading.lines(settings)
    what = show or ("segments" if by else "pairs")
    known: dict[str, Any] = {"products": products, "customers": customers, "settings": settings}
    table: Conversion | SegmentConversion | OfferConversion
    if what == "offers":
        if offers is None:
            raise InputError("--show offers needs an offer log.", do="Give it: --offers offers.csv.")
        table = observed.measure_offers(offers, orders=lines, by=by, **known)
    else:
        if what == "segments" and by is None:
            raise InputError("--show segments needs a segment column.", do="Name it: --by country.")
        column: Any = by if what == "segments" else None
        table = observed.estimate_conversion(lines, by=column, horizon_days=horizon_days, churn=churn, offers=offers, **known)
    rows, note = _sort_for_reading(table), _describe(table)
    show_table(table, out=out, as_json=as_json, columns=SHOWN[what], limit=30, note=note, rows=rows)


def _sort_for_reading(table: Conversion | SegmentConversion | OfferConversion) -> np.ndarray | None:
    """int64 rows, what says most first: pairs by the lower bound of the hazard ratio, segments that contradict the pooled
    rate and then those with the most eligible; offers as they are."""
    if isinstance(table, OfferConversion):
        return None
    if isinstance(table, SegmentConversion):
        some = np.flatnonzero(table.eligible > 0)
        return some[np.lexsort((-table.eligible[some], ~table.reversal[some]))]
    upsell = np.asarray(table.kind == "upsell")
    return np.lexsort((table.horizon_days, -np.nan_to_num(table.hazard_ratio_lower, nan=-1.0), upsell))


def _describe(table: Conversion | SegmentConversion | OfferConversion) -> str:
    """What to be careful with, in a line or two."""
    if isinstance(table, OfferConversion):
        left_out = table.info.get("excluded")
        counts = ", ".join(f"{n:,} {reason}" for reason, n in left_out.items()) if isinstance(left_out, dict) else ""
        return f"{table.info['note']}" + (f"\nOffers that do not count: {counts}." if counts else "")
    if isinstance(table, SegmentConversion):
        pairs = int(table.reversal.sum()) // max(len(set(table.segment.tolist())), 1)
        return f"{pairs:,} pairs and horizons in which the segments contradict the pooled rate (reversal)."
    warnings = table.info.get("warnings")
    lines = [str(table.info["risk"]), *(warnings if isinstance(warnings, tuple) else ())]
    return "\n".join(line[:1].upper() + line[1:] + "." for line in lines)
