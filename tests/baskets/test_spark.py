"""Which lines are in one shard: those of a customer, and those of an order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.baskets.spark import _pack, _unpacked, describe_shards, divide_lines, shard_keys
from tests.makers import make_lines


def test_customers_and_orders_are_whole_and_guests_are_alone() -> None:
    lines = make_lines(
        [
            ("o1", "ann", "a", "2025-01-01"),
            ("o2", "ann", "b", "2025-01-02"),
            ("o3", "bob", "a", "2025-01-03"),
            ("o3", None, "b", "2025-01-03"),
            ("o4", None, "a", "2025-01-04"),
            ("o5", None, "a", "2025-01-05"),
        ]
    )
    key = shard_keys(lines)
    assert key[0] == key[1]
    assert key[2] == key[3]
    assert len(set(key.tolist())) == 4


def test_customers_who_share_orders_are_together() -> None:
    lines = make_lines(
        [
            ("o1", "ann", "a", "2025-01-01"),
            ("o1", "bob", "b", "2025-01-01"),
            ("o2", "bob", "a", "2025-01-02"),
            ("o2", "cid", "b", "2025-01-02"),
            ("o3", "dan", "b", "2025-01-02"),
        ]
    )
    key = shard_keys(lines)
    assert len(set(key[:4].tolist())) == 1
    assert key[4] != key[0]


def test_a_product_that_everybody_buys_is_spread_as_its_buyers_are() -> None:
    lines = make_lines([(f"o{i}", f"c{i}", "bread", "2025-01-01") for i in range(200)])
    assert len(np.unique(shard_keys(lines))) == 200


@pytest.mark.parametrize("shards", [1, 3, 7])
def test_shards_are_nearly_equal_whole_and_in_the_order_of_the_source(shards: int) -> None:
    rng = np.random.default_rng(shards)
    lines = make_lines([(f"o{i // 3}", f"c{i // 9}", f"p{rng.integers(5)}", "2025-01-01") for i in range(180)])
    lines = lines.take(rng.permutation(len(lines)))
    key = shard_keys(lines)
    parts = divide_lines(lines, key, shards)
    assert len(parts) == shards
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lines)))
    assert max(map(len, parts)) - min(map(len, parts)) <= 2 * 9
    for rows in parts:
        assert np.all(np.diff(lines.row[rows]) > 0)
        assert not set(key[rows]) & set(np.delete(key, rows))


def test_customers_who_share_orders_are_told_where_they_make_a_shard_large() -> None:
    chain = [(f"o{i}", f"c{i + j}", "a", "2025-01-01") for i in range(20) for j in (0, 1)]
    lines = make_lines(chain + [(f"x{i}", f"z{i}", "a", "2025-01-01") for i in range(10)])
    assert describe_shards(lines, shard_keys(lines), 4) == (
        "sending 50 lines in 4 shards, one of at least 40: 21 customers share orders and stay together"
    )
    apart = make_lines([(f"x{i}", f"z{i}", "a", "2025-01-01") for i in range(10)])
    assert describe_shards(apart, shard_keys(apart), 4) == "sending 10 lines in 4 shards"


@given(numbers=st.lists(st.integers(-(2**52), 2**52), max_size=20), step=st.sampled_from([1, 60, 86_400]))
def test_numbers_travel_exactly_and_in_few_bytes(numbers: list[int], step: int) -> None:
    lines = make_lines([("o", "c", "p", "2025-01-01")] * max(len(numbers), 1))
    when = np.resize(np.array(numbers or [0], dtype=np.int64), len(lines))
    when = (when // step) * step
    quantity = when.astype(np.float64) if len(numbers) % 2 else when + 0.5
    lines = replace(lines, ordered_at=when, quantity=quantity)
    packed = _pack(lines, np.arange(len(lines)))
    assert np.array_equal(_unpacked(packed["ordered_at"], np.int64), when)
    assert np.array_equal(_unpacked(packed["quantity"], np.float64), quantity)
    small = packed["ordered_at"][0]
    assert small.dtype.kind == "u"
    assert int(small.max()) <= (int(when.max()) - int(when.min())) // step
