"""What to show: candidates, pairs and eligibility -> recommendations with reasons; companions for carts."""

from affinity.ranking.also_bought import list_also_bought
from affinity.ranking.evidence import REASON_CODES
from affinity.ranking.rank import rank_candidates

__all__ = ["REASON_CODES", "list_also_bought", "rank_candidates"]
