"""Lists of products that are unlike each other, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.kernels.scoring_choice import choose_unlike
from affinity.ranking.choice import Likeness, choose_rows
from affinity.settings import RankingSettings
from tests import naive


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(1, 4), st.integers(1, 6))
def test_what_is_taken(seed: int, weight: float, most: int, k: int) -> None:
    random = np.random.default_rng(seed)
    n = 8
    category = random.integers(-1, 3, n).astype(np.int32)
    likeness = {(int(a), int(b)): int(w) / 4 for a, b, w in random.integers(0, 6, (12, 3)) if a != b}
    keys = sorted(likeness)
    indptr = np.concatenate([[0], np.cumsum(np.bincount([a for a, _ in keys], minlength=n))]).astype(np.int64)
    to, value = np.array([b for _, b in keys], dtype=np.int32), np.array([likeness[key] for key in keys])
    lists = [random.permutation(n)[: int(size)].astype(np.int32) for size in random.integers(0, n, 3)]
    worth = [np.sort(random.integers(0, 5, len(products)) / 4)[::-1] for products in lists]
    starts = np.concatenate([[0], np.cumsum([len(products) for products in lists])]).astype(np.int64)
    chosen = np.full((3, k), -2, dtype=np.int64)
    choose_unlike(starts, np.concatenate(lists), np.concatenate(worth), category, indptr, to, value, weight, most, chosen)
    for c, (products, worths) in enumerate(zip(lists, worth)):
        rows = list(zip(products.tolist(), worths.tolist()))
        expected = naive.unlike_choice(rows, category.tolist(), likeness, weight, most, k)
        assert (chosen[c][chosen[c] >= 0] - starts[c]).tolist() == expected


def test_without_weight_and_cap_the_first_are_taken_whatever_the_way() -> None:
    customer = np.array([0, 0, 0, 2, 2], dtype=np.int32)
    product, value = np.arange(5, dtype=np.int32), np.array([0.5, 0.4, np.nan, 0.3, 0.1])
    likeness = Likeness(np.zeros(5, np.int32), np.zeros(6, np.int64), np.empty(0, np.int32), np.empty(0))
    for settings_ in (RankingSettings(), RankingSettings(max_per_category=5)):
        rows = choose_rows(customer, product, value, top_k=2, settings=settings_, likeness=likeness)
        assert rows.tolist() == [0, 1, 3, 4]
    assert len(choose_rows(customer[:0], product[:0], value[:0], top_k=2, settings=settings_, likeness=likeness)) == 0
