"""Who is likely: transitions and holdings -> the fit model, candidates with a calibrated probability."""

from affinity.fit.closed_form import solving_bytes
from affinity.fit.features import score_segments
from affinity.fit.landmarks import cut_lines, label_purchases, plan_landmarks
from affinity.fit.model import train_model
from affinity.fit.named import NamedScorer, explain_offers
from affinity.fit.scoring import score_candidates
from affinity.fit.study import solve_both
from affinity.tables.landmark import Landmark

__all__ = [
    "Landmark", "NamedScorer", "cut_lines", "explain_offers", "label_purchases", "plan_landmarks", "score_candidates",
    "score_segments", "solve_both", "solving_bytes", "train_model",
]  # fmt: skip
