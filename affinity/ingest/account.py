"""The accounts of a read: every row kept or set aside under its first reason, and what the user should know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from affinity import mapped
from affinity.errors import AllRowsBad, StrictRows
from affinity.ingest.assemble import fetch_texts, quarantine_of
from affinity.ingest.clean import NO_DEFECT
from affinity.ingest.conventions import Draft
from affinity.ingest.staging import Source, text_of
from affinity.ingest.workbench import quote_name
from affinity.tables.ingest_report import IngestReport, Quarantine
from affinity.tables.order_lines import OrderLines

#: The rule that lists what was set aside as no product.
NON_PRODUCT = "non_product"


def account_orders(draft: Draft, source: Source, row: np.ndarray, reason: list[str]) -> IngestReport:
    """The report of the staged rows and malformed lines of ``source``; the staged rows ``row`` are set aside for ``reason``."""
    import pyarrow as pa

    types, found = draft.types, draft.found

    def text(name: str) -> str:
        if name not in types:
            return "NULL::VARCHAR"
        return f'"{name}"' if types[name] == "VARCHAR" else text_of(f'"{name}"', types[name])

    offending = {
        "bad_date": text("ordered_at") if "ordered_at" in types else text("order_seq"),
        "bad_quantity": text("quantity"), "zero_quantity": text("quantity"), "negative_quantity": text("quantity"),
        "bad_price": f"coalesce({text('unit_price')}, {text('net_amount')})", "no_price": text("unit_price"),
        "non_product": "product_id", "currency": text("currency"), "duplicate": text("line_id"),
    }  # fmt: skip
    detail = " ".join(f"WHEN '{reason}' THEN {sql}" for reason, sql in offending.items())
    if "set_aside" in types:
        detail = f"WHEN set_aside THEN set_aside_detail {detail}"
    shown = ", ".join(
        f"{text(name)} AS {quote_name(name)}" for name in ("customer_id", "product_id", "ordered_at", "quantity", "unit_price")
    )
    sql = (
        f'SELECT staged."row" AS "row", reason, CASE reason {detail} END AS detail, order_id, {shown} '
        'FROM staged JOIN verdicts ON staged."row" = verdicts."row"'
    )
    draft.bench.register("verdicts", pa.table({"row": pa.array(row, pa.int64()), "reason": pa.array(reason, pa.string())}))
    quarantine = quarantine_of(fetch_texts(draft.bench, sql, {}), source.malformed)
    ((rows,),) = draft.bench.run("SELECT count(*) FROM staged")
    unsorted = IngestReport(
        rows_read=rows + len(source.malformed),
        format="basket_file" if source.kind == "baskets" else found.format,
        mapping=found.names(source.columns),
        rules=draft.rules,
        warnings=tuple(source.warnings),
    )
    return file_report(unsorted, quarantine, draft.tallies)


def file_report(report: IngestReport, quarantine: Quarantine, tallies: Mapping[str, int]) -> IngestReport:
    """``report`` with all that was set aside by the rules: by reason, what is no product by its codes, and the warnings.

    tallies : sentence with {count} in it -> rows; none is said of no rows
    """
    counts, rules = Counter(quarantine.reason.tolist()), dict(report.rules)
    if counts["non_product"]:
        products = Counter(quarantine.product_id[quarantine.reason == "non_product"].tolist())
        top = sorted(products.items(), key=lambda item: (-item[1], item[0]))[:20]
        rules[NON_PRODUCT] = {"rows": counts["non_product"], "codes": len(products), "most_frequent": dict(top)}
    return replace(
        report,
        rows_kept=report.rows_read - len(quarantine),
        reasons={reason: counts[reason] for reason in sorted(counts)},
        rules=rules,
        quarantine=quarantine,
    ).warn(*(sentence.replace("{count}", f"{count:,}") for sentence, count in tallies.items() if count))


def refuse(report: IngestReport, strict: bool) -> None:
    """Raise StrictRows for defects where ``strict``, AllRowsBad where nothing is left."""
    quarantine = report.quarantine
    by_reason = sorted(report.reasons.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{reason} {count:,}" for reason, count in by_reason)
    defects = [reason for reason, _ in by_reason if reason not in NO_DEFECT]
    if strict and defects:
        examples = []
        for reason in defects[:3]:
            at = int(np.flatnonzero(quarantine.reason == reason)[0])
            examples.append(f"row {quarantine.row[at]} {reason} ({quarantine.detail[at] or 'blank'})")
        raise StrictRows(
            f"{sum(report.reasons[reason] for reason in defects):,} of {report.rows_read:,} rows have defects: {shown}; "
            f"for example {'; '.join(examples)}.",
            why="With strict no row may be set aside for a defect.",
            do="Mend the rows, or leave strict out to have them set aside and listed.",
        )
    if not report.rows_kept:
        few = ", ".join(f"{reason} {count:,}" for reason, count in by_reason[:3])
        more = f" and {len(by_reason) - 3} more reasons" if len(by_reason) > 3 else ""
        mapped = ", ".join(f"{canonical} = {name}" for canonical, name in report.mapping.items())
        error = AllRowsBad(
            f"All {report.rows_read:,} rows were set aside: {few}{more}.",
            why=f"The columns may be read as something that they are not: {mapped}." if defects else "",
            do="Name the right columns with --columns, or mend the rows." if defects else "Look at them with --dry-run.",
        )
        error.report = report
        raise error


def order_notes(lines: OrderLines) -> list[str]:
    """Warnings about the lines that were kept."""
    notes = []
    guests = int((lines.customer < 0).sum())
    if guests == len(lines):
        notes.append("No row has a customer: conversion and personal recommendations are not available.")
    elif guests:
        notes.append(
            f"{guests:,} of {len(lines):,} rows ({guests / len(lines):.1%}) have no customer: guests count for baskets only."
        )
    shared = _shared_orders(lines)
    if shared:
        notes.append(f"{shared:,} order ids are shared by more than one customer; each is still taken as one order.")
    return notes


def _shared_orders(lines: OrderLines) -> int:
    """How many orders have lines of more than one customer."""
    least = np.full(len(lines.orders), len(lines.customers), dtype=np.int32)
    most = np.full(len(lines.orders), -1, dtype=np.int32)
    for rows in mapped.split_rows(len(lines)):
        known = lines.customer[rows] >= 0
        order, customer = lines.order[rows][known], lines.customer[rows][known]
        np.minimum.at(least, order, customer)
        np.maximum.at(most, order, customer)
    return int(np.count_nonzero(least < most))
