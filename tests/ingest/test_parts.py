"""Lines of further Parquet parts added to those of the first: as if all had been read together, or a reason why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity import ingest
from affinity.ingest.attributes import MAX_LABELS
from affinity.ingest.parts import join_texts
from affinity.kernels.texts import place_texts
from affinity.settings import IngestSettings
from affinity.vocabulary import pack_texts
from tests import naive

TEXTS = st.lists(st.text(max_size=4), max_size=12, unique=True).map(sorted)

#: Order, customer, product, second of the day, quantity, price, country.
FIRST = [
    ("o1", "ann", "tea", 0, 1, 2.0, "UK"),
    ("o1", "ann", "milk", 0, 2, 1.0, "UK"),
    ("o3", None, "tea", 9, 1, 2.0, None),
    ("o3", "cy", "tea", 9, 1, 2.0, "FR"),
    ("o4", "cy", "POST", 10, 1, 4.0, "FR"),
    ("o4", "cy", None, 10, 1, 4.0, "FR"),
    ("o5", "cy", "tea", 11, 0, 2.0, "FR"),
    ("o6", "cy", "tea", 12, 1, 2.0, "FR"),
    ("o6", "cy", "tea", 12, 1, 2.0, "FR"),
]
LAST = [
    ("o0", "bob", "ale", 20, 1, 3.0, "DE"),
    ("o3", "bob", "tea", 21, -1, 2.0, "UK"),
    ("o9", "ann", "POST", 22, 1, 4.0, "UK"),
    ("o9", "ann", "BANK CHARGES", 22, 1, 4.0, "UK"),
    ("o9", "ann", "zest", 22, 3, 0.0, "UK"),
    ("p1", "é", "über", 23, 1, 1.0, "ÅX"),
    ("p1", "é", "über", 23, 1, 1.0, "ÅX"),
]


def write_part(path: Path, rows: list[tuple[Any, ...]], **instead: Any) -> None:
    """A Parquet part of ``rows``; instead : other columns, by name."""
    names = ("order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price", "country")
    columns: dict[str, Any] = dict(zip(names, map(list, zip(*rows))))
    columns["ordered_at"] = pa.array([at * 10**6 for at in columns["ordered_at"]], pa.timestamp("us"))
    columns["country"] = pa.array(columns["country"], pa.string())
    pq.write_table(pa.table({name: instead.get(name, column) for name, column in columns.items()} | instead), path)


def both_ways(folder: Path, settings: IngestSettings | None = None) -> tuple[ingest.PartsRead, Any]:
    """The parts of ``folder`` read together, and the last added to the others."""
    parts = ingest.list_parts(folder)
    assert parts is not None
    first, last = (replace(parts, paths=some) for some in (parts.paths[:-1], parts.paths[-1:]))
    whole, known, new = (ingest.read_parts(one, settings or IngestSettings()) for one in (parts, first, last))
    return whole, ingest.add_parts(known, new)


def contents(read: ingest.PartsRead) -> dict[str, Any]:
    """All that is known of the lines, as plain values."""
    lines = read.lines
    names = ("order", "customer", "product", "quantity", "net_amount", "row", "ordered_at")
    found: dict[str, Any] = {name: getattr(lines, name).tolist() for name in names}
    found |= {name: getattr(lines, name).labels.tolist() for name in ("orders", "customers", "products")}
    found |= {name: (one.code.tolist(), one.labels.labels.tolist()) for name, one in lines.attributes.items()}
    found["aside"] = {name: column.tolist() for name, column in lines.report.quarantine.columns().items()}
    return found | {"report": str(lines.report.to_dict()), "decided": read.decided, "hashes": sorted(read.row_hash.tolist())}


@pytest.mark.parametrize("duplicates", ["keep", "drop"])
def test_added_parts_are_as_if_all_were_read_together(tmp_path: Path, duplicates: Any) -> None:
    write_part(tmp_path / "a.parquet", FIRST)
    write_part(tmp_path / "b.parquet", LAST)
    whole, added = both_ways(tmp_path, IngestSettings(duplicates=duplicates))
    assert contents(added) == contents(whole)
    assert contents(whole)["report"] == str(
        ingest.read_orders(tmp_path, settings=IngestSettings(duplicates=duplicates)).report.to_dict()
    )
    assert whole.lines.report.reasons["non_product"] == 3
    assert ("2 rows repeat" in str(whole.lines.report.warnings)) == (duplicates == "keep")


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        ({"ordered_at": ["2024-01-02"] * len(LAST)}, "other columns"),
        ({"unit_price": ["1"] * len(LAST)}, "other columns"),
        ({"country": pa.array(["1"] * len(LAST))}, "other rules"),
        ({"line_id": list("abcdefg")}, "other columns"),
    ],
)
def test_what_is_decided_otherwise_is_read_together(tmp_path: Path, instead: dict[str, Any], why: str) -> None:
    write_part(tmp_path / "a.parquet", FIRST)
    parts = ingest.list_parts(tmp_path)
    write_part(tmp_path / "b.parquet", LAST, **instead)
    every = ingest.list_parts(tmp_path)
    assert parts is not None
    assert every is not None
    known, new = (ingest.read_parts(one, IngestSettings()) for one in (parts, replace(every, paths=every.paths[1:])))
    assert str(ingest.add_parts(known, new)).startswith(why)


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        ({"ordered_at": ["2024-01-02"] * 9}, "ordered_at is text"),
        ({"quantity": ["1"] * 9}, "quantity is text"),
        ({"line_id": list("abcdefghi")}, "a line id"),
        ({"country": ["1"] * 9}, "a column of texts was left out"),
    ],
)
def test_columns_that_are_decided_from_all_values_stand_alone(tmp_path: Path, instead: dict[str, Any], why: str) -> None:
    write_part(tmp_path / "a.parquet", FIRST, **instead)
    write_part(tmp_path / "b.parquet", FIRST, **instead)
    if "line_id" in instead:
        write_part(tmp_path / "b.parquet", FIRST, line_id=list("jklmnopqr"))
    assert str(both_ways(tmp_path)[1]).startswith(why)


def test_a_row_of_before_is_told(tmp_path: Path) -> None:
    write_part(tmp_path / "a.parquet", FIRST)
    write_part(tmp_path / "b.parquet", [*LAST, FIRST[1]])
    assert both_ways(tmp_path)[1] == "a row of a new part may repeat one of before"


def test_too_many_labels_together_are_told(tmp_path: Path) -> None:
    labels = [f"c{i}" for i in range(MAX_LABELS + 1)]
    rows = [("o1", "ann", f"p{i}", i, 1, 1.0, label) for i, label in enumerate(labels)]
    write_part(tmp_path / "a.parquet", rows[: MAX_LABELS - 1])
    write_part(tmp_path / "b.parquet", rows[MAX_LABELS - 1 :])
    whole, added = both_ways(tmp_path)
    assert "country" not in whole.lines.attributes
    assert str(added).startswith("country has more than")


def test_two_currencies_are_told_by_reading_all(tmp_path: Path) -> None:
    write_part(tmp_path / "a.parquet", FIRST, currency=["GBP"] * len(FIRST))
    write_part(tmp_path / "b.parquet", LAST, currency=["EUR"] * len(LAST))
    parts = ingest.list_parts(tmp_path)
    assert parts is not None
    known, new = (ingest.read_parts(replace(parts, paths=(path,)), IngestSettings()) for path in parts.paths)
    assert ingest.add_parts(known, new) == "other currency in the new parts"


@given(TEXTS, TEXTS)
def test_texts_are_placed_as_the_oracle_places_them(known: list[str], asked: list[str]) -> None:
    one, other = pack_texts(known), pack_texts(asked)
    place, found = np.empty(len(asked), dtype=np.int64), np.empty(len(asked), dtype=np.bool_)
    place_texts(one.offsets, one.data, other.offsets, other.data, place, found)
    assert list(zip(place.tolist(), found.tolist())) == naive.place_texts(known, asked)


@given(TEXTS, TEXTS)
def test_joined_texts_are_the_sorted_union(known: list[str], new: list[str]) -> None:
    every, place, place_new = join_texts(pack_texts(known), pack_texts(new))
    assert every.texts() == sorted({*known, *new})
    assert [every.texts()[i] for i in place.tolist()] == known
    assert [every.texts()[i] for i in place_new.tolist()] == new
