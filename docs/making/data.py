"""What is in the data: release files, measures, metrics, reasons of quarantine, states of eligibility."""

from __future__ import annotations

import math
from pathlib import Path

from affinity.ingest import clean
from affinity.ingest.preview import list_formats
from affinity.measures import MEASURES, get_measure
from affinity.metrics import DEFINITIONS
from affinity.metrics.definitions import SOURCES
from affinity.release.columns import COLUMNS, ROWS, describe_column
from affinity.release.schema import TABLES
from docs.making.markdown import NOTICE, code, table

#: When a measure is the one to look at; for the rest: when a paper or another program names it.
WHEN = {
    "support": "To leave out what is too rare to act on.",
    "confidence": "To say what share of the baskets with X hold Y. Compare with consequent_support, never alone.",
    "lift": "To read the strength of one rule; never to rank rules.",
    "leverage": "To rank by how many baskets more than expected: favours frequent products.",
    "conviction": "To see how far a rule is from being broken by chance; infinite for a rule never broken.",
    "zhangs_metric": "For a symmetric scale from −1 (never together) to 1.",
    "jaccard": "For how much two sets of baskets overlap; symmetric.",
    "cosine": "For similarity that does not look at baskets without both.",
    "kulczynski": "With imbalance_ratio, where one side is far more frequent.",
    "imbalance_ratio": "Beside kulczynski: how unequal the two sides are.",
    "odds_ratio": "To compare with studies that report odds ratios.",
    "chi_squared": "For a classical test of one rule; for many rules use q_value.",
    "phi": "As a correlation of two columns of yes and no.",
    "relative_risk": "As a ratio of confidences with and without X.",
    "laplace": "As confidence drawn to one half where little was seen.",
    "mutual_information": "To compare rules by bits of information about Y.",
}  # fmt: skip

#: Reasons of the order lines -> what they mean.
REASONS = {
    "malformed_row": "The line cannot be split into the columns of its header.",
    "missing_order_id": "No order id.",
    "missing_product_id": "No product id.",
    "bad_date": "The time is blank, unreadable or before 1970, or order_seq is no whole number.",
    "bad_quantity": "The quantity is blank, no number, or not finite.",
    "bad_price": "The price or amount is blank, no number, not finite, or below zero.",
    "zero_quantity": "A quantity of 0.",
    "negative_quantity": "Negative and not marked as a return, where the data mark returns.",
    "no_price": "A unit price of 0: a gift or a correction is no sale.",
    "non_product": "Postage, fees and other charges (ingest.product_pattern, ingest.non_product_codes).",
    "currency": "Another currency than the one asked for (ingest.currency).",
    "duplicate": "Repeats a row with the same line id, or in every column where ingest.duplicates is drop.",
    "return": "A return that was netted against the purchase it takes back; no defect.",
    "return_unmatched": "A return of nothing that was bought in these data.",
    "returned": "A purchase that was wholly given back; no defect.",
    "after_as_of": "On or after as_of: the future. Only counted, not listed in quarantine.parquet.",
    "cancelled": "The order or the line was cancelled, voided or expired (a known export says so).",
    "refunded": "Wholly taken back, where the export has no line for the return.",
    "unpaid": "Awaits its payment, or the payment failed.",
    "test": "Made in test mode.",
    "deleted": "Marked as deleted by the warehouse.",
    "not_a_purchase": "An event that is neither purchase nor refund.",
    "no_items": "An order or event without items.",
    "no_order": "A line whose order is not in the orders table.",
    "part_of_bundle": "A component whose parent line is counted.",
    "proration": "A subscription's correction, no purchase.",
    "renewal": "A product that the subscription holds already.",
    "price_change": "The same product at a new price: an upsell, no new product.",
}  # fmt: skip

#: Of the tables beside the orders (offers, products, customers, subscriptions).
SIDE_REASONS = {
    "missing_<column>": "A column that such a row must have is blank.",
    "bad_<column>": "A number, time or flag that cannot be read, or is out of range.",
    "duplicate": "An exact repeat. Two different rows with one id are an error.",
    "accepted_before_offer": "Offers: accepted before it was made.",
    "ended_before_start": "Subscriptions: the spell ends before it begins.",
}  # fmt: skip


def known_reasons() -> list[str]:
    """Every reason of order lines that this version sets rows aside for."""
    return [*clean.REASONS, *getattr(clean, "EXPORT_REASONS", ()), "return", "return_unmatched", "returned", "after_as_of"]


def make_pages(release: Path) -> dict[str, str]:
    """release.md, measures.md, metrics.md, reasons.md, exports.md."""
    return {
        "release.md": _release(release),
        "measures.md": _measures(),
        "metrics.md": _metrics(),
        "reasons.md": _reasons(),
        "exports.md": _exports(),
    }


def _release(release: Path) -> str:
    import pyarrow.parquet as pq

    text = NOTICE + (
        "# Release files\n\n`DIR/releases/<id>/`, with `DIR/current` pointing at the newest. Every table is a Parquet file that "
        "is always there, empty where the data cannot give it (`notes` in `report.json` say why). Ids are strings. Beside the "
        "tables: `report.json` (what was read, kept, capped and left null, and why), `manifest.json` (row counts and checksums), "
        "`semantic/cubes.yml` (the tables as a Cube data model) and `serving/` (arrays for a server).\n\n"
    )
    for name, columns in TABLES.items():
        path = release / f"{name}.parquet"
        types = dict(columns)
        if path.exists():
            types |= {one.name: str(one.type) for one in pq.read_schema(path) if one.name not in types}
        types |= {column: "double" for column in COLUMNS[name] if column not in types}
        text += f"## {name}.parquet\n\nA row is: {ROWS[name]}\n\n"
        text += table(
            ("column", "type", "what it holds"),
            [(code(column), code(kind), describe_column(name, column)) for column, kind in types.items()],
        )
        text += "\n"
    return text


def _exports() -> str:
    text = NOTICE + (
        "# Known exports\n\nAn export is recognised by its headers, compared without case, blanks and punctuation; several tables by the "
        "folder they are in. `affinity ingest FILE --dry-run` shows what was recognised and what would be set aside, and writes "
        "nothing. `--format NAME` overrides the detection, `--columns` any column. Whatever else has an order id and a product id is "
        "read by its column names.\n\n"
    )
    rows = []
    for one in list_formats():
        headers = "; ".join(f"{name + ': ' if name else ''}{', '.join(parts)}" for name, parts in one["signature"].items())
        rows.append((code(one["name"]), one["title"], headers, one["refused"] or ""))
    return text + table(("format", "export", "known by", "not read, because"), rows)


def _measures() -> str:
    text = NOTICE + (
        "# Measures of a rule\n\n`af.induce_rules(itemsets, measures=[…])` and `affinity rules` compute these from one table "
        "of counts: baskets with X and Y, with X, with Y, and all. X ⇒ Y says nothing about time or cause, and none of these is shrunk: "
        "rank pairs by `lift_eb`, and believe rules by `q_value`. What is undefined is null.\n\n"
    )
    rows = []
    for name in MEASURES:
        one = get_measure(name)
        low, high = (("−∞" if value < 0 else "∞") if math.isinf(value) else f"{value:g}" for value in (one.low, one.high))
        base = "depends" if one.at_independence is None else f"{one.at_independence:g}"
        sides = "yes" if one.symmetric else "no"
        rows.append(
            (
                code(name),
                one.formula,
                f"{low} … {high}",
                base,
                sides,
                WHEN.get(name, "Where the source uses it."),
                one.reference,
            )
        )
    head = ("name", "formula", "range", "at independence", "symmetric", "when to use", "reference")
    return text + table(head, rows)


def _metrics() -> str:
    text = NOTICE + (
        "# Metrics\n\nThere is no bare “cross-sell rate”: sources mean a dozen ratios by it. `affinity metrics ORDERS` and "
        "`af.compute_metrics` give the named ones with numerator, denominator, interval, spread over segments and source; "
        "`affinity metrics --explain NAME` says what is below. A zero denominator is null with its reason.\n\n"
    )
    text += "Sources: " + "; ".join(f"{short}, {name}" for short, name in SOURCES.items()) + ".\n\n"
    for name, one in DEFINITIONS.items():
        text += f"## {name}\n\n{one.formula}\n\n"
        text += table(("population", "needs", "source"), [(one.population, one.needs, one.source)]) + "\n"
    return text


def _reasons() -> str:
    text = NOTICE + (
        "# Why rows are set aside\n\nEvery row read is kept, or set aside under its first reason, so that rows read = kept + set "
        "aside. `quarantine.parquet` holds the rows; `--strict` makes defects an error instead.\n\n## Order lines\n\n"
    )
    text += table(("reason", "means"), [(code(name), REASONS[name]) for name in known_reasons()])
    text += "\n## Offers, products, customers, subscriptions\n\n"
    return text + table(("reason", "means"), [(code(name), about) for name, about in SIDE_REASONS.items()])
