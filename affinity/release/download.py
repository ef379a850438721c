"""Rows of an answer as a file to take away: CSV that no spreadsheet takes for formulas, or Parquet; a batch at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from affinity.formulas import FORMULA, NUMBER

BATCH = 100_000


def write_download(batches: Any, path: Path, names: Any = None) -> int:
    """Write record batches to ``path``, .csv or .parquet by its ending; returns the number of rows.

    names : pyarrow.Table with columns product_id and name; every list of products then has a column of names behind it

    In CSV a list is its texts with " + " between them, and a text (a column's name too) that begins like a formula and is no
    number gets an apostrophe before it.
    """
    from pyarrow import csv
    from pyarrow import parquet as pq

    as_text = path.suffix == ".csv"
    first = _dressed(batches.schema.empty_table(), names, as_text)
    writer = (
        csv.CSVWriter(str(path), first.schema) if as_text else pq.ParquetWriter(str(path), first.schema, compression="zstd")
    )
    rows = 0
    with writer:
        for batch in batches:
            table = _dressed(_table(batch), names, as_text)
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _table(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def _dressed(table: Any, names: Any, as_text: bool) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns):
        columns[name] = column
        if names is not None and pa.types.is_list(column.type):
            columns[f"{name}_names"] = _named(column.combine_chunks(), names)
    return defuse(pa.table(columns)) if as_text else pa.table(columns)


def defuse(table: Any) -> Any:
    """``table`` (pyarrow.Table) as CSV holds it: lists joined; no text and no column's name that a spreadsheet computes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in table.columns:
        text = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        text = pc.binary_join(text, " + ") if pa.types.is_list(text.type) else text
        columns.append(_defused(text) if pa.types.is_string(text.type) or pa.types.is_large_string(text.type) else text)
    return pa.table(columns, names=_defused(pa.array(table.column_names, pa.string())).to_pylist())


def _defused(text: Any) -> Any:
    import pyarrow.compute as pc

    unsafe = pc.and_not(pc.match_substring_regex(text, FORMULA), pc.match_substring_regex(text, NUMBER))
    return pc.if_else(unsafe, pc.binary_join_element_wise("'", text, ""), text)


def _named(lists: Any, names: Any) -> Any:
    """The lists with each product's name in the place of its id; the id where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = names["product_id"].combine_chunks()
    said = pc.coalesce(names["name"].cast(pa.string()), names["product_id"]).combine_chunks()
    flat = lists.flatten()
    named = pc.coalesce(said.take(pc.index_in(flat, value_set=ids)), flat)
    starts = pc.subtract(lists.offsets, lists.offsets[0])
    return pa.ListArray.from_arrays(starts, named)
