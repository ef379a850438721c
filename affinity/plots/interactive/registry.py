"""Which interactive picture belongs to which table: class name -> "module:function"."""

from __future__ import annotations

CHARTS = {
    "AdoptionCurves": "affinity.plots.interactive.adoption:chart_adoption",
    "Calibration": "affinity.plots.interactive.calibration:chart_calibration",
    "CampaignPlan": "affinity.plots.interactive.power:chart_power",
    "CohortTriangle": "affinity.plots.interactive.adoption:chart_cohorts",
    "Conversion": "affinity.plots.interactive.conversion:chart_conversion",
    "FitModel": "affinity.plots.interactive.calibration:chart_calibration",
    "LifeTables": "affinity.plots.interactive.conversion:chart_conversion",
    "PairGraph": "affinity.plots.interactive.graph:chart_graph",
    "Rules": "affinity.plots.interactive.rules:chart_rules",
    "TreeChange": "affinity.plots.interactive.waterfall:chart_waterfall",
}
