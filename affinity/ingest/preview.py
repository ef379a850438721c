"""What a read would do, for people and machines: what was recognised, what is kept, what is set aside and why."""

from __future__ import annotations

from typing import Any

import numpy as np

from affinity.ingest.clean import EXPORT_REASONS, REASONS
from affinity.ingest.formats.registry import FORMATS, load_format
from affinity.tables.ingest_report import TEXT_COLUMNS, IngestReport
from affinity.tables.order_lines import OrderLines

#: Rows shown of what is kept and of each reason.
EXAMPLES = 2


def preview_orders(report: IngestReport, lines: OrderLines | None = None) -> dict[str, Any]:
    """Plain values: format, because, columns, conventions, rows_read, kept, set_aside, warnings; nothing is written.

    kept      : rows and the first two of ``lines`` (None: no row can be used)
    set_aside : reason -> rows, meaning and the first two rows with the offending value, the most frequent reason first
    """
    rules = dict(report.rules)
    known = rules.pop("format", None)
    found: dict[str, Any] = dict(known) if isinstance(known, dict) else {}
    quarantine = report.quarantine
    aside = {}
    for reason, rows in sorted(report.reasons.items(), key=lambda item: (-item[1], item[0])):
        first = np.flatnonzero(quarantine.reason == reason)[:EXAMPLES]
        examples = [{name: _plain(getattr(quarantine, name)[at]) for name in ("row", "detail", *TEXT_COLUMNS)} for at in first]
        meaning = EXPORT_REASONS.get(reason) or REASONS.get(reason, "")
        aside[reason] = {
            "rows": rows,
            "meaning": meaning,
            "examples": [{name: value for name, value in row.items() if value is not None} for row in examples],
        }
    return {
        "format": report.format,
        "title": load_format(report.format).title if report.format in FORMATS else "",
        "because": found.pop("because", "no known export has these columns; the usual names were looked for"),
        "columns": dict(report.mapping),
        "conventions": {name: value for name, value in found.items() if name != "name"} | rules,
        "rows_read": report.rows_read,
        "kept": {"rows": report.rows_kept, "examples": [] if lines is None else _first_lines(lines)},
        "set_aside": aside,
        "warnings": list(report.warnings),
    }


def _first_lines(lines: OrderLines) -> list[dict[str, Any]]:
    rows = []
    for at in range(min(EXAMPLES, len(lines))):
        row: dict[str, Any] = {
            "row": int(lines.row[at]),
            "order_id": lines.orders.decode(lines.order[at : at + 1])[0],
            "customer_id": lines.customers.decode(lines.customer[at : at + 1])[0],
            "product_id": lines.products.decode(lines.product[at : at + 1])[0],
            "quantity": float(lines.quantity[at]),
            "net_amount": None if np.isnan(lines.net_amount[at]) else float(lines.net_amount[at]),
        }
        if lines.ordered_at is not None:
            row["ordered_at"] = str(lines.ordered_at[at].astype("datetime64[us]"))
        if lines.order_seq is not None:
            row["order_seq"] = int(lines.order_seq[at])
        rows.append({name: value for name, value in row.items() if value is not None})
    return rows


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def list_formats() -> list[dict[str, Any]]:
    """The known exports in the order of the registry: name, title, signature (table -> headers), refused (why) or ""."""
    found = []
    for spec in map(load_format, FORMATS):
        parts = {name: part.needs for name, part in spec.parts.items() if part.required}
        signature = {"": spec.requires} if spec.requires else parts
        found.append(
            {
                "name": spec.name,
                "title": spec.title,
                "signature": {name: list(headers) for name, headers in signature.items()},
                "refused": spec.refusal,
            }
        )
    return found
