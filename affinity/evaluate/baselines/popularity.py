"""Scores that know no customer: the same popular products for everybody."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import count_owners, count_recent
from affinity.tables.landmark import Landmark


def popularity(landmark: Landmark) -> Scorer:
    """Distinct customers ever."""
    return _same_for_all(count_owners(landmark.holdings))


def recent_popularity(landmark: Landmark) -> Scorer:
    """Distinct customers in the last 30 days (sequences: in each customer's last order), then ever."""
    return _recent_first(landmark, landmark.holdings.last_at)


def new_buyer_popularity(landmark: Landmark) -> Scorer:
    """First purchases in the last 30 days (sequences: in each customer's last order), then buyers ever."""
    return _recent_first(landmark, landmark.holdings.first_at)


def _recent_first(landmark: Landmark, at: np.ndarray) -> Scorer:
    ever = count_owners(landmark.holdings)
    return _same_for_all(count_recent(landmark.holdings, at) * (int(ever.max(initial=0)) + 1) + ever)


def _same_for_all(score: np.ndarray) -> Scorer:
    return lambda who: np.broadcast_to(score, (len(who), len(score)))
