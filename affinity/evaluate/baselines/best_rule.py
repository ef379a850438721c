"""The best single rule A ⇒ B of what a customer owns, counted over customers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from affinity.evaluate.lists import Scorer
from affinity.evaluate.owned import count_owners, count_pairs, owned_matrix
from affinity.tables.landmark import Landmark

#: Customers who own both, for a rule to count.
LEAST_CUSTOMERS = 5


def best_confidence(landmark: Landmark) -> Scorer:
    """max over owned A of n_AB/n_A, n counted in customers, over pairs that at least 5 own; 0 without any."""
    return _best_of(landmark, lambda count, n_a, n_b: count / n_a)


def best_lift(landmark: Landmark) -> Scorer:
    """max over owned A of n·n_AB/(n_A·n_B), over the same pairs (n, the same for all, is left out)."""
    return _best_of(landmark, lambda count, n_a, n_b: count / n_a / n_b)


def _best_of(landmark: Landmark, measure: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> Scorer:
    holdings = landmark.holdings
    pairs, n = count_pairs(owned_matrix(holdings)), count_owners(holdings)
    row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    seen = pairs.data >= LEAST_CUSTOMERS
    row, column = row[seen], pairs.indices[seen]
    rules = sparse.csr_array((measure(pairs.data[seen], n[row], n[column]), (row, column)), shape=pairs.shape)

    def score(who: np.ndarray) -> np.ndarray:
        best = np.zeros((len(who), pairs.shape[0]))
        for place, c in enumerate(who.tolist()):
            mine = rules[holdings.of(c)]
            np.maximum.at(best[place], mine.indices, mine.data)
        return best

    return score
