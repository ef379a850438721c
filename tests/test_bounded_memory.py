"""What a run does to need less memory at large sizes changes no answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import affinity as af
from affinity import mapped
from affinity.baskets import cut_lines
from affinity.history import look_back
from affinity.release import fingerprint_arrays
from affinity.settings import Settings
from affinity.statistics import false_discovery, shrinkage
from affinity.tables import SquareCounts, transitions
from affinity.training import learn_model


def square(dense: np.ndarray) -> SquareCounts:
    row, column = np.nonzero(dense)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(dense)))]).astype(np.int64)
    return SquareCounts(indptr, column.astype(np.int32), dense[row, column])


@given(st.integers(1, 6), st.integers(1, 5), st.data())
def test_matrices_add_up_in_blocks_of_rows(n: int, at_once: int, data: st.DataObject) -> None:
    cells = st.lists(st.integers(0, 2), min_size=n * n, max_size=n * n)
    one, other = (np.array(data.draw(cells), dtype=np.int64).reshape(n, n) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transitions, "ADDED_AT_ONCE", at_once)
        added, expected = square(one) + square(other), square(one + other)
    assert added.indptr.tolist() == expected.indptr.tolist()
    assert added.column.tolist() == expected.column.tolist()
    assert added.total.tolist() == expected.total.tolist()


def test_one_at_a_time_is_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = pd.DataFrame(af.make_shop(seed=4, customers=300).orders)

    def published() -> dict[str, str]:
        tables = af.run(orders, horizon_days=60).tables()
        columns = {name: table if isinstance(table, dict) else table.columns() for name, table in tables.items() if table}
        return {name: fingerprint_arrays(dict(found)) for name, found in columns.items()}

    side_by_side = published()
    for place, size in (("training.HOLDINGS_SIDE_BY_SIDE", 0), ("graph.build.SIDE_BY_SIDE", 0)):
        monkeypatch.setattr(f"affinity.{place}", size)
    monkeypatch.setattr("affinity.counting.transitions.ENTRIES_SUMMED", 2000)
    monkeypatch.setattr("affinity.fit.counted_edges.RUNS_A_THREAD", 3)
    monkeypatch.setattr("affinity.graph.evidence.WEIGHED_AT_ONCE", 100)
    monkeypatch.setattr("affinity.statistics.false_discovery.RANKED_AT_ONCE", 50)
    assert published() == side_by_side


def test_lists_in_files_are_no_memory_that_fit_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = af.read_orders(pd.DataFrame(af.make_shop(seed=4, customers=300).orders))
    past = look_back(cut_lines(lines))
    asked: list[tuple[int, bool]] = []

    def note(_: object, __: str, needed: int) -> None:
        asked.append((needed, mapped.is_mapped(past.holdings.product)))

    monkeypatch.setattr("affinity.training.require_room", note)
    learn_model(past, Settings(horizon_days=60))
    monkeypatch.setattr(mapped, "LEAST_BYTES", 1)
    in_files = mapped.full(len(past.holdings.product), 0, np.int32, may_map=True)
    in_files[:] = past.holdings.product
    past = replace(past, holdings=replace(past.holdings, product=in_files))
    learn_model(past, Settings(horizon_days=60))
    (whole, first), (least, last) = asked
    assert (first, last) == (False, True)
    assert past.steps is not None
    of_lists = whole - least + 8 * len(past.steps)  # 14 bytes a holding, and 2 an age at a step
    assert of_lists > 14 * len(past.holdings)


@given(
    st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.02, 0.3, 0.5, 1.0, np.nan]), min_size=1),
    st.integers(1, 4),
    st.integers(0, 30),
)
def test_q_values_come_in_runs(p: list[float], at_once: int, unseen: int) -> None:
    p_values = np.array(p)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(false_discovery, "RANKED_AT_ONCE", at_once)
        found = false_discovery.q_values_among(p_values.copy(), p_values[::-2], len(p) + unseen)
    order = np.argsort(p_values)  # NaN last
    tested = order[: np.count_nonzero(~np.isnan(p_values))]
    scaled = p_values[tested] * ((len(p) + unseen) / np.arange(1, len(tested) + 1))
    expected = np.full(len(p), np.nan)
    expected[tested] = [min(1.0, scaled[k:].min()) for k in range(len(tested))]
    np.testing.assert_array_equal(found, expected[::-2])


@given(st.lists(st.tuples(st.integers(0, 250), st.floats(0.01, 50.0), st.booleans()), min_size=1), st.integers(1, 5))
def test_pairs_that_are_not_usable_leave_the_cells_alone(rows: list[tuple[int, float, bool]], at_once: int) -> None:
    count, expected, usable = (np.array(column) for column in zip(*rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shrinkage, "SQUASHED_AT_ONCE", at_once)
        among = shrinkage.squash(count, expected, usable)
        alone = shrinkage.squash(count[usable].astype(np.float64), expected[usable])
    for found, cells in zip(among, alone):
        np.testing.assert_array_equal(found, cells)
