"""Where a recommendation is shown: to a customer, beside a product, in a cart, after an order.

What all of them need is a `Shop`: everything known and learnt as of one day. A release, a notebook and the command line
ask the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from affinity import eligibility as eligibility_room
from affinity import ranking
from affinity.errors import InputError, MissingPart, SettingsError
from affinity.history import History
from affinity.memory import share_of_memory
from affinity.progress import track
from affinity.ranker import BYTES_A_ROW, Ranker
from affinity.settings import Settings
from affinity.tables import (
    AlsoBought,
    Baskets,
    Candidates,
    Conversion,
    Customers,
    Eligibility,
    FitModel,
    Holdings,
    Landmark,
    Offers,
    PairGraph,
    Products,
    Recommendations,
    Subscriptions,
)
from affinity.vocabulary import Vocabulary

Context = Literal["customer", "product", "cart", "order_confirmation"]

#: Customers ranked at once; bounds the memory, changes no answer.
CUSTOMERS_AT_ONCE = 50_000


def check_value(context: Context, settings: Settings) -> None:
    """SettingsError where expected value is asked for in a context that has no fit to multiply margins with."""
    if settings.rank_by == "expected_value" and context in ("product", "cart"):
        raise SettingsError(
            f"rank_by='expected_value' has no meaning in context {context!r}.",
            why="Expected value is fit × margin, and there is no fit of the next purchase there.",
            do="Use rank_by='fit' there, or the contexts customer and order_confirmation.",
        )


@dataclass(frozen=True)
class Listed:
    """The files beside the orders, as they were read."""

    products: Products | None
    customers: Customers | None
    offers: Offers | None


@dataclass(frozen=True)
class Facts:
    """What is known besides the orders, in the codes of the orders.

    newcomers, newcomer_offers : customers of the customer list without an order before as_of, in codes of their own
    listed : the files as they were read, to be looked at as of an earlier day
    """

    products: Products
    customers: Customers
    offers: Offers | None
    subscriptions: Subscriptions | None = None
    newcomers: Customers | None = None
    newcomer_offers: Offers | None = None
    listed: Listed | None = None

    def newcomer(self, customer: str | None) -> bool:
        """Whether the customer is listed and has not bought yet."""
        return self.newcomers is not None and customer in self.newcomers.customers


@dataclass(frozen=True, eq=False)
class Shop:
    """What recommendations are made from, as of one day.

    learnt  : the fit model and the counts that score, None where the data name no customers (``why_not`` says so)
    counted : who owned each product, where that was counted on an earlier day; None: of ``past``
    """

    past: History
    facts: Facts
    settings: Settings
    graph: PairGraph
    conversion: Conversion | None
    judged: Eligibility | None
    learnt: tuple[FitModel, Landmark] | None
    why_not: str | None = None
    counted: ranking.Buyers | None = None

    def require_model(self) -> tuple[FitModel, Landmark]:
        """The model and the counts; MissingPart without customers."""
        if self.learnt is None:
            raise MissingPart(self.why_not or "There is no fit model.", do="Use the contexts product and cart.")
        return self.learnt

    @property
    def cross_sell_only(self) -> bool:
        """Whether the rules keep back products of a family that is owned (or in the cart)."""
        return eligibility_room.make_rules(self.settings.eligibility).same_family == "excluded"

    @property
    def buyers(self) -> ranking.Buyers:
        """How many customers own each product, in the whole shop and by ``settings.fit.segment``."""
        if not self.past.has_customers:
            return self._orders
        if self.counted is not None:
            return self.counted
        by, found = self.settings.fit.segment, ranking.Buyers.of(self.past.holdings)
        label = None if by is None else self.facts.customers.segments.get(by)
        if by is None or label is None:
            return found
        return replace(found, segments=ranking.SegmentBuyers.of(self.past.holdings, by, label))

    @property
    def _orders(self) -> ranking.Buyers:
        """Without customers: how many baskets hold each product."""
        return ranking.Buyers(self.graph.n_item, int(self.graph.n))


def recommend_in(
    shop: Shop, context: Context = "customer", *, given: Iterable[str] = (), customer: str | None = None
) -> Recommendations | AlsoBought:
    """What to show in a context.

    customer           : the next purchase of every customer, or of ``customer``; listed ones without an order get what is
                         popular in their segment and in the shop, flagged as such (in cart and order_confirmation: guests)
    product            : what is best bought with each product, or with those ``given``
    cart               : what completes the cart ``given`` (empty: popular products), of ``customer`` or a guest
    order_confirmation : the next purchase of ``customer`` (or a guest) once the products ``given`` are bought as well

    given : product ids. UnknownLabel for an id that the orders do not hold, InputError for products in the wrong context.
    """
    listed = [given] if isinstance(given, str) else list(given)
    codes = np.array([shop.graph.products.code(label) for label in listed], dtype=np.int32)
    if context == "customer":
        if listed:
            raise InputError("Context 'customer' takes no products.", do="Use context='cart' or 'order_confirmation'.")
        if customer is None:
            return ranking.append_recommendations(recommend_customers(shop), recommend_newcomers(shop))
        if shop.facts.newcomer(customer):
            found = recommend_newcomers(shop, customer)
            assert found is not None
            return found
        return recommend_customers(shop, np.array([shop.past.holdings.customers.code(customer)], dtype=np.int32))
    if context == "product":
        bought = list_companions(shop)
        return bought.among(codes) if listed else bought
    if context == "cart":
        return _complete_cart(shop, codes, customer)
    if context == "order_confirmation":
        return _follow_order(shop, codes, customer)
    raise InputError(f"There is no context {context!r}.", do="Use customer, product, cart or order_confirmation.")


def list_companions(shop: Shop) -> AlsoBought:
    """What is best bought with each product."""
    return ranking.list_also_bought(
        shop.graph, products=shop.facts.products, k=shop.settings.top_k, cross_sell_only=shop.cross_sell_only
    )


def recommend_customers(shop: Shop, who: np.ndarray | None = None) -> Recommendations:
    """The next purchase of every customer, or of ``who`` (int32 codes), a block of customers at a time.

    A customer's rows do not depend on who else is asked for: scoring those who changed equals a full run.
    """
    model, now = shop.require_model()
    codes = np.arange(len(now.holdings.customers), dtype=np.int32) if who is None else np.unique(who).astype(np.int32)
    ranker = _ranker(shop, model, now, shop.judged)
    blocks = (ranker.rank(block) for block in track(divide_customers(codes), "customers ranked"))
    return ranking.gather_recommendations(blocks, may_map=_may_map(shop, len(codes)))


def complete_rows(shop: Shop, rows: Recommendations) -> Recommendations:
    """Rows of the shop's customers that were sent, with what takes their scores apart and writes their sentences."""
    ranker = _ranker(shop, *shop.require_model(), shop.judged)
    return rows.explained_by(ranker.explainer).written_by(ranker.writer)


def _ranker(shop: Shop, model: FitModel, now: Landmark, judged: Eligibility | None) -> Ranker:
    return Ranker(model, now, judged, shop.graph, shop.conversion, shop.facts.products, shop.buyers, shop.settings)


def _may_map(shop: Shop, customers: int) -> bool:
    """Whether the lists of so many customers are large enough to stand in files."""
    return customers * shop.settings.top_k * BYTES_A_ROW > share_of_memory(shop.settings.memory_budget) // 4


def divide_customers(codes: np.ndarray) -> list[np.ndarray]:
    """The customers ``codes`` in blocks that are ranked at once; sums over them are taken in this order, wherever made."""
    return [codes[start : start + CUSTOMERS_AT_ONCE] for start in range(0, max(len(codes), 1), CUSTOMERS_AT_ONCE)]


def recommend_newcomers(shop: Shop, customer: str | None = None) -> Recommendations | None:
    """What is popular, for listed customers without an order (or for one): by segment first, where it is known.

    ``fallback_level`` says whose popularity a row is: "segment" where at least ``ranking.min_evidence`` customers of the
    same ``fit.segment`` own the product, else "shop". Eligibility holds as for everybody. None without such customers.
    """
    listed = shop.facts.newcomers
    if listed is None or not len(listed):
        return None
    if customer is not None:
        listed = listed.recoded(Vocabulary("customer", [customer]))
    writer, buyers = _popular_writer(shop), shop.buyers
    every = divide_customers(np.arange(len(listed), dtype=np.int32))

    def rank(block: np.ndarray) -> Recommendations:
        found = _rank_newcomers(shop, listed.for_customers(block), buyers)
        return replace(found, customer=block[found.customer], customers=listed.customers).written_by(writer)

    return ranking.gather_recommendations(map(rank, track(every, "newcomers ranked")), may_map=_may_map(shop, len(listed)))


def _popular_writer(shop: Shop) -> ranking.ReasonWriter:
    """Writes the sentences of customers who own nothing: of what is popular."""
    nothing = ranking.Evidence(shop.graph, None, 0, 0)
    return ranking.ReasonWriter(nothing, shop.past.holdings, shop.facts.products, shop.buyers)


def _rank_newcomers(shop: Shop, listed: Customers, buyers: ranking.Buyers) -> Recommendations:
    facts, past, settings = shop.facts, shop.past, shop.settings
    people, n, nothing = listed.customers, len(listed), np.empty(0, dtype=np.int32)
    indptr, end = np.zeros(n + 1, dtype=np.int64), np.full(n, past.lines.as_of_day or 0, dtype=np.int32)
    holdings = Holdings(indptr, nothing, nothing, nothing, nothing, end, people, past.holdings.products, past.holdings.clock)
    offers = facts.newcomer_offers
    judged = eligibility_room.judge_eligibility(
        holdings,
        products=facts.products,
        customers=listed,
        offers=None if offers is None else offers.recoded(people, facts.products.products),
        rules=settings.eligibility,
        as_of_day=past.lines.as_of_day,
        ledger=False,
    )
    if buyers.segments is not None:
        label = listed.segments.get(buyers.segments.name, np.full(n, None, dtype=object))
        buyers = replace(buyers, segments=buyers.segments.seen_by(label))
    unscored = Candidates(indptr, nothing, *(np.empty(0),) * 4, nothing, people, past.holdings.products)
    return ranking.rank_candidates(
        unscored,
        graph=shop.graph,
        conversion=None,
        eligibility=judged,
        holdings=holdings,
        products=facts.products,
        top_k=settings.top_k,
        settings=settings.ranking,
        model=None if shop.learnt is None else shop.learnt[0],
        buyers=buyers,
    )


def _complete_cart(shop: Shop, cart: np.ndarray, customer: str | None) -> Recommendations:
    holdings = shop.past.holdings
    return ranking.complete_cart(
        cart,
        graph=shop.graph,
        products=shop.facts.products,
        buyers=shop.buyers,
        customers=holdings.customers,
        customer=_code(shop, customer),
        holdings=holdings,
        eligibility=shop.judged,
        top_k=shop.settings.top_k,
        settings=shop.settings.ranking,
        cross_sell_only=shop.cross_sell_only,
    )


def _follow_order(shop: Shop, bought: np.ndarray, customer: str | None) -> Recommendations:
    """The model's answer for one customer whose order has just been placed: owned from now on, bought at the last moment."""
    if len(bought) == 0:
        raise InputError("Context 'order_confirmation' needs the products of the order.", do="Give them: given=['a', 'b'].")
    model, now = shop.require_model()
    code = _code(shop, customer)
    people = Vocabulary("customer", [customer])  # a guest has no id
    after = _add_order(now, code, bought, people, shop.past.lines.as_of_day)
    facts = shop.facts
    known, log = (facts.newcomers, facts.newcomer_offers) if facts.newcomer(customer) else (facts.customers, facts.offers)
    assert known is not None
    judged = eligibility_room.judge_eligibility(
        after.holdings,
        products=facts.products,
        customers=known.recoded(people),
        offers=None if log is None else log.recoded(people, facts.products.products),
        rules=shop.settings.eligibility,
        as_of_day=shop.past.lines.as_of_day,
        returned=_returned(shop.past, code, bought),
        ledger=False,
    )
    one = np.zeros(1, dtype=np.int32)
    found = _ranker(shop, model, after, judged).rank(one, just_bought=bought)
    return replace(found, info={**found.info, "context": "order_confirmation"})


def _code(shop: Shop, customer: str | None) -> int:
    """The code of a customer who has bought; −1 for a guest, and for a listed customer who has not."""
    return -1 if customer is None or shop.facts.newcomer(customer) else shop.past.holdings.customers.code(customer)


def _returned(past: History, code: int, bought: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the customer gave back and has not bought again, as the customer with code 0."""
    product = past.returned[1][past.returned[0] == code]
    product = product[~np.isin(product, bought)]
    return np.zeros(len(product), dtype=np.int32), product


def _add_order(now: Landmark, code: int, bought: np.ndarray, people: Vocabulary, as_of_day: int | None = None) -> Landmark:
    """The landmark of one customer (code −1: who owned nothing), with an order at the last moment before as_of (None: before
    the end of the holdings)."""
    held = now.holdings
    rows = slice(0, 0) if code < 0 else slice(int(held.indptr[code]), int(held.indptr[code + 1]))
    bought = np.unique(bought).astype(np.int32)
    end = int(held.end[code]) if code >= 0 else int(held.end.max(initial=0)) if held.clock == "day" else 0
    if held.clock == "day" and as_of_day is not None:
        end = as_of_day
    if held.clock == "order":
        end += 1
    at = max(end - 1, 0)
    product = np.union1d(held.product[rows], bought).astype(np.int32)
    first, last, times = (np.full(len(product), value, dtype=np.int32) for value in (at, at, 0))
    old = np.searchsorted(product, held.product[rows])
    first[old], last[old], times[old] = held.first_at[rows], held.last_at[rows], held.times[rows]
    new = np.isin(product, bought)
    times[new & ~((times > 0) & (last == at) & (held.clock == "day"))] += 1  # days are counted once
    last[new] = at
    indptr = np.array([0, len(product)], dtype=np.int64)
    after = Holdings(indptr, product, first, last, times, np.array([end], np.int32), people, held.products, held.clock)
    segment = None if now.segment is None else replace(now.segment, place=np.append(now.segment.place, 0)[[code]])
    return replace(now, holdings=after, steps=_add_step(now.steps, code, bought, at, people), segment=segment)


def _add_step(steps: Baskets | None, code: int, bought: np.ndarray, at: int, people: Vocabulary) -> Baskets | None:
    """The customer's baskets and the new one; one of the same day counts once, as days do elsewhere."""
    if steps is None or steps.customer is None or steps.at is None:
        return steps
    mine = np.flatnonzero(steps.customer == code) if code >= 0 else np.empty(0, dtype=np.int64)
    mine = mine[steps.at[mine] < at]
    baskets: Sequence[np.ndarray] = [steps.item[steps.indptr[row] : steps.indptr[row + 1]] for row in mine.tolist()]
    baskets = [*baskets, bought]
    return replace(
        steps,
        indptr=np.concatenate([[0], np.cumsum([len(basket) for basket in baskets])]).astype(np.int64),
        item=np.concatenate(baskets).astype(np.int32),
        customer=np.zeros(len(baskets), dtype=np.int32),
        customers=people,
        at=np.append(steps.at[mine], np.int32(at)).astype(np.int32),
    )
