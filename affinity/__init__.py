"""The affinity engine: baskets in, pairs, observed conversion and the highest-fit cross-sell out.

    import affinity as af
    orders = af.read_orders("orders.parquet")
    recs = af.recommend(orders, as_of="2011-09-01", horizon_days=90, k=5)

Every public name is loaded when it is first used, so importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "read_orders": "affinity.ingest",
    "read_offers": "affinity.ingest",
    "read_products": "affinity.ingest",
    "read_customers": "affinity.ingest",
    "read_subscriptions": "affinity.ingest",
    "group_baskets": "affinity.flow",
    "mine_itemsets": "affinity.counting",
    "induce_rules": "affinity.rules",
    "build_graph": "affinity.flow",
    "estimate_conversion": "affinity.observed",
    "measure_offers": "affinity.observed",
    "recommend": "affinity.flow",
    "compute_metrics": "affinity.flow",
    "compare_retention": "affinity.flow",
    "trace_adoption": "affinity.adoption",
    "count_cohorts": "affinity.adoption",
    "explain_metric": "affinity.metrics",
    "list_meanings": "affinity.metrics",
    "build_metric_tree": "affinity.periods",
    "compare_metric_trees": "affinity.metrics.tree",
    "find_largest_gap": "affinity.metrics.tree",
    "check_interventions": "affinity.periods",
    "read_interventions": "affinity.ingest",
    "evaluate_metric_tree": "affinity.metrics.tree",
    "TreeNode": "affinity.tables",
    "Measure": "affinity.metrics.tree",
    "plan_campaign": "affinity.planning",
    "measure_campaign": "affinity.measuring",
    "read_plan": "affinity.campaigns",
    "write_plan": "affinity.campaigns",
    "backtest": "affinity.flow",
    "run": "affinity.flow",
    "Result": "affinity.flow",
    "Settings": "affinity.settings",
    "open_release": "affinity.release",
    "compare_releases": "affinity.release",
    "adopt_release": "affinity.release",
    "make_shop": "affinity.sample_shop",
    "write_shop": "affinity.sample_shop",
    "AffinityError": "affinity.errors",
    "show_progress": "affinity.progress",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'affinity' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
