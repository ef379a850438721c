"""Threads: runs cover everything once, results keep their order."""

from __future__ import annotations

from threading import Barrier

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.threads import available_threads, map_blocks, map_rows, run_together, split_by_work


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


def test_two_works_run_side_by_side() -> None:
    meet = Barrier(2, timeout=10)
    assert run_together(lambda: (meet.wait(), "one")[1], lambda: (meet.wait(), 2)[1]) == ("one", 2)
    with pytest.raises(ZeroDivisionError):
        run_together(lambda: 1 // 0, lambda: 2)


@given(st.integers(0, 30), st.integers(1, 7))
def test_rows_in_blocks_are_rows_at_once(n: int, rows: int) -> None:
    x = np.arange(n, dtype=np.float64)
    assert map_rows(lambda a, b: a * b + 1, x, x[::-1], rows=rows).tolist() == (x * x[::-1] + 1).tolist()
    assert map_rows(lambda a: np.column_stack([a, -a]), x, rows=rows).shape == (n, 2)


def test_what_runs_in_turn_is_never_side_by_side():
    begun: list[str] = []
    found = run_together(
        lambda: (begun.append("one"), len(begun))[1], lambda: (begun.append("two"), len(begun))[1], in_turn=True
    )
    assert found == (1, 2)
    assert begun == ["one", "two"]
    with pytest.raises(ZeroDivisionError):
        run_together(lambda: 1 // 0, lambda: begun.append("three"), in_turn=True)
    assert begun == ["one", "two"]
