"""Rows of shards, cut into stripes and merged, are the sums of all rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity import shard_rows
from affinity.shard_rows import merge_rows, split_rows
from affinity.vocabulary import Vocabulary

KEYS, SUMS = ("part", "a", "b"), ("count", "weight")
ROW = st.tuples(st.integers(0, 3), st.integers(0, 200), st.integers(0, 9), st.integers(0, 1 << 40), st.integers(-5, 300))


def as_columns(rows: list[tuple[int, ...]]) -> dict[str, np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    return {name: table[:, i].astype(np.int32 if name in KEYS else np.int64) for i, name in enumerate((*KEYS, *SUMS))}


@settings(deadline=None, max_examples=60)
@given(shards=st.lists(st.lists(ROW, max_size=30), min_size=1, max_size=4), values=st.integers(1, 201))
def test_merged_stripes_are_the_sums_in_order(shards: list[list[tuple[int, ...]]], values: int) -> None:
    expected: dict[tuple[int, ...], Counter[str]] = {}
    for row in (row for shard in shards for row in shard):
        expected.setdefault(row[:3], Counter()).update(count=row[3], weight=row[4])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_rows, "ROWS_AT_ONCE", 3)
        sent: dict[int, list[dict[str, np.ndarray]]] = {}
        for shard in shards:
            for stripe, rows in split_rows(as_columns(shard), KEYS, ("a", values)):
                sent.setdefault(stripe, []).append(rows)
                assert len(rows["a"]) <= 3
        merged = [merge_rows(sent[stripe], KEYS, SUMS) for stripe in sorted(sent)]
    found = [tuple(row) for part in merged for row in zip(*(part[name].tolist() for name in (*KEYS, *SUMS)))]
    assert found == [(*key, expected[key]["count"], expected[key]["weight"]) for key in sorted(expected)]


def test_keys_too_large_for_one_number_are_sorted_all_the_same() -> None:
    high = np.iinfo(np.int32).max
    columns = as_columns([(high, high, high, 1, 0), (high, 0, high, 2, 0), (high, high, high, 3, 0)])
    merged = merge_rows([columns], KEYS, SUMS)
    assert (merged["a"].tolist(), merged["count"].tolist()) == ([0, high], [2, 4])


def test_a_vocabulary_travels_without_its_codes() -> None:
    import pickle

    products = Vocabulary("product", ["bread", "butter"])
    assert products.encode(["butter"]).tolist() == [1]
    sent = pickle.loads(pickle.dumps(products))
    assert "_codes" not in vars(sent)
    assert sent == products
    assert sent.encode(["butter"]).tolist() == [1]
