"""A published tree, and a change of one, read back: the same figures, so the same picture."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.errors import InputError
from affinity.metrics.tree import compare_metric_trees
from affinity.release.write import json_bytes
from affinity.tables import MetricTree, TreeChange
from affinity.tables.tree_rows import read_metric_tree, read_tree_change
from tests.metrics.tree.trees import make_tree

BEFORE = [(400, 400, 80, 800), (600, 600, 30, 300)]
AFTER = [(400, 400, 88, 880), (1000, 1000, 60, 600)]


def rows_of(table: MetricTree | TreeChange) -> dict[str, list[Any]]:
    """Its rows as they come out of a file."""
    return dict(table.to_arrow().to_pydict())


def alike(one: Any, other: Any) -> None:
    """Every field of two tables is the same."""
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)
        elif isinstance(value, float):
            assert value == getattr(other, name) or np.isnan(value), name
        else:
            assert value == getattr(other, name), name


@pytest.mark.parametrize("segments", [(), ("tenured", "new")])
def test_a_tree_comes_back_as_it_was(segments: tuple[str, ...]) -> None:
    rows = AFTER if segments else AFTER[:1]
    tree = make_tree(rows, segments, window="2024-01-01/2024-04-01", as_of="2024-04-01")
    alike(read_metric_tree(rows_of(tree)), MetricTree(**{**vars(tree), "segment_by": tree.segment_by if segments else None}))


@pytest.mark.parametrize("segments", [("tenured", "new"), ("tenured", "gone")])
def test_a_change_comes_back_as_it_was(segments: tuple[str, ...]) -> None:
    change = compare_metric_trees(make_tree(BEFORE, ["tenured", "new"], window="w0"), make_tree(AFTER, segments, window="w1"))
    whole = json.loads(json_bytes(change.describe()))
    alike(read_tree_change(rows_of(change), whole), change)


def test_rows_of_something_else_are_refused() -> None:
    tree = make_tree(AFTER, ["tenured", "new"])
    rows = rows_of(tree)
    with pytest.raises(InputError, match="no metric tree"):
        read_metric_tree({name: values[1:] for name, values in rows.items()})
    with pytest.raises(InputError, match="no metric tree"):
        read_metric_tree({name: [] for name in rows})
    with pytest.raises(InputError, match="no change"):
        read_tree_change(rows, {})


def test_a_run_without_a_window_before_says_why() -> None:
    orders = pd.DataFrame(af.make_shop(seed=3, customers=150).orders)
    result = af.run(orders, as_of="2024-03-01", metrics={"window_days": 300})
    assert result.metric_tree is not None
    assert result.metric_change is None
    assert "nothing to compare it with" in result.notes["metric_change"]
    assert result.report()["metric_change"] == {}
