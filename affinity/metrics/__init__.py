"""The named cross-sell metrics: counted from tables, or as plain functions of counts; never a bare "cross-sell rate"."""

from affinity.metrics.changes import Change, compare_values, implied_share, tree_revenue
from affinity.metrics.compute import compute_metrics
from affinity.metrics.definitions import DEFINITIONS, Definition
from affinity.metrics.registry import FORMULAS, MEASURES, find_metric
from affinity.metrics.value import MetricValue

__all__ = [
    "DEFINITIONS", "FORMULAS", "MEASURES", "Change", "Definition", "MetricValue", "compare_values", "compute_metrics",
    "find_metric", "implied_share", "tree_revenue",
]  # fmt: skip
