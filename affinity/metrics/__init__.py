"""The named cross-sell metrics: counted from tables, or as plain functions of counts; never a bare "cross-sell rate"."""

from affinity.metrics.adoption_curves import count_triangle, trace_adoption
from affinity.metrics.changes import Change, compare_values, implied_share, split_lifetime_value, tree_revenue
from affinity.metrics.compare import compare_metrics, split_change
from affinity.metrics.compute import compare_retention, compute_metrics, measure_facts
from affinity.metrics.definitions import DEFINITIONS, Definition
from affinity.metrics.explain import Explanation, explain_metric
from affinity.metrics.facts import Facts, gather_facts
from affinity.metrics.meanings import list_meanings
from affinity.metrics.registry import FORMULAS, MEASURES, find_metric
from affinity.metrics.retention import Retention
from affinity.metrics.subscription_events import list_events, spells_from_orders
from affinity.metrics.value import MetricValue

__all__ = [
    "DEFINITIONS", "FORMULAS", "MEASURES", "Change", "Definition", "Explanation", "Facts", "MetricValue", "Retention",
    "compare_metrics", "compare_retention", "compare_values", "compute_metrics", "count_triangle", "explain_metric",
    "find_metric", "gather_facts", "implied_share", "list_events", "list_meanings", "measure_facts", "spells_from_orders",
    "split_change", "split_lifetime_value", "trace_adoption", "tree_revenue",
]  # fmt: skip
