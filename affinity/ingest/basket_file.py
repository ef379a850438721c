"""Basket files: one basket a line, its products separated by commas, semicolons, tabs or blanks; no customers, no time.

A row is one product of a basket; empty cells are no rows; the order is the number of the line, from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from affinity.errors import InputError
from affinity.ingest.csv_text import split_line
from affinity.ingest.staging import Column, Malformed, Source
from affinity.ingest.text_file import TextFile, iter_line_blocks, read_sample
from affinity.ingest.workbench import Workbench


def open_baskets(bench: Workbench, text: TextFile) -> Source:
    """A basket file as rows (order_id, product_id)."""
    import pyarrow as pa

    separator = _separator(read_sample(text))
    columns = (Column("order_id", "VARCHAR"), Column("product_id", "VARCHAR"))
    source = Source("baskets", columns, "basket_rows", has_row=True)
    schema = pa.schema([("row", pa.int64()), ("c0", pa.string()), ("c1", pa.string())])
    batches = list(_batches(text, separator, source, schema))
    bench.register("basket_rows", pa.Table.from_batches(batches, schema=schema))
    shown = {",": "commas", ";": "semicolons", "\t": "tabs", None: "blanks"}[separator]
    source.rules["basket_file"] = f"one basket a line, split by {shown}; a row is one product of a basket"
    source.warnings.append(
        f"Read as a basket file (one basket a line, split by {shown}): no customers and no dates, so conversion and "
        "personal recommendations are not available. --format csv reads it as a table."
    )
    return source


def _separator(sample: list[str]) -> str | None:
    for separator in (",", ";", "\t"):
        if any(separator in line for line in sample):
            return separator
    return None


def _batches(text: TextFile, separator: str | None, source: Source, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    row, number, empty = 0, 0, 0
    for block in iter_line_blocks(text):
        rows: list[int] = []
        orders: list[str] = []
        flat: list[str] = []
        for line in block:
            number += 1
            products = line.split() if separator is None else split_line(line, separator)
            if products is None or "\0" in line:
                source.malformed.append(Malformed(row, f"line {number}: a quote that never closes, or a NUL byte", line))
                row += 1
                continue
            products = [product for product in products if product.strip()]
            empty += not products
            rows += range(row, row + len(products))
            orders += [str(number)] * len(products)
            flat += products
            row += len(products)
        arrays = [pa.array(rows, pa.int64()), pa.array(orders, pa.string()), pa.array(flat, pa.string())]
        yield pa.record_batch(arrays, schema=schema)
    if empty:
        source.warnings.append(f"{empty:,} blank lines were skipped.")
    if not row:
        raise InputError(f"{text.name} holds blank lines only.", do="Export it again.")
