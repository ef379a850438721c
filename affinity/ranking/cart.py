"""What completes a cart: products bought in the same baskets as those in it."""

from __future__ import annotations

from functools import partial

import numpy as np

from affinity.ranking.also_bought import leaning_cosine
from affinity.ranking.choice import choose_rows, describe_likeness
from affinity.ranking.decompose import gather_parts
from affinity.ranking.evidence import BOUGHT_TOGETHER, POPULAR, look_up_pairs
from affinity.ranking.fallback import popular_products
from affinity.ranking.kinds import are_related, name_kinds_in_cart
from affinity.ranking.rank import CATEGORY, SHOP
from affinity.ranking.reasons import Buyers, describe_pairs, describe_popularity, mark_related, product_names
from affinity.settings import RankingSettings
from affinity.tables.contributions import OWNED, Contributions
from affinity.tables.eligibility import Eligibility
from affinity.tables.families import shared_families
from affinity.tables.holdings import Holdings
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.recommendations import Recommendations
from affinity.vocabulary import Vocabulary

#: Weight of a product's share of all baskets beside the squared cosines of the cart.
POPULARITY = 0.1


def complete_cart(
    cart: np.ndarray,
    *,
    graph: PairGraph,
    products: Products,
    buyers: Buyers,
    customers: Vocabulary,
    customer: int = -1,
    holdings: Holdings | None = None,
    eligibility: Eligibility | None = None,
    top_k: int = 10,
    settings: RankingSettings | None = None,
    cross_sell_only: bool = False,
) -> Recommendations:
    """The ``top_k`` products that best complete a cart (int32 codes; empty: the shop's popular ones).

    score = POPULARITY·n_B/n + Σ over A in the cart of (n_AB / (n_A^¾·n_B^¼))², over pairs whose shrunk basket lift is above 1
    at its 5 % bound and that ``settings.min_evidence`` orders hold. Counts are of baskets: no horizon and no
    probability, so fit is NaN. Products in the cart are never shown; owned ones (``customer``, −1 a guest) where
    ``settings.cart_may_hold_owned``; not eligible ones (for a guest: not on sale) never. Ties by product code.
    ``settings.diversity`` and ``max_per_category`` hold as for customers. ``cross_sell_only`` leaves out products of a family
    of which another product is in the cart.

    because is the product in the cart that adds most; without any the row is popular in a category of the cart or in
    the shop (fallback_level). Where no pair speaks for anything, the categories of the cart come first.
    """
    settings = settings or RankingSettings()
    cart = np.unique(cart[cart >= 0]).astype(np.int32)
    share, best = _score_products(cart, graph, settings.min_evidence)
    popularity = POPULARITY * graph.n_item / max(graph.n, 1)
    score = popularity + share.sum(axis=0)
    likeness = describe_likeness(products, None)
    near = np.isin(likeness.category, likeness.category[cart][likeness.category[cart] >= 0])
    level = np.where(best >= 0, 2, near)
    first = near & (best.max(initial=-1) < 0)  # nothing speaks for anything: the categories in the cart come first
    open_ = _open_products(cart, products, buyers, customer, holdings, eligibility, settings.cart_may_hold_owned)
    if settings.require_evidence:
        open_ = open_[best[open_] >= 0]
    if cross_sell_only:
        family = shared_families(products)
        open_ = open_[(family[open_] < 0) | ~np.isin(family[open_], family[cart])]
    order = open_[np.lexsort((open_, -score[open_], ~first[open_]))]
    nobody = np.zeros(len(order), dtype=np.int32)
    rows = choose_rows(nobody, order, score[order], top_k=top_k, settings=settings, likeness=likeness)
    shown = order[rows]
    because = np.where(best[shown] >= 0, cart[np.maximum(best[shown], 0)] if len(cart) else -1, -1).astype(np.int32)
    plain = order[:top_k]
    recs = Recommendations(
        customer=np.full(len(shown), customer, dtype=np.int32),
        rank=np.arange(1, len(shown) + 1, dtype=np.int32),
        product=shown.astype(np.int32),
        fit=np.full(len(shown), np.nan),
        because=because,
        reason_code=np.where(because >= 0, BOUGHT_TOGETHER, POPULAR).astype(object),
        reason=_write_reasons(shown, because, graph, products, buyers, settings.min_evidence),
        is_fallback=because < 0,
        customers=customers,
        products=graph.products,
        score=score[shown],
        fallback_level=np.array([SHOP, CATEGORY, None], dtype=object)[level[shown]],
        kind=name_kinds_in_cart(shown, cart, _owned(holdings, eligibility, customer), shared_families(products)),
        info={"context": "cart", "score_given_up": float(score[plain].sum() - score[shown].sum())},
    )
    parts = _Parts(cart, share, popularity)
    return recs.explained_by(partial(_decompose, parts))


class _Parts:
    """What the score of a cart is made of: a row a product in the cart, a column a product."""

    def __init__(self, cart: np.ndarray, share: np.ndarray, popularity: np.ndarray) -> None:
        self.cart, self.share, self.popularity = cart, share, popularity


def _score_products(cart: np.ndarray, graph: PairGraph, min_evidence: int) -> tuple[np.ndarray, np.ndarray]:
    """(float64[cart, n_products] of squared cosines, int64[n_products] place in the cart of the largest, −1 none)."""
    n = len(graph.products)
    share = np.zeros((len(cart), n))
    for place, a in enumerate(cart.tolist()):
        edges = graph.edges_of(a)
        b, count = graph.consequent[edges], graph.count[edges]
        speaks = (graph.lift_eb_lower[edges] > 1.0) & (count >= min_evidence)
        share[place, b[speaks]] = leaning_cosine(count, int(graph.n_item[a]), graph.n_item[b])[speaks] ** 2
    if len(cart) == 0:
        return share, np.full(n, -1)
    return share, np.where(share.max(axis=0) > 0, share.argmax(axis=0), -1)


def _open_products(
    cart: np.ndarray,
    products: Products,
    buyers: Buyers,
    customer: int,
    holdings: Holdings | None,
    eligibility: Eligibility | None,
    owned_too: bool,
) -> np.ndarray:
    """int32, rising: the products that may be shown: bought by somebody, not in the cart, eligible."""
    bought = popular_products(buyers.count)
    codes = np.sort(bought[~np.isin(bought, cart)])
    if eligibility is None or customer < 0:
        product_state = np.where(products.available, -1, 0) if eligibility is None else eligibility.product_state
        needs = np.diff(products.requires_indptr) > 0  # a guest owns no prerequisite
        return codes[(product_state[codes] < 0) & ~needs[codes]]
    state = eligibility.state_of(np.full(len(codes), customer), codes)
    allowed = state == eligibility.states.index("eligible")
    if owned_too and holdings is not None and "owned" in eligibility.states:
        masked = eligibility.state_of(np.full(len(codes), customer), codes, masks_only=True)
        again = masked == eligibility.states.index("eligible")
        allowed |= (state == eligibility.states.index("owned")) & again
    return codes[allowed]


def _owned(holdings: Holdings | None, eligibility: Eligibility | None, customer: int) -> np.ndarray:
    """int32 codes of what the customer owns at as_of; a guest nothing."""
    if customer < 0:
        return np.empty(0, dtype=np.int32)
    if eligibility is None:
        return np.empty(0, dtype=np.int32) if holdings is None else holdings.of(customer)
    rows = slice(eligibility.indptr[customer], eligibility.indptr[customer + 1])
    return eligibility.product[rows][eligibility.owned[rows]]


def _write_reasons(
    product: np.ndarray, because: np.ndarray, graph: PairGraph, products: Products, buyers: Buyers, min_evidence: int
) -> np.ndarray:
    """object: the sentence of each row."""
    names = product_names(products)
    text = np.empty(len(product), dtype=object)
    known, popular = np.flatnonzero(because >= 0), np.flatnonzero(because < 0)
    text[popular] = describe_popularity(product[popular], buyers)
    code = np.full(len(known), BOUGHT_TOGETHER, dtype=object)
    found = look_up_pairs(
        because[known], product[known], graph=graph, conversion=None, horizon_days=0, min_evidence=min_evidence
    )
    measured = describe_pairs(because[known], product[known], code, found, graph=graph, conversion=None, names=names)
    related = are_related(because[known], product[known], shared_families(products))
    held = mark_related(names[because[known]], related)
    text[known] = [f"With {name} in the cart: {what}" for name, what in zip(held, measured)]
    return text


def _decompose(parts: _Parts, recs: Recommendations) -> Contributions:
    """Every part of the score of each row: what each product in the cart adds, and popularity. No odds."""
    place, column = np.nonzero(parts.share[:, recs.product])
    rows = np.arange(len(recs))
    nobody = np.full(len(recs), -1, dtype=np.int32)
    owned = (column, np.full(len(column), OWNED, dtype=object), parts.cart[place], parts.share[place, recs.product[column]])
    flat = (rows, np.full(len(recs), "popularity", dtype=object), nobody, parts.popularity[recs.product])
    return gather_parts(recs, [owned, flat], float("nan"))
