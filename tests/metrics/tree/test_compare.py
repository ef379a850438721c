"""Trees evaluated and compared: exact, zero-safe, entry and exit, mix and rate, the reversal warning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity.errors import InputError, SettingsError
from affinity.metrics.tree import Measure, compare_metric_trees, evaluate_metric_tree, find_largest_gap, list_gaps, name_owners
from affinity.tables import TreeNode
from tests.metrics.tree.trees import NODES, make_tree

EXAMPLE = ((5000, 3000, 360, 360 * 480), (5600, 2800, 420, 420 * 450))


@st.composite
def funnels(draw: st.DrawFn) -> list[float]:
    """Eligible ≥ offered ≥ bought, and revenue only where somebody bought; zeros often."""
    eligible = draw(st.integers(0, 500))
    offered = draw(st.integers(0, eligible))
    bought = draw(st.integers(0, offered))
    return [eligible, offered, bought, draw(st.floats(0, 1e5)) if bought else 0.0]


periods = st.dictionaries(st.sampled_from("abcdefg"), funnels(), min_size=1)


def test_the_golden_tree_of_s0() -> None:
    tree = make_tree([(5000, 5000, 600, 24_000)])
    assert [tree.value_of(node.name) for node in NODES] == [24_000, 5000, 1.0, 0.12, 40.0]
    place = tree.place("conversion")
    assert (round(tree.lower[place, 0], 4), round(tree.upper[place, 0], 4)) == (0.1113, 0.1293)


@pytest.mark.parametrize(
    ("method", "expected"), [("shapley", [20642, -33280, 40610, -11770]), ("lmdi", [20487, -32960, 40340, -11667])]
)
def test_the_worked_example(method: str, expected: list[int]) -> None:
    change = compare_metric_trees(make_tree(EXAMPLE[:1]), make_tree(EXAMPLE[1:]), method=method)
    assert change.change == pytest.approx(16_200)
    found = [change.contribution_of(name) for name in NODES[0].parts]
    assert found == pytest.approx(expected, abs=0.5 + 1e-6)


@given(periods, periods, st.sampled_from(["shapley", "lmdi"]))
def test_drivers_and_segments_add_up_exactly(old: dict, new: dict, method: str) -> None:
    before, after = (make_tree(list(rows.values()), list(rows)) for rows in (old, new))
    change = compare_metric_trees(before, after, method=method)
    whole = np.nan_to_num(after.value[0, 0]) - np.nan_to_num(before.value[0, 0])
    scale = 1e-9 * max(float(np.abs(change.contribution).sum()), float(np.nanmax(before.value)), float(np.nanmax(after.value)))
    drivers = change.contribution[1:]
    assert (np.abs(drivers.sum(axis=0) + change.came_or_went - change.contribution[0]) <= scale).all()
    assert abs(drivers[:, 0].sum() + change.came_or_went[0] - whole) <= scale
    assert abs(change.contribution[0, 1:].sum() - whole) <= scale
    if np.isfinite(change.mix_effect):
        assert abs(change.size_effect + change.mix_effect + change.rate_effect - whole) <= scale
    for label in set(old) ^ set(new):
        column = 1 + change.segments.index(label)
        assert (drivers[:, column] == 0).all()


def test_a_segment_that_came_is_one_effect() -> None:
    before = make_tree([(100, 50, 10, 500)], ["a"])
    after = make_tree([(100, 50, 10, 500), (40, 20, 5, 200)], ["a", "b"])
    change = compare_metric_trees(before, after)
    assert change.came_or_went.tolist() == [200, 0, 200]
    assert not change.contribution[1:].any()
    rows = change.to_pandas()
    assert rows[rows.node == "came_or_went"].contribution.tolist() == [200, 0, 200]


def test_parts_of_parts_add_up_and_a_sum_passes_its_slope_on() -> None:
    nodes = (
        TreeNode("total", "Total", "sum", "money", "d", ("here", "there")),
        TreeNode("here", "Here", "product", "money", "d", ("buyers", "value")),
        TreeNode("buyers", "Buyers", "leaf", "count", "d"),
        TreeNode("value", "Value", "leaf", "money", "d"),
        TreeNode("there", "There", "leaf", "money", "d"),
    )

    def tree(buyers: float, revenue: float, there: float) -> object:
        measures = {
            "buyers": Measure(np.array([buyers])),
            "value": Measure(np.array([revenue]), np.array([buyers])),
            "there": Measure(np.array([there])),
        }
        return evaluate_metric_tree(nodes, measures)

    change = compare_metric_trees(tree(10, 100, 50), tree(20, 300, 40))
    assert change.contribution_of("here") == pytest.approx(200)
    assert change.contribution_of("there") == pytest.approx(-10)
    assert change.contribution_of("buyers") + change.contribution_of("value") == pytest.approx(200)


def test_a_blend_that_falls_while_its_segments_rise_is_warned_of() -> None:
    before = make_tree([(400, 400, 80, 80), (600, 600, 30, 30)], ["tenured", "new"])
    after = make_tree([(400, 400, 88, 88), (1000, 1000, 60, 60)], ["tenured", "new"])
    change = compare_metric_trees(before, after)
    row = [node.name for node in change.nodes].index("conversion")
    assert round(100 * change.rate[row, 0], 2) == 1.34
    assert round(100 * change.mix[row, 0], 2) == -1.77
    assert change.size_effect + change.mix_effect + change.rate_effect == pytest.approx(change.change)
    assert any("Conversion fell over everybody, but rose in segments that hold 100%" in text for text in change.warnings)
    assert "Warning: Conversion fell" in change.to_text()
    steady = compare_metric_trees(before, make_tree([(400, 400, 88, 88), (600, 600, 36, 36)], ["tenured", "new"]))
    assert steady.warnings == ()


def test_trees_of_different_definitions_are_not_compared() -> None:
    tree = make_tree(EXAMPLE[:1])
    other = replace(tree, nodes=(replace(NODES[0], definition="another"), *NODES[1:]))
    with pytest.raises(InputError, match="not alike"):
        compare_metric_trees(tree, other)
    with pytest.raises(InputError, match="different columns"):
        compare_metric_trees(make_tree(EXAMPLE, ["a", "b"]), replace(make_tree(EXAMPLE, ["a", "b"]), segment_by="country"))


def test_what_is_no_tree_is_refused() -> None:
    leaf = TreeNode("x", "X", "leaf", "count", "d")
    for nodes, said in (
        ([leaf, leaf], "different names"),
        ([TreeNode("r", "R", "product", "count", "d", ("y",)), leaf], "no node 'y'"),
        ([leaf, TreeNode("y", "Y", "leaf", "count", "d")], "one root"),
        ([TreeNode("r", "R", "product", "count", "d")], "product with 0 parts"),
        ([TreeNode("r", "R", "sum", "money", "d", ("x",)), leaf], "not all in its unit"),
        ([leaf], "has no measure"),
    ):
        with pytest.raises(SettingsError, match=said):
            evaluate_metric_tree(nodes, {})
    with pytest.raises(SettingsError, match="Did you mean 'conversion'"):
        name_owners(NODES, {"conversoin": "me"})
    pair = (TreeNode("r", "R", "product", "money", "d", ("a", "b")), *(TreeNode(n, n, "leaf", "count", "d") for n in "ab"))
    with pytest.raises(InputError, match="segments add up"):
        evaluate_metric_tree(pair, {"a": Measure(np.array([1.0, 2.0])), "b": Measure(np.array([1.0, 2.0]))}, ["x", "y"])


def test_bounds_of_a_mean_are_those_of_its_customers() -> None:
    rng = np.random.default_rng(0)
    spent = rng.exponential(40, 5000)
    measure = Measure.of_customers(spent, np.ones(5000), np.zeros(5000, dtype=np.int64), 1)
    tree = evaluate_metric_tree([TreeNode("value", "Value", "leaf", "money", "d")], {"value": measure})
    half = 1.96 * spent.std() / np.sqrt(5000)
    assert float(tree.upper[0, 0] - tree.value[0, 0]) == pytest.approx(half, rel=1e-3)


def test_the_largest_gap_is_to_the_best_segment_or_period_that_is_large_enough() -> None:
    rows = [(1000, 500, 100, 4000), (1000, 900, 90, 3600), (20, 20, 20, 2000)]
    tree = make_tree(rows, ["north", "south", "tiny"])
    by_node = {gap.node: gap for gap in list_gaps(tree)}
    assert by_node["conversion"].where == "north"
    assert by_node["reach"].where == "south"
    assert by_node["reach"].owner == "marketing"
    assert 0.85 < by_node["reach"].reachable < 0.9
    found = find_largest_gap(tree)
    assert found is not None
    assert found.worth == max(gap.worth for gap in by_node.values())
    better = make_tree([(1000, 950, 400, 16_000)], window="2024-01-01/2024-04-01")
    found = find_largest_gap(make_tree([(1000, 500, 50, 2000)]), [better])
    assert (found.node, found.against, found.where) == ("conversion", "history", "2024-01-01/2024-04-01")
    assert "Largest gap: Conversion" in str(found)
    assert find_largest_gap(make_tree([(1000, 500, 50, 2000)])) is None


def test_the_text_draws_the_tree() -> None:
    text = make_tree(EXAMPLE[:1]).to_text()
    assert "├─ × Reach" in text
    assert "└─ × Value each" in text
    assert "[marketing]" in text
    assert "60.0 %" in text
