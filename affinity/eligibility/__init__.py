"""Who may be offered what: rules as data, presets, one state a pair, and the ledger that adds up."""

from affinity.eligibility.judge import judge_eligibility
from affinity.eligibility.rules import PRESETS, EligibilityRules, make_rules

__all__ = ["PRESETS", "EligibilityRules", "judge_eligibility", "make_rules"]
