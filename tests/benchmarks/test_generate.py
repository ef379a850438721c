"""Generated baskets: valid, seeded, and with the structure their recipes promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from affinity.tables import Baskets
from benchmarks.generate import make_quest_baskets, make_zipf_baskets


@pytest.mark.parametrize("make", [lambda s: make_quest_baskets(2_000, seed=s), lambda s: make_zipf_baskets(2_000, 300, seed=s)])
def test_baskets_are_valid_and_seeded(make: Callable[[int], Baskets]) -> None:
    baskets, same, other = make(1), make(1), make(2)
    assert len(baskets) == 2_000
    assert baskets.indptr[0] == 0
    assert baskets.indptr[-1] == len(baskets.item)
    assert 0 <= baskets.item.min() <= baskets.item.max() < len(baskets.products)
    basket = np.repeat(np.arange(len(baskets)), baskets.sizes)
    assert (np.diff(basket * 1_000 + baskets.item) > 0).all()
    np.testing.assert_array_equal(baskets.item, same.item)
    assert not np.array_equal(baskets.item, other.item)


def test_quest_baskets_have_the_size_and_the_patterns_of_the_recipe() -> None:
    baskets = make_quest_baskets(20_000, seed=4)
    assert 9.0 < baskets.sizes.mean() < 12.5
    held = np.zeros((len(baskets), 1_000), dtype=np.float32)
    held[np.repeat(np.arange(len(baskets)), baskets.sizes), baskets.item] = 1
    together, alone = held.T @ held, held.sum(axis=0)
    lift = together * len(baskets) / np.maximum(np.outer(alone, alone), 1)
    strong = (together >= 100) & (lift > 5) & ~np.eye(1_000, dtype=bool)
    assert strong.sum() / 2 > 500, "items of one pattern are bought together far more often than by chance"


def test_zipf_products_fall_with_their_rank() -> None:
    baskets = make_zipf_baskets(30_000, 1_000, basket_size=2.0, seed=5)
    count = np.sort(np.bincount(baskets.item, minlength=1_000))[::-1]
    assert 1.5 < count[0] / count[1] < 2.3
    assert 7 < count[0] / count[9] < 12
    assert 1.7 < baskets.sizes.mean() < 2.0
