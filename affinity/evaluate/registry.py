"""The ranking metrics and the baselines by name: "module:function"."""

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

BASELINES = {
    "popularity": "affinity.evaluate.baselines:rank_by_popularity",
    "recent popularity": "affinity.evaluate.baselines:rank_by_recent_popularity",
    "new-buyer popularity": "affinity.evaluate.baselines:rank_by_new_buyers",
}


def load(path: str) -> Callable[..., Any]:
    """The function that a registry line names."""
    module, name = path.split(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function
