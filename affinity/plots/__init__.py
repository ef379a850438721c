"""Tables as pictures (matplotlib, an optional extra): each function returns a matplotlib Figure."""

from affinity.plots.adoption import plot_adoption, plot_cohorts
from affinity.plots.backtest import plot_backtest
from affinity.plots.calibration import plot_calibration
from affinity.plots.conversion import plot_conversion
from affinity.plots.figure import save_figure
from affinity.plots.graph import plot_graph
from affinity.plots.metric_tree import plot_metric_tree, plot_tree_change
from affinity.plots.registry import plot_table
from affinity.plots.rule_matrix import plot_rule_matrix
from affinity.plots.rules import plot_rules
from affinity.plots.waterfall import plot_waterfall

__all__ = [
    "plot_adoption", "plot_backtest", "plot_calibration", "plot_cohorts", "plot_conversion", "plot_graph",
    "plot_metric_tree", "plot_rule_matrix", "plot_rules", "plot_table", "plot_tree_change",
    "plot_waterfall", "save_figure",
]  # fmt: skip
