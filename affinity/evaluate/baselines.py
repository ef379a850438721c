"""Recommenders that know no customer: the same popular products for everybody, what he owns left out."""

from __future__ import annotations

import numpy as np

from affinity.evaluate.judged import Ranked
from affinity.tables.landmark import Landmark

#: What "recent" means where there are days; in order sequences it is each customer's last order.
RECENT_DAYS = 30

#: Places listed.
PLACES = 50


def rank_by_popularity(landmark: Landmark) -> Ranked:
    """By distinct customers ever, ties by product code."""
    return _rank(np.bincount(landmark.holdings.product, minlength=len(landmark.holdings.products)), landmark)


def rank_by_recent_popularity(landmark: Landmark) -> Ranked:
    """By distinct customers in the last 30 days (sequences: in each customer's last order), then ever."""
    holdings = landmark.holdings
    return _rank_recent(holdings.product[_recent(landmark, holdings.last_at)], landmark)


def rank_by_new_buyers(landmark: Landmark) -> Ranked:
    """By first purchases in the last 30 days (sequences: in each customer's last order), then by buyers ever."""
    holdings = landmark.holdings
    return _rank_recent(holdings.product[_recent(landmark, holdings.first_at)], landmark)


def _recent(landmark: Landmark, at: np.ndarray) -> np.ndarray:
    holdings = landmark.holdings
    if holdings.clock is None:
        return np.ones(len(at), dtype=bool)
    return np.asarray(holdings.end[holdings.customer] - at <= (RECENT_DAYS if holdings.clock == "day" else 1))


def _rank_recent(product: np.ndarray, landmark: Landmark) -> Ranked:
    n = len(landmark.holdings.products)
    ever = np.bincount(landmark.holdings.product, minlength=n)
    return _rank(np.bincount(product, minlength=n).astype(np.int64) * (int(ever.max(initial=0)) + 1) + ever, landmark)


def _rank(score: np.ndarray, landmark: Landmark) -> Ranked:
    """The best by ``score`` that the customer does not own, for every customer with a history."""
    holdings = landmark.holdings
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0].astype(np.int32)
    position = np.full(len(score), len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    sizes = np.diff(holdings.indptr)
    lists = []
    for c in range(len(sizes)):
        if sizes[c] == 0:
            lists.append(order[:0])
            continue
        head = order[: PLACES + sizes[c]]
        open_places = np.ones(len(head), dtype=bool)
        owned = position[holdings.of(c)]
        open_places[owned[owned < len(head)]] = False
        lists.append(head[open_places][:PLACES])
    indptr = np.concatenate([[0], np.cumsum([len(rows) for rows in lists])]).astype(np.int64)
    return Ranked(indptr, np.concatenate(lists) if lists else order[:0])
