"""Conversion A→B: life tables and offers become rates, intervals, hazard ratios and curves."""

from affinity.conversion.campaigns import measure_campaigns
from affinity.conversion.curves import curve_rows
from affinity.conversion.estimate import estimate_conversion
from affinity.conversion.horizons import check_named_horizon, require_observed
from affinity.conversion.kinds import family_codes
from affinity.conversion.offers import judge_offers, measure_offers
from affinity.conversion.segments import estimate_by_segment

__all__ = [
    "check_named_horizon",
    "curve_rows",
    "estimate_by_segment",
    "estimate_conversion",
    "family_codes",
    "judge_offers",
    "measure_campaigns",
    "measure_offers",
    "require_observed",
]
