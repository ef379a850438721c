"""Score matrices to lists: against a full sort, whatever the blocks; owned and unknown products left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import InputError
from affinity.evaluate import lists
from affinity.evaluate.lists import rank_scores
from tests.shops import make_landmark, random_orders

SHOP = {"customers": 15, "products": 9, "now": 90, "horizon_days": 20}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 12), st.booleans(), st.integers(1, 2000))
def test_lists_are_the_full_sort_with_ties_by_code(seed: int, places: int, repeats: bool, block_bytes: int) -> None:
    random = np.random.default_rng(seed)
    holdings = make_landmark(random_orders(seed, customers=15, products=8, days=90), 60, **SHOP).holdings
    score = random.integers(0, 4, (15, 9)).astype(float)
    score[random.random(score.shape) < 0.1] = -np.inf
    who = np.flatnonzero(random.random(15) < 0.7).astype(np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "BLOCK_BYTES", block_bytes)
        ranked = rank_scores(lambda c: score[c], holdings, who, places=places, repeats=repeats)
    known = set(holdings.product.tolist())
    for c in range(15):
        open_ = [p for p in sorted(known) if score[c, p] > -np.inf and (repeats or p not in holdings.of(c))]
        right = sorted(open_, key=lambda p: (-score[c, p], p))[:places] if c in who else []
        assert ranked.product[ranked.indptr[c] : ranked.indptr[c + 1]].tolist() == right


def test_a_score_that_is_no_number_is_an_error() -> None:
    holdings = make_landmark({0: [(10, {0})]}, 60, **SHOP).holdings
    with pytest.raises(InputError, match="not a number"):
        rank_scores(lambda c: np.full((len(c), 9), np.nan), holdings, np.array([0], np.int32), places=3, repeats=False)


def test_no_customers_and_no_products() -> None:
    holdings = make_landmark({}, 60, customers=2, products=0, now=90, horizon_days=20).holdings
    ranked = rank_scores(lambda c: np.zeros((len(c), 0)), holdings, np.zeros(0, np.int32), places=3, repeats=True)
    assert ranked.indptr.tolist() == [0, 0, 0]
