"""Which picture belongs to which table: class name -> "module:function"."""

from __future__ import annotations

import importlib
from typing import Any

from affinity.errors import MissingPart
from affinity.plots.interactive.registry import CHARTS

PLOTS = {
    "AdoptionCurves": "affinity.plots.adoption:plot_adoption",
    "CohortTriangle": "affinity.plots.adoption:plot_cohorts",
    "PairGraph": "affinity.plots.graph:plot_graph",
    "CampaignPlan": "affinity.plots.campaign:plot_plan",
    "CampaignResult": "affinity.plots.campaign:plot_result",
    "Conversion": "affinity.plots.conversion:plot_conversion",
    "LifeTables": "affinity.plots.conversion:plot_conversion",
    "MetricTree": "affinity.plots.metric_tree:plot_metric_tree",
    "TreeChange": "affinity.plots.metric_tree:plot_tree_change",
    "Rules": "affinity.plots.rules:plot_rules",
    "FitModel": "affinity.plots.calibration:plot_calibration",
    "Backtest": "affinity.plots.backtest:plot_backtest",
    "Calibration": "affinity.plots.calibration:plot_calibration",
}


def plot_table(table: Any, *arguments: Any, interactive: bool = False, **options: Any) -> Any:
    """The picture of ``table`` as a matplotlib Figure; MissingPart for a table that has none.

    interactive : as an altair.Chart, whose marks tell their counts and intervals when pointed at
    """
    name, known = type(table).__name__, CHARTS if interactive else PLOTS
    if name not in known:
        kind = "interactive picture" if interactive else "picture"
        raise MissingPart(f"There is no {kind} of {name}.", do=f"Pictures exist of {', '.join(sorted(known))}.")
    module, function = known[name].split(":")
    return getattr(importlib.import_module(module), function)(table, *arguments, **options)
