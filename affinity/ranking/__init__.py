"""What to show: candidates, pairs and eligibility -> recommendations with reasons; companions of products and carts."""

from affinity.ranking.also_bought import list_also_bought
from affinity.ranking.cart import complete_cart
from affinity.ranking.decompose import ScoreParts, decompose_scores
from affinity.ranking.evidence import REASON_CODES, take_speaking
from affinity.ranking.join import (
    append_recommendations,
    as_numbers,
    from_numbers,
    gather_recommendations,
    join_recommendations,
    sum_shown,
)
from affinity.ranking.rank import rank_candidates
from affinity.ranking.reasons import Buyers, SegmentBuyers
from affinity.ranking.sentences import Evidence, ReasonWriter

__all__ = [
    "REASON_CODES", "Buyers", "Evidence", "ReasonWriter", "ScoreParts", "SegmentBuyers", "append_recommendations",
    "as_numbers", "complete_cart", "decompose_scores", "from_numbers", "gather_recommendations", "join_recommendations",
    "list_also_bought", "rank_candidates", "sum_shown", "take_speaking",
]  # fmt: skip
