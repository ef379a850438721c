"""Expected counts against the obvious oracle, and null worlds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.statistics.expected_count import SizeStrata, count_candidates, expected_counts
from affinity.tables.margins import SIZE_STRATA
from tests import naive
from tests.graph.worlds import count_sets, null_baskets

BASKETS = st.lists(st.sets(st.integers(0, 11), min_size=1, max_size=12), min_size=1, max_size=25)


def strata_of(margins):
    return SizeStrata.of(margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum)


@settings(deadline=None, max_examples=25)
@given(BASKETS)
def test_expected_counts_are_those_of_the_oracle(baskets):
    _, margins = count_sets([np.array(sorted(basket)) for basket in baskets], 12)
    a, b = np.triu_indices(12, 1)
    found = expected_counts(a, b, strata_of(margins))
    golden = np.array([naive.expected_count(baskets, i, j, SIZE_STRATA) for i, j in zip(a.tolist(), b.tolist())])
    np.testing.assert_allclose(found.expected, golden[:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.variance, golden[:, 1], rtol=1e-9, atol=1e-12)
    for least in (0.05, 0.5):
        assert count_candidates(strata_of(margins), least) == (int((golden[:, 0] >= least).sum()), True)


def test_threads_and_order_do_not_matter(monkeypatch):
    monkeypatch.setattr("affinity.statistics.expected_count.BLOCK", 100)
    rng = np.random.default_rng(0)
    _, margins = count_sets(null_baskets(rng, 300, 40, rng.integers(1, 30, 300)), 40)
    a, b = np.triu_indices(40, 1)
    one, two = (expected_counts(a, b, strata_of(margins), threads=t).expected for t in (1, 3))
    assert one.tobytes() == two.tobytes()
    assert expected_counts(b[::-1], a[::-1], strata_of(margins)).expected[::-1].tobytes() == one.tobytes()


def test_null_worlds_average_one():
    """Independent products, uneven sizes: observed over E* is 1 where the classical ratio is far above it."""
    rng = np.random.default_rng(3)
    n, products = 8000, 200
    for sizes in (np.full(n, 4), rng.geometric(0.25, n), np.minimum((rng.pareto(1.5, n) * 2 + 1).astype(int), 80)):
        dense, margins = count_sets(null_baskets(rng, n, products, np.minimum(sizes, products)), products)
        a, b = np.triu_indices(products, 1)
        ratio = dense[a, b].sum() / expected_counts(a, b, strata_of(margins)).expected.sum()
        assert 0.97 < ratio < 1.05
    classical = dense[a, b].sum() / (margins.n_item[a] * (margins.n_item[b] / n)).sum()
    assert classical > 1.5


def test_too_many_candidates_are_all_counted():
    _, margins = count_sets([np.array([0, 1]), np.array([2, 3])], 6)
    assert count_candidates(strata_of(margins), 0.05, most=3) == (6, False)
    _, single = count_sets([np.array([3])], 6)
    assert count_candidates(strata_of(single), 0.05) == (0, True)


def test_no_pairs():
    _, margins = count_sets([np.array([0, 1])], 2)
    nothing = np.array([], dtype=np.int32)
    assert expected_counts(nothing, nothing, strata_of(margins)).expected.shape == (0,)
