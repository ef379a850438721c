"""Which lines are in one shard: those of a customer, and those of an order."""

from __future__ import annotations

import numpy as np

from affinity.baskets.spark import shard_keys
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
