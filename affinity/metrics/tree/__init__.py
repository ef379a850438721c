"""The metric tree: cross-sell revenue over its drivers, a change of it attributed exactly, gaps, benchmarks, impact."""

from affinity.metrics.tree.benchmarks import BENCHMARKS, Benchmark, compare_to_benchmark, list_benchmarks
from affinity.metrics.tree.build import build_tree
from affinity.metrics.tree.compare import compare_metric_trees
from affinity.metrics.tree.declare import cross_sell_nodes, name_owners
from affinity.metrics.tree.evaluate import Measure, evaluate_metric_tree
from affinity.metrics.tree.gaps import Gap, find_largest_gap, list_gaps
from affinity.metrics.tree.impact import check_intervention

__all__ = [
    "BENCHMARKS", "Benchmark", "Gap", "Measure", "build_tree", "check_intervention", "compare_metric_trees",
    "compare_to_benchmark", "cross_sell_nodes", "evaluate_metric_tree", "find_largest_gap", "list_benchmarks", "list_gaps",
    "name_owners",
]  # fmt: skip
