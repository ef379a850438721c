"""The product list: `read_products`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from affinity.ingest.orders import DEFAULTS
from affinity.ingest.side_table import Field, Request, SideRows, read_side_table
from affinity.settings import IngestSettings
from affinity.tables.products import Products
from affinity.vocabulary import Vocabulary

FIELDS = {
    "product_id": Field(
        "id",
        ("product_id", "stock_code", "item_id", "sku", "article_id", "product_code", "item_code", "product", "item", "id"),
        required=True,
    ),
    "name": Field("label", ("name", "product_name", "title", "description", "item_name", "product_title")),
    "family": Field("label", ("family", "product_family", "line")),
    "tier": Field("label", ("tier", "level")),
    "category": Field("label", ("category", "product_category", "department", "aisle")),
    "price": Field("number", ("price", "unit_price", "list_price"), minimum=0),
    "margin": Field("number", ("margin", "unit_margin")),
    "available": Field("flag", ("available", "in_stock", "is_available", "active")),
    "on_sale_from": Field("time", ("on_sale_from", "launched_at", "launch_date", "available_from")),
    "on_sale_to": Field("time", ("on_sale_to", "discontinued_at", "available_to", "available_until")),
    "requires": Field("label", ("requires", "prerequisites")),
    "lasting_days": Field("number", ("lasting_days", "lifetime_days"), minimum=0),
}  # fmt: skip

_LABELS = ("name", "family", "tier", "category")


def read_products(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    database: Any = None,
    settings: IngestSettings = DEFAULTS,
    strict: bool = False,
) -> Products:
    """The products of a file, frame or query, in label order (`Products.recoded` brings them to a run's vocabulary).

    Needed is product_id; known are name, family, tier, category, price, margin, available (blank: yes), on_sale_from,
    on_sale_to (first day no longer on sale), requires (product ids joined by semicolons) and lasting_days. A product
    listed twice with different facts is an InputError.

    The parameters are those of `read_orders`.
    """
    if isinstance(source, Products):
        return source
    request = Request(source, columns, format, database, settings, strict)
    rows = read_side_table(request, FIELDS, "A product list says something about products.", unique="product_id")
    ids, requires = rows.texts("product_id"), [_split(text) for text in rows.texts("requires")]
    vocabulary = Vocabulary.of("product", [*ids, *(need for needs in requires for need in needs)])
    report = rows.report
    unlisted = len(vocabulary) - len(ids)
    if unlisted:
        report = report.warn(f"{unlisted:,} products are required by others and not listed themselves.")
    code = vocabulary.encode(ids)
    needs_of: list[list[str]] = [[] for _ in range(len(vocabulary))]
    for at, needs in zip(code, requires):
        needs_of[at] = needs
    sizes = np.array([len(needs) for needs in needs_of], dtype=np.int64)
    return replace(
        Products.bare(vocabulary),
        **_columns(rows, code, vocabulary),
        requires_indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        requires=vocabulary.encode([need for needs in needs_of for need in needs]),
        report=report,
    )


def _columns(rows: SideRows, code: np.ndarray, vocabulary: Vocabulary) -> dict[str, Any]:
    values: dict[str, np.ndarray] = {name: rows.texts(name) for name in _LABELS}
    values |= {name: rows.numbers(name) for name in ("price", "margin", "lasting_days")}
    values |= {name: rows.days(name) for name in ("on_sale_from", "on_sale_to")}
    values["available"] = rows.flags("available") != 0
    bare = Products.bare(vocabulary)
    columns = {}
    for name, value in values.items():
        column = getattr(bare, name).copy()
        column[code] = value
        columns[name] = column
    return columns


def _split(text: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (text or "").split(";") if part.strip()))
