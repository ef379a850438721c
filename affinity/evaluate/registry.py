"""The ranking metrics, the baselines and the peers by name: "module:function"."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

METRICS = {
    "ndcg": "affinity.evaluate.metrics.ndcg:ndcg",
    "hit_rate_at_1": "affinity.evaluate.metrics.hit_rate:hit_rate_at_1",
    "hit_rate": "affinity.evaluate.metrics.hit_rate:hit_rate",
    "recall": "affinity.evaluate.metrics.recall:recall",
    "reciprocal_rank": "affinity.evaluate.metrics.reciprocal_rank:reciprocal_rank",
    "coverage": "affinity.evaluate.metrics.coverage:coverage",
    "novelty": "affinity.evaluate.metrics.novelty:novelty",
}

#: Metrics with one value for all lists together: no interval, no paired difference.
WHOLE = ("coverage",)

#: Landmark -> Scorer; run in every backtest.
BASELINES = {
    "popularity": "affinity.evaluate.baselines.popularity:popularity",
    "recent popularity": "affinity.evaluate.baselines.popularity:recent_popularity",
    "new-buyer popularity": "affinity.evaluate.baselines.popularity:new_buyer_popularity",
    "confidence": "affinity.evaluate.baselines.best_rule:best_confidence",
    "lift": "affinity.evaluate.baselines.best_rule:best_lift",
    "cosine": "affinity.evaluate.baselines.cosine:cosine",
    "cosine, recent": "affinity.evaluate.baselines.cosine:recent_cosine",
}

#: What only makes sense where repurchases count.
REPEAT_BASELINES = {"personal frequency": "affinity.evaluate.baselines.personal_frequency:personal_frequency"}

#: Landmark -> Scorer; run when asked for.
PEERS = {
    "EASE^R": "affinity.evaluate.peers.ease:ease",
    "SAR": "affinity.evaluate.peers.sar:sar",
    "implicit ALS": "affinity.evaluate.peers.implicit_package:implicit_als",
    "implicit BM25": "affinity.evaluate.peers.implicit_package:implicit_bm25",
    "implicit cosine": "affinity.evaluate.peers.implicit_package:implicit_cosine",
}


def load(path: str) -> Callable[..., Any]:
    """The function that a registry line names."""
    module, name = path.split(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function
