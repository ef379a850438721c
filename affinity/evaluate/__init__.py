"""Backtests of a recommender handed in as a function; ranking metrics, one a file."""

from affinity.evaluate.backtest import Recommender, backtest
from affinity.evaluate.judged import Ranked
from affinity.evaluate.registry import BASELINES, METRICS

__all__ = ["BASELINES", "METRICS", "Ranked", "Recommender", "backtest"]
