"""Conversion A→B: life tables and offers become rates, intervals, hazard ratios and curves."""

from affinity.conversion.campaigns import measure_campaigns
from affinity.conversion.curves import curve_rows
from affinity.conversion.estimate import estimate_conversion
from affinity.conversion.horizons import require_observed
from affinity.conversion.offers import judge_offers, measure_offers
from affinity.conversion.segments import estimate_by_segment

__all__ = [
    "curve_rows",
    "estimate_by_segment",
    "estimate_conversion",
    "judge_offers",
    "measure_campaigns",
    "measure_offers",
    "require_observed",
]
