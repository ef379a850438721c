"""Hashes depend on values only: not on chunks, encodings, the writer or the hash seed."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.frames import LabelColumn, ListColumn
from affinity.release import checksum as checksum_module
from affinity.release import fingerprint_arrays
from affinity.release.checksum import values_checksum
from affinity.vocabulary import Vocabulary

VALUES = {
    "text": (pa.string(), st.none() | st.text(max_size=4)),
    "number": (pa.float64(), st.none() | st.floats(allow_nan=False, width=32)),
    "whole": (pa.int64(), st.none() | st.integers(-5, 5)),
    "flag": (pa.bool_(), st.none() | st.booleans()),
    "date": (pa.date32(), st.none() | st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1))),
    "texts": (pa.list_(pa.string()), st.none() | st.lists(st.none() | st.text(max_size=2), max_size=3)),
}


@st.composite
def columns(draw: st.DrawFn) -> dict[str, list[Any]]:
    n = draw(st.integers(0, 12))
    return {name: draw(st.lists(values, min_size=n, max_size=n)) for name, (_, values) in VALUES.items()}


def _table(values: dict[str, list[Any]]) -> pa.Table:
    return pa.table({name: pa.array(column, type=VALUES[name][0]) for name, column in values.items()})


@settings(max_examples=60, deadline=None)
@given(values=columns(), cut=st.integers(0, 12), block=st.sampled_from([1, 3, 1 << 18]))
def test_chunks_encodings_and_parquet_change_nothing(values: dict[str, list[Any]], cut: int, block: int) -> None:
    table = _table(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checksum_module, "BLOCK", block)
        expected = values_checksum(table)
        chunked = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
        assert values_checksum(chunked) == expected
        coded = table.set_column(0, "text", table["text"].dictionary_encode())
        assert values_checksum(coded) == expected
        assert values_checksum(pa.concat_tables([coded.slice(0, cut), coded.slice(cut)])) == expected
        file = io.BytesIO()
        pq.write_table(coded, file, store_schema=False, row_group_size=5)
        assert values_checksum(pq.read_table(file)) == expected


@settings(max_examples=60, deadline=None)
@given(values=columns(), other=columns())
def test_other_values_have_another_checksum(values: dict[str, list[Any]], other: dict[str, list[Any]]) -> None:
    one, two = _table(values), _table(other)
    assert (values_checksum(one) == values_checksum(two)) == one.equals(two)


def test_every_block_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksum_module, "BLOCK", 2)
    sums = {values_checksum(pa.table({"x": [0.5, 1.5, last], "t": ["a", "b", text]})) for last in (2.5, 3.5) for text in "cd"}
    assert len(sums) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
        (pa.array([None, ""]), pa.array(["", None])),
        (pa.array([[], ["a"]]), pa.array([["a"], []])),
        (pa.array([1, 2]), pa.array([1.0, 2.0])),
        (pa.array([0, None]), pa.array([None, 0])),
        (pa.array([["a"], None]), pa.array([["a"], []])),
    ],
)
def test_what_looks_alike_is_told_apart(one: Any, other: Any) -> None:
    assert values_checksum(pa.table({"x": one})) != values_checksum(pa.table({"x": other}))
    assert values_checksum(pa.table({"x": one})) != values_checksum(pa.table({"y": one}))


def test_golden_checksum() -> None:
    """Releases of different package versions are compared by this: it must not change."""
    table = pa.table({"a": ["x", None, "日本"], "b": [0.5, None, -2.0], "c": [["p", "q"], [], ["r"]], "d": [1, 2, 3]})
    assert values_checksum(table) == "e94c798e0959f51fd8aa10bcd3166a47"


def test_golden_fingerprint() -> None:
    words = Vocabulary.of("product", ["b", "a"])
    arrays = {"x": np.arange(3, dtype=np.int32), "p": words, "o": np.array(["b", None, "a"], dtype=object), "k": None, "n": 3}
    assert fingerprint_arrays(arrays) == "bd530547f6e3e16220ff83b5013cdb0f"
    assert fingerprint_arrays(dict(reversed(arrays.items()))) == fingerprint_arrays(arrays)


@pytest.mark.parametrize(
    "other",
    [
        {"x": np.arange(3, dtype=np.int64)},
        {"x": np.arange(3, dtype=np.int32).reshape(1, 3)},
        {"x": np.array([0, 1, 3], dtype=np.int32)},
        {"y": np.arange(3, dtype=np.int32)},
        {"x": None},
        {"x": {"x": np.arange(3, dtype=np.int32)}},
        {"x": np.array(["0", "1", "2"], dtype=object)},
        {"x": np.array(["0", "1", "2"])},
        {"x": Vocabulary("x", ["0", "1", "2"])},
        {},
    ],
)
def test_fingerprints_tell_names_types_shapes_and_values_apart(other: dict[str, Any]) -> None:
    assert fingerprint_arrays({"x": np.arange(3, dtype=np.int32)}) != fingerprint_arrays(other)


def test_fingerprints_of_objects_see_which_text_stands_where() -> None:
    one, other = (np.array(texts, dtype=object) for texts in (["a", "b", None], ["b", "a", None]))
    assert fingerprint_arrays({"x": one}) != fingerprint_arrays({"x": other})
    assert fingerprint_arrays({"x": one}) == fingerprint_arrays({"x": one.copy()})


def test_long_list_and_label_columns_are_seen_whole() -> None:
    codes = np.zeros(5000, dtype=np.int32)
    other = codes.copy()
    other[2500] = 1
    labels = np.array(["a", "b"], dtype=object)
    for wrap in (lambda c: LabelColumn(c, labels), lambda c: ListColumn(np.arange(5001), LabelColumn(c, labels))):
        assert fingerprint_arrays({"x": wrap(codes)}) != fingerprint_arrays({"x": wrap(other)})
        assert fingerprint_arrays({"x": wrap(codes)}) == fingerprint_arrays({"x": wrap(codes.copy())})


def test_what_has_no_fingerprint_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no fingerprint"):
        fingerprint_arrays({"x": object()})


def test_every_nan_and_both_zeros_are_one() -> None:
    quiet = np.array([np.nan, -0.0])
    loud = np.frombuffer(np.array([0x7FF8000000000001, 0], dtype=np.uint64).tobytes(), dtype=np.float64)
    assert fingerprint_arrays({"x": quiet}) == fingerprint_arrays({"x": loud})


def test_strided_and_foreign_byte_orders_are_the_same_values() -> None:
    plain = np.arange(6, dtype=np.int64)
    assert fingerprint_arrays({"x": np.arange(12)[::2] // 2}) == fingerprint_arrays({"x": plain})
    assert fingerprint_arrays({"x": plain.astype(">i8")}) == fingerprint_arrays({"x": plain})
