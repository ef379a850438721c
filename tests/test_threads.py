"""Threads: runs cover everything once, results keep their order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from affinity.threads import available_threads, map_blocks, split_by_work


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 8))
def test_runs_cover_everything_once(work: list[int], parts: int) -> None:
    bounds = split_by_work(np.array(work), parts)
    assert bounds[0] == 0
    assert bounds[-1] == len(work)
    assert (np.diff(bounds) > 0).all()
    assert len(bounds) <= parts + 1


def test_even_work_is_split_evenly() -> None:
    assert split_by_work(np.ones(8), 4).tolist() == [0, 2, 4, 6, 8]


def test_results_keep_the_order_of_the_runs_on_any_number_of_threads() -> None:
    bounds = split_by_work(np.ones(20), 7)
    runs = list(zip(bounds[:-1].tolist(), bounds[1:].tolist()))
    for threads in (1, 2, 5):
        assert map_blocks(lambda first, last: (first, last), bounds, threads) == runs
    assert map_blocks(lambda first, last: first, np.array([0])) == []
    assert available_threads() >= 1
