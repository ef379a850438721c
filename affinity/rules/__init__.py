"""Itemset counts to association rules: induction, measures, pruning, significance."""

from affinity.rules.induce import DEFAULT_MEASURES, induce_rules

__all__ = ["DEFAULT_MEASURES", "induce_rules"]
