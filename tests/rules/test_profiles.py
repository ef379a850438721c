"""Itemsets by basket size: sums are the counts, no part is exceeded, single items are exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.rules.profiles import SizeProfiles, add_item
from affinity.rules.subsets import Lattice
from affinity.statistics.expected_count import SizeStrata
from tests.graph.worlds import count_sets, null_baskets
from tests.rules.test_induce import mine


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=8), st.floats(0.01, 1.0))
def test_adding_an_item_keeps_sum_and_parts(strata, part):
    base = np.array([[n for n, _ in strata]], dtype=np.float64)
    share = np.array([[p for _, p in strata]])
    most = base[share > 0].sum()
    count = np.array([np.floor(part * most)])
    held = add_item(base, share, count)
    assert (held <= base + 1e-6).all()
    assert (held[share == 0] == 0).all()
    if 0 < count[0] < most and share[(base > 0) & (share > 0)].max() < 0.999 and share[share > 0].min() > 1e-3:
        np.testing.assert_allclose(held.sum(), count[0], rtol=1e-5)


def test_profiles_follow_the_basket_sizes():
    rng = np.random.default_rng(0)
    baskets = null_baskets(rng, 4000, 30, np.minimum(rng.geometric(0.2, 4000), 25))
    itemsets = mine(baskets, 30, min_count=60)
    _, margins = count_sets(baskets, 30)
    strata = SizeStrata.of(margins.stratum_item, margins.stratum_n, margins.stratum_size_sum, margins.stratum_size_square_sum)
    lattice = Lattice(itemsets)
    profiles = SizeProfiles(lattice, strata)
    stratum = np.searchsorted([1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 23], [len(b) for b in baskets], side="right") - 1
    for size in (1, 2):
        rows = np.arange(lattice.first[size], lattice.first[size + 1])
        found = profiles.of(size, rows)
        np.testing.assert_allclose(found.sum(axis=1), itemsets.count[rows], rtol=1e-5)
        for row in range(0, len(rows), 25):
            wanted = set(lattice.items(rows[row : row + 1], size)[0].tolist())
            truth = np.bincount(stratum[[wanted <= set(b.tolist()) for b in baskets]], minlength=len(strata.n))
            if size == 1:
                np.testing.assert_allclose(found[row], truth, atol=1e-9)
            else:
                assert np.abs(found[row] - truth).max() < 5 * np.sqrt(truth.max()) + 3
