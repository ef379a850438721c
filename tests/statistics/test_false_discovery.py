"""False-discovery rates against SciPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from affinity.statistics.false_discovery import benjamini_hochberg, benjamini_yekutieli

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@settings(deadline=None, max_examples=40)
@given(P_VALUES, st.integers(0, 40))
def test_unseen_candidates_are_tests_with_p_one(p, unseen):
    every = np.array(p + [1.0] * unseen)
    for ours, method in ((benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")):
        golden = false_discovery_control(every, method=method)[: len(p)]
        np.testing.assert_allclose(ours(p, len(every)), golden, rtol=1e-9)


@settings(deadline=None, max_examples=20)
@given(P_VALUES, st.randoms())
def test_order_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    np.testing.assert_array_equal(benjamini_hochberg(p)[order], benjamini_hochberg(np.array(p)[order]))


def test_missing_p_values_are_no_tests():
    q = benjamini_hochberg([np.nan, 0.01, 0.5])
    assert np.isnan(q[0])
    np.testing.assert_allclose(q[1:], [0.02, 0.5])
    assert benjamini_hochberg([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan, np.nan])).all()


def test_by_of_ten_million_candidates():
    factor = benjamini_yekutieli([1e-12], 10_000_000)[0] / benjamini_hochberg([1e-12], 10_000_000)[0]
    np.testing.assert_allclose(factor, np.sum(1.0 / np.arange(1, 10_000_001)), rtol=1e-12)
