"""A campaign planned from a shop: whom to offer what, why, and why not the others.

The shop is one that orders were read into, or the packed one of a release (`affinity.packed.Packed.whole_shop`): the same
customers, products, model and eligibility give the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from affinity import campaigns, fit, ranking
from affinity.contexts import Shop
from affinity.errors import MissingPart
from affinity.fit.top import TopScorer
from affinity.settings import CampaignSettings
from affinity.tables import CampaignPlan, Candidates, Prospects
from affinity.tables.landmark import Landmark

#: Customers scored at once; bounds the memory, changes no answer.
CUSTOMERS_AT_ONCE = 20_000
#: Customers, evenly spaced through the audience, whom products are picked for; all of them in a smaller audience.
PICKED_FOR = 100_000

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def plan_shop(
    shop: Shop, settings: CampaignSettings, *, source: str, leave_out: Iterable[str] = (), ledger: dict[str, int] | None = None
) -> CampaignPlan:
    """The plan of a campaign among the shop's customers; see `affinity.plan_campaign`.

    source : where it was planned from; leave_out : customers who opted out; ledger : state -> pairs, where the shop's own
    eligibility has none. Memory: the offers that may be made, 20 bytes each, of the products that are named or picked (or of
    ``candidates`` likely ones from each of two sources where neither is asked for), and of 20,000 customers what scores them.
    """
    audience = _Audience(shop, settings, np.isin(shop.past.holdings.customers.labels, list(leave_out)))
    prospects = audience.prospects()
    model, _ = shop.require_model()
    setting = campaigns.Setting(
        as_of_day=shop.past.lines.as_of_day,
        horizon_days=model.horizon_days if audience.dated else None,
        calibration=model.calibration,
        tenure_days=audience.tenure_days,
        source=source,
    )
    plan = campaigns.make_plan(
        prospects, customers=shop.facts.customers, products=shop.facts.products, settings=settings, setting=setting
    )
    judged = shop.judged
    pairs = ledger if ledger is not None else {} if judged is None else dict(judged.ledger)
    info = {
        **plan.info,
        "not_eligible": {state: n for state, n in pairs.items() if n and state != "eligible"},
        "eligibility_notes": [] if judged is None else list(judged.notes),
        "left_out": audience.left_out(prospects, plan),
    }
    return replace(plan, reason=_tell_reasons(shop, plan), info=info)


@dataclass(frozen=True, eq=False)
class _Audience:
    """Who may be offered anything, and what.

    opted_out : bool a customer
    """

    shop: Shop
    settings: CampaignSettings
    opted_out: np.ndarray

    @property
    def dated(self) -> bool:
        return self.shop.past.holdings.clock == "day"

    @property
    def now(self) -> Landmark:
        return self.shop.require_model()[1]

    @cached_property
    def tenure_days(self) -> np.ndarray | None:
        """float64: days since started_at or the first seen purchase, whichever is earlier; NaN where neither is known."""
        held, day = self.shop.past.holdings, self.shop.past.lines.as_of_day
        if not self.dated or day is None:
            return None
        since = np.where(self.shop.facts.customers.started_at >= 0, self.shop.facts.customers.started_at, np.inf)
        since = since.astype(np.float64)
        np.minimum.at(since, held.customer, held.first_at.astype(np.float64))
        return np.where(np.isfinite(since), day - since, np.nan)

    @cached_property
    def inside(self) -> np.ndarray:
        """bool a customer: in the segments and of the tenure asked for."""
        return campaigns.choose_audience(self.shop.facts.customers, self.tenure_days, self.settings)

    @cached_property
    def states(self) -> np.ndarray:
        """int8 a customer: why nothing may be offered (an index into the states of eligibility), −1 something may."""
        judged = self.shop.judged
        return np.full(len(self.inside), -1, dtype=np.int8) if judged is None else np.asarray(judged.customer_state)

    @cached_property
    def reached(self) -> np.ndarray:
        """int32 codes of the customers who are scored."""
        owns = np.diff(self.now.holdings.indptr) > 0
        return np.flatnonzero(self.inside & owns & ~self.opted_out & (self.states < 0)).astype(np.int32)

    def prospects(self) -> Prospects:
        """The offers that may be made: of the products named or picked, else of each customer's likely ones."""
        vocabulary = self.shop.facts.products.products
        named = np.unique(np.array([vocabulary.code(label) for label in self.settings.offer_products], dtype=np.int32))
        if self.settings.n_products is not None:
            step = max(-(-len(self.reached) // PICKED_FOR), 1)
            likely = self._join(self._likely(self.reached[::step], named))
            named = campaigns.choose_products(likely, self.shop.facts.products, self.settings)
            if not len(named):  # the limits pay for none
                return likely
        elif not len(named):
            return self._join(self._likely(self.reached, named))
        return self._join(self._named(named))

    def _likely(self, who: np.ndarray, named: np.ndarray) -> Iterator[Rows]:
        """Each customer's candidates, of ``named`` only where any is."""
        model, now = self.shop.require_model()
        scorer = TopScorer(model, now, candidates=self.settings.candidates, terms=0)
        wanted = np.ones(len(now.holdings.products), dtype=bool)
        if len(named):
            wanted = np.isin(np.arange(len(wanted)), named)
        for start in range(0, len(who), CUSTOMERS_AT_ONCE):
            found = scorer.score(who[start : start + CUSTOMERS_AT_ONCE], 2 * self.settings.candidates)
            keep = wanted[found.product]
            yield found.customer[keep], found.product[keep], found.fit[keep]

    def _named(self, named: np.ndarray) -> Iterator[Rows]:
        """Every customer with every product of ``named``."""
        model, now = self.shop.require_model()
        scorer = fit.NamedScorer(model, now, named, candidates=self.settings.candidates)
        at_once = min(scorer.customers_at_once, CUSTOMERS_AT_ONCE)
        for start in range(0, len(self.reached), at_once):
            yield scorer.score(self.reached[start : start + at_once])

    def _join(self, blocks: Iterable[Rows]) -> Prospects:
        """The rows that are eligible and likely enough, by customer, then product."""
        people = self.now.holdings.customers
        counts, products, fits = np.zeros(len(people), dtype=np.int64), [], []
        for customer, product, likely in blocks:
            keep = ~(likely < self.settings.min_fit)  # an unknown fit stays
            if self.shop.judged is not None:
                keep[keep] = self.shop.judged.allowed(customer[keep], product[keep])
            rows = np.flatnonzero(keep)
            rows = rows[np.lexsort((product[rows], customer[rows]))]
            counts += np.bincount(customer[rows], minlength=len(people))
            products.append(product[rows])
            fits.append(likely[rows])
        product = np.concatenate([np.empty(0, np.int32), *products]).astype(np.int32)
        likely = np.concatenate([np.empty(0), *fits])
        if np.isnan(likely).any():
            raise _no_probability(self.shop)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        value = np.full(len(product), np.nan)
        return Prospects(indptr, product, likely, value, people, self.now.holdings.products)

    def left_out(self, prospects: Prospects, plan: CampaignPlan) -> dict[str, int]:
        """reason -> customers who are not in the plan, each under the first reason that holds; adds up with the plan."""
        rest = np.ones(len(self.inside), dtype=bool)
        found: dict[str, int] = {}

        def take(reason: str, who: np.ndarray) -> None:
            number = int(np.count_nonzero(rest & who))
            if number:
                found[reason] = number
            rest[who] = False

        chosen = np.zeros(len(rest), dtype=bool)
        chosen[plan.customer] = True
        rest[chosen] = False
        take("not in the segments asked for", ~self.inside)
        take("opted out", self.opted_out)
        for state in range(int(self.states.max(initial=-1)) + 1):
            assert self.shop.judged is not None
            take(self.shop.judged.states[state], self.states == state)
        take("owns nothing any more", np.diff(self.now.holdings.indptr) == 0)
        take("eligible for none of the products", np.diff(prospects.indptr) == 0)
        take("beyond the limits", rest.copy())
        return found


def _no_probability(shop: Shop) -> MissingPart:
    note = shop.require_model()[0].calibration.note
    return MissingPart(
        f"Fit is no probability here{f': {note}' if note else ''}.",
        why="What a campaign may bring is a sum of probabilities; an order of products alone does not say how many buy.",
        do="Give orders with dates, or an order_seq, over a longer time.",
    )


def _tell_reasons(shop: Shop, plan: CampaignPlan) -> np.ndarray:
    """object: why each row's product, as a recommendation of it would say."""
    model, now = shop.require_model()
    if not len(plan):
        return np.empty(0, dtype=object)
    antecedent, term = fit.explain_offers(model, now, plan.customer, plan.product)
    counts = np.bincount(plan.customer, minlength=len(now.holdings.customers))
    nothing = np.zeros(len(plan))
    offers = Candidates(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), plan.product, plan.fit, nothing, nothing, nothing,
        antecedent[:, 0], now.holdings.customers, now.holdings.products, antecedent, term,
    )  # fmt: skip
    ranked = ranking.rank_candidates(
        offers,
        graph=shop.graph,
        conversion=shop.conversion,
        eligibility=None,
        holdings=now.holdings,
        products=shop.facts.products,
        top_k=1,
        settings=shop.settings.ranking.model_copy(update={"min_fit": 0.0, "require_evidence": False}),
        model=model,
        who=plan.customer.astype(np.int32),
        buyers=ranking.Buyers(shop.buyers.count, shop.buyers.customers),
    )
    assert len(ranked.reason) == len(plan), "every offer has a reason"
    return np.asarray(ranked.reason)
