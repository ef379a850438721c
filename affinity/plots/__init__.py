"""Tables as pictures (matplotlib, an optional extra): each function returns a matplotlib Figure."""

from affinity.plots.backtest import plot_backtest
from affinity.plots.calibration import plot_calibration
from affinity.plots.conversion import plot_conversion
from affinity.plots.figure import save_figure
from affinity.plots.graph import plot_graph
from affinity.plots.registry import plot_table
from affinity.plots.rules import plot_rules

__all__ = [
    "plot_backtest", "plot_calibration", "plot_conversion", "plot_graph", "plot_rules", "plot_table", "save_figure",
]  # fmt: skip
