"""The best products of every customer that may be offered to him: one pass a customer, memory for what is shown only."""

from __future__ import annotations

import numpy as np

from affinity.fit.features import (
    CUSTOMER_TERMS,
    CUSTOMERS_AT_ONCE,
    EPSILON,
    FEATURES,
    TERMS_KEPT,
    customer_facts,
    known_segments,
    log_owned,
    owned_weight,
    popular_products,
    popularity_of,
)
from affinity.fit.probability import Probability
from affinity.tables.eligibility import Eligibility
from affinity.tables.fit_model import Candidates, FitModel
from affinity.tables.landmark import Landmark
from affinity.tables.transitions import Transitions
from affinity.threads import available_threads, map_blocks


class TopScorer:
    """Scores customers at one time; what does not depend on the customer is worked out once.

    ``score`` gives the rows of `score_candidates` that are eligible and among a customer's ``top_k`` best. A customer's
    rows do not depend on who else is scored, nor on threads.
    """

    def __init__(
        self,
        model: FitModel,
        now: Landmark,
        *,
        candidates: int = 50,
        eligibility: Eligibility | None = None,
        terms: int = TERMS_KEPT,
    ) -> None:
        """eligibility : sale dates, what each customer owns, gave back or was offered, and families; see `can_judge`"""
        assert model.similar_indptr is not None
        assert model.similar_consequent is not None
        assert model.similar_edge is not None
        holdings, counts = now.holdings, now.transitions
        model.products.require_same(holdings.products)
        n = len(holdings.products)
        self._model, self._holdings, self._terms = model, holdings, terms
        self._each = min(candidates, max(n, 1))
        self._facts = customer_facts(now, np.arange(len(holdings.customers))) if model.customer_terms else None
        segment = known_segments(now)
        self._popularity = popularity_scores(model, counts) + model.blend[FEATURES[6]] * segment.score
        self._segment = segment.place
        self._by_history = model.blend[FEATURES[5]] * popularity_of(counts)["buyers"]
        self._history = log_owned(now, np.arange(len(holdings.customers)))
        rule = np.array([model.blend[FEATURES[0]], model.blend[FEATURES[1]], EPSILON.get(counts.clock or "day", 0.01)])
        blocked = np.zeros(n, dtype=bool) if eligibility is None else eligibility.product_state >= 0
        own = (np.zeros(len(holdings.customers) + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=bool))
        self._family = np.full(n, -1, dtype=np.int32)
        self._open = np.diff(holdings.indptr) > 0
        if eligibility is not None:
            own = (eligibility.indptr, eligibility.product, eligibility.owned)
            self._family = eligibility.family.copy() if len(eligibility.family) else self._family
            self._open = self._open & (eligibility.customer_state < 0)
        self._given = (
            holdings.indptr, holdings.product, owned_weight(now), (model.indptr, model.consequent, model.edge),
            (model.similar_indptr, model.similar_consequent, model.similar_edge), popular_products(counts),
            (self._segment, self._popularity, self._by_history), rule, blocked, own,
        )  # fmt: skip

    def score(self, customers: np.ndarray, top_k: int, threads: int | None = None) -> Candidates:
        """The ``top_k`` best eligible candidates of ``customers`` (int32 codes) who own something, best first."""
        who, width = self.known(customers), min(top_k, 2 * self._each)
        count, product, number, spread, antecedent, term = self._run(who, width, self._terms, threads)
        used = np.arange(width) < count[:, None]
        sizes = np.zeros(len(self._holdings.customers), dtype=np.int64)
        sizes[who] = count
        shown, score_, antecedent = product[used], number[used, 0], antecedent[used]
        return Candidates(
            indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            product=shown,
            fit=self.predict(who, np.repeat(np.arange(len(who)), count), score_, spread),
            score=score_,
            base=self._popularity[np.repeat(self._segment[who], count), shown]
            + np.repeat(self._history[who], count) * self._by_history[shown],
            evidence=number[used, 1],
            because=antecedent[:, 0] if self._terms else np.full(len(shown), -1, dtype=np.int32),
            customers=self._holdings.customers,
            products=self._holdings.products,
            antecedent=antecedent,
            term=term[used],
        )

    def known(self, customers: np.ndarray) -> np.ndarray:
        """int32, rising: those of ``customers`` who own something and may be offered anything."""
        return np.unique(customers[self._open[customers]]).astype(np.int32)

    def spread(self, who: np.ndarray, threads: int | None = None) -> np.ndarray:
        """float64[n, 2]: mean and spread of the 50 largest u of the customers ``who``."""
        return self._run(who, 0, 0, threads)[3]

    def popularity(self, who: np.ndarray, products: np.ndarray) -> np.ndarray:
        """float64[n, m]: the part of u that is popularity, of each customer and product."""
        return self._popularity[:, products][self._segment[who]] + self._history[who][:, None] * self._by_history[products]

    def _run(self, who: np.ndarray, width: int, terms: int, threads: int | None) -> tuple[np.ndarray, ...]:
        """count, product, (u, evidence), spread, antecedents and terms of the ``width`` best of each customer."""
        n = len(self._holdings.products)
        out = (
            np.zeros(len(who), dtype=np.int64), np.zeros((len(who), width), dtype=np.int32), np.zeros((len(who), width, 2)),
            np.zeros((len(who), 2)), np.zeros((len(who), width, terms), dtype=np.int32), np.zeros((len(who), width, terms)),
        )  # fmt: skip

        def score(first: int, last: int) -> None:
            from affinity.kernels.scoring_top import score_top

            families = (self._family, np.zeros(int(self._family.max(initial=-1)) + 1, dtype=bool))
            scratch = (np.zeros(n), np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int16))
            score_top(who[first:last], *self._given, families, self._each, *scratch, *(array[first:last] for array in out))

        bounds = np.unique(np.append(np.arange(0, len(who), CUSTOMERS_AT_ONCE), len(who))).astype(np.int64)
        map_blocks(score, bounds, threads or available_threads())
        return out

    def predict(self, who: np.ndarray, row: np.ndarray, u: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """float64 probability of each row of the customers ``who[row]``; NaN where the model has none."""
        if self._facts is None:
            return np.full(len(u), np.nan)
        gamma = np.array([self._model.customer_terms[name] for name in CUSTOMER_TERMS])
        terms = np.column_stack([self._facts[who], spread])
        return Probability(self._model.slope, gamma, self._model.intercept).predict(u, terms[row])


def can_judge(eligibility: Eligibility | None) -> bool:
    """Whether `TopScorer` knows all that keeps a product from a customer: there are no plans and no prerequisites."""
    return eligibility is None or not (len(eligibility.plan_product) or len(eligibility.requires))


def popularity_scores(model: FitModel, counts: Transitions) -> np.ndarray:
    """float64[n_products]: the part of u that is popularity, the same for everybody."""
    total = np.zeros(len(counts.buyers))
    for name, value in zip(FEATURES[2:5], popularity_of(counts).values(), strict=True):
        total += model.blend[name] * value
    return total
