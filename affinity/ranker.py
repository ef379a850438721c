"""What everybody is to be shown: customers are scored, ranked and given reasons a block at a time.

A block's customers are looked at by themselves, so a block of a large shop costs what it costs in a small one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from affinity import fit, ranking
from affinity.fit.features import EPSILON, known_segments, owned_weight, popularity_of
from affinity.fit.top import TopScorer, can_judge
from affinity.ranking.evidence import choose_horizon
from affinity.settings import Settings
from affinity.tables import Candidates, Conversion, Eligibility, FitModel, Landmark, PairGraph, Products, Recommendations
from affinity.tables.contributions import Contributions

#: Bytes of a row of recommendations whose sentence is not written.
BYTES_A_ROW = 42


@dataclass(frozen=True, eq=False)
class Ranker:
    """Ranks customers of one shop; what does not depend on them is worked out once.

    now : what is counted, of every customer that may be asked for; judged : who may be offered what, None everything
    Where nothing but the order by fit decides, only the best that may be offered are ever kept of the candidates.
    """

    model: FitModel
    now: Landmark
    judged: Eligibility | None
    graph: PairGraph
    conversion: Conversion | None
    products: Products
    buyers: ranking.Buyers
    settings: Settings

    def rank(self, who: np.ndarray, just_bought: np.ndarray | None = None) -> Recommendations:
        """The recommendations of ``who`` (int32 codes, rising), whose customers and products are those of the shop.

        just_bought : int32 codes of the order that was just placed, for the wording
        """
        settings, now = self.settings, self.now.for_customers(who)
        judged = None if self.judged is None else self.judged.for_customers(who)
        found = ranking.rank_candidates(
            self._score(now, judged),
            graph=self.graph,
            conversion=self.conversion,
            eligibility=judged,
            holdings=now.holdings,
            products=self.products,
            top_k=settings.top_k,
            settings=settings.ranking,
            model=self.model,
            rank_by=settings.rank_by,
            buyers=self.buyers.for_customers(who),
        )
        writer = self.writer
        if just_bought is not None:
            writer = replace(writer, evidence=replace(writer.evidence, just_bought=just_bought))
        rows = replace(found, customer=who[found.customer], customers=self.now.holdings.customers)
        return rows.explained_by(self.explainer).written_by(writer)

    @cached_property
    def writer(self) -> ranking.ReasonWriter:
        """What writes the sentences of every row."""
        horizon = choose_horizon(self.conversion, self.model.horizon_days)
        evidence = ranking.Evidence(self.graph, self.conversion, horizon, self.settings.ranking.min_evidence)
        return ranking.ReasonWriter(evidence, self.now.holdings, self.products, self.buyers)

    @cached_property
    def explainer(self) -> partial[Contributions]:
        """What takes the scores of rows apart."""
        return partial(_decompose, model=self.model, now=self.now)

    def _score(self, now: Landmark, judged: Eligibility | None) -> Candidates:
        settings, chosen = self.settings, self.settings.ranking
        by_fit = settings.rank_by == "fit" and chosen.diversity == 0 and chosen.max_per_category is None
        if by_fit and not chosen.require_evidence and can_judge(judged):
            scorer = TopScorer(self.model, now, candidates=settings.fit.candidates, eligibility=judged)
            return scorer.score(np.arange(len(now.holdings.customers), dtype=np.int32), settings.top_k)
        return fit.score_candidates(self.model, now, candidates=settings.fit.candidates)


def _decompose(rows: Recommendations, model: FitModel, now: Landmark) -> Contributions:
    """The parts of the score of each row that has one; only its customers are looked at."""
    rows = rows.take(np.flatnonzero(~np.isnan(rows.score)))
    who, place = np.unique(rows.customer, return_inverse=True)
    parts = _score_parts(model, now.for_customers(who))
    found = ranking.decompose_scores(replace(rows, customer=place.reshape(-1).astype(np.int32)), parts)
    return replace(found, customer=who[found.customer])


def _score_parts(model: FitModel, now: Landmark) -> ranking.ScoreParts:
    counts = now.transitions
    return ranking.ScoreParts(
        model=model,
        holdings=now.holdings,
        weight=owned_weight(now),
        popularity=popularity_of(counts),
        segment=known_segments(now),
        epsilon=EPSILON.get(counts.clock or "day", EPSILON["day"]),
    )
