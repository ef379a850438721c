"""Backtests of a recommender handed in as a function; ranking metrics, baselines and peers, one a file."""

from affinity.evaluate.backtest import backtest, summarise
from affinity.evaluate.judge import Judgement, Recommender, judge
from affinity.evaluate.judged import Ranked
from affinity.evaluate.lists import Scorer
from affinity.evaluate.protocols import PROTOCOLS, Protocol, check_protocols, label_next_baskets
from affinity.evaluate.registry import BASELINES, METRICS, PEERS
from affinity.evaluate.times import plan_times

__all__ = [
    "BASELINES", "METRICS", "PEERS", "PROTOCOLS", "Judgement", "Protocol", "Ranked", "Recommender", "Scorer", "backtest",
    "check_protocols", "judge", "label_next_baskets", "plan_times", "summarise",
]  # fmt: skip
