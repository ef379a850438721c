"""The fit of products that somebody names, whoever's favourites they are, and what speaks for single offers."""

from __future__ import annotations

import numpy as np

from affinity.fit.features import EPSILON, FEATURES, TERMS_KEPT, owned_weight
from affinity.fit.top import TopScorer
from affinity.statistics.elementary import log
from affinity.tables.fit_model import FitModel
from affinity.tables.landmark import Landmark

#: Customers × products scored at once; bounds the memory.
PAIRS_AT_ONCE = 2_000_000
#: Offers explained at once.
OFFERS_AT_ONCE = 20_000


class NamedScorer:
    """Scores every customer with each of some products; what does not depend on the customer is worked out once.

    A product that is among a customer's candidates gets the fit that `score_candidates` gives it, but for the last bits: the
    mean and spread of u are those of his candidates, not of the named products.
    """

    def __init__(self, model: FitModel, now: Landmark, products: np.ndarray, *, candidates: int = 50) -> None:
        """products : int32 codes, rising"""
        from scipy.sparse import csr_array  # a server that only answers does without it

        assert model.similar_indptr is not None
        n = len(now.holdings.products)
        self._top = TopScorer(model, now, candidates=candidates, terms=0)
        self._product = products.astype(np.int32)
        edges = (model.edge, model.consequent, model.indptr)
        similar = (model.similar_edge, model.similar_consequent, model.similar_indptr)
        self._edges, self._similar = (csr_array(part, shape=(n, n))[:, products].toarray() for part in (edges, similar))
        held = now.holdings
        self._owned = csr_array((owned_weight(now), held.product, held.indptr), shape=(len(held.customers), n))
        self._blend = (model.blend[FEATURES[0]], model.blend[FEATURES[1]])
        self._epsilon = EPSILON.get(now.transitions.clock or "day", EPSILON["day"])

    @property
    def customers_at_once(self) -> int:
        """How many customers may be scored in one call without much memory."""
        return max(PAIRS_AT_ONCE // max(len(self._product), 1), 64)

    def score(self, customers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(int32 customer, int32 product, float64 fit) by customer, then product; what is owned is left out, and so are
        customers who own nothing. Fit is NaN where the model has no probability."""
        who = self._top.known(customers)
        owned = self._owned[who]
        score = self._blend[0] * log(owned @ self._edges + self._epsilon)
        score += self._blend[1] * log(owned @ self._similar + self._epsilon)
        score += self._top.popularity(who, self._product)
        fit = self._top.predict(who, np.repeat(np.arange(len(who)), len(self._product)), score.ravel(), self._top.spread(who))
        has = np.zeros((len(who), self._edges.shape[0]), dtype=bool)
        has[np.repeat(np.arange(len(who)), np.diff(owned.indptr)), owned.indices] = True
        free = ~has[:, self._product].ravel()
        return np.repeat(who, len(self._product))[free], np.tile(self._product, len(who))[free], fit[free]


def explain_offers(
    model: FitModel, now: Landmark, customer: np.ndarray, product: np.ndarray, *, terms: int = TERMS_KEPT
) -> tuple[np.ndarray, np.ndarray]:
    """(int32[n, terms] owned products, float64[n, terms] their weight × edge) of each pair, largest first, −1 and 0 after.

    Ties go to the smaller code, as in `score_candidates`.
    """
    n_products = len(now.holdings.products)
    keys = np.repeat(np.arange(n_products, dtype=np.int64), np.diff(model.indptr)) * n_products + model.consequent
    weight = owned_weight(now)
    antecedent, term = np.full((len(customer), terms), -1, dtype=np.int32), np.zeros((len(customer), terms))
    if not len(keys):
        return antecedent, term
    for start in range(0, len(customer), OFFERS_AT_ONCE):
        part = slice(start, start + OFFERS_AT_ONCE)
        bounds = now.holdings.indptr[customer[part]], now.holdings.indptr[customer[part] + 1]
        size = bounds[1] - bounds[0]
        pair = np.repeat(np.arange(len(size)), size)
        row = np.arange(int(size.sum())) + np.repeat(bounds[0] - (np.cumsum(size) - size), size)
        owned = now.holdings.product[row]
        wanted = owned.astype(np.int64) * n_products + product[part][pair]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        value = np.where(keys[at] == wanted, weight[row] * model.edge[at], 0.0)
        order = np.lexsort((owned, -value, pair))
        place = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
        kept = order[(place < terms) & (value[order] > 0)]
        column = place[(place < terms) & (value[order] > 0)]
        antecedent[start + pair[kept], column] = owned[kept]
        term[start + pair[kept], column] = value[kept]
    return antecedent, term
