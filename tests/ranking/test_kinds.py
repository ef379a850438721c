"""Upsell apart from cross-sell in lists, carts and companions; what a reason within a family says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.eligibility import EligibilityRules, judge_eligibility
from affinity.ranking import Buyers, complete_cart, list_also_bought, rank_candidates
from affinity.tables import Customers, Products, Recommendations
from affinity.tables.families import OwnedFamilies, shared_families
from tests.ranking.tables import (
    BREAD,
    CHEESE,
    GOODS,
    GRINDER,
    KETTLE,
    MUG,
    PEOPLE,
    TEA,
    make_candidates,
    make_graph,
    make_holdings,
    make_products,
)

FAMILY = {KETTLE: "kitchen", GRINDER: "kitchen", MUG: "mugs", TEA: "drinks", BREAD: "food", CHEESE: "food"}
PRODUCTS = make_products(
    family=np.array([FAMILY[p] for p in range(len(GOODS))], dtype=object),
    lasting_days=np.array([30.0 if p == BREAD else np.nan for p in range(len(GOODS))]),
)
GRAPH = make_graph({
    (KETTLE, GRINDER): (40, 3.0, 2.5), (KETTLE, MUG): (30, 2.0, 1.6), (TEA, MUG): (9, 2.0, 1.5), (TEA, GRINDER): (8, 2.0, 1.4),
})  # fmt: skip
OWNED = make_holdings({0: {KETTLE: 59, BREAD: 10}, 1: {TEA: 90}})


def judge(same_family: str):
    """Who may be offered what at day 100; bread lasts 30 days."""
    rules = EligibilityRules(same_family=same_family)
    return judge_eligibility(OWNED, products=PRODUCTS, customers=Customers.bare(PEOPLE), rules=rules, as_of_day=100)


def recommend(same_family: str | None) -> Recommendations:
    """What Ann (a kettle and, long eaten, bread) and Bob (tea) are shown."""
    rows = [(GRINDER, 0.5, [KETTLE]), (MUG, 0.4, [KETTLE]), (CHEESE, 0.3, [])]
    return rank_candidates(
        make_candidates({0: rows, 1: [(GRINDER, 0.5, [TEA]), (MUG, 0.4, [TEA])]}),
        graph=GRAPH,
        conversion=None,
        eligibility=None if same_family is None else judge(same_family),
        holdings=OWNED,
        products=PRODUCTS,
        top_k=3,
        who=np.array([0, 1]),
    )


def test_a_product_of_an_owned_family_is_an_upsell_and_its_reason_says_so() -> None:
    found = recommend("allowed")
    ann = found.customer == 0
    assert found.product[ann].tolist() == [GRINDER, MUG, CHEESE]
    assert found.kind[ann].tolist() == ["upsell", "cross_sell", "cross_sell"]  # the bread is owned no longer
    assert (
        found.reason[0]
        == "Owns kettle, same family (bought 41 days ago): bought together: basket lift 3.0 [2.5, 4.0], 40 orders"
    )
    assert found.reason[1].startswith("Owns kettle (bought 41 days ago): ")
    assert set(found.kind[found.customer == 1]) == {"cross_sell"}
    assert found.describe()["kinds"] == {"cross_sell": len(found) - 1, "upsell": 1}
    assert recommend(None).kind.tolist()[:3] == ["upsell", "cross_sell", "upsell"]  # nothing is known of lapsing


def test_pure_cross_sell_leaves_upsell_out_of_every_context() -> None:
    found = recommend("excluded")
    assert found.product[found.customer == 0].tolist() == [MUG, CHEESE, TEA]
    assert set(found.kind) == {"cross_sell"}
    pairs = list_also_bought(GRAPH, products=PRODUCTS)
    kinds = dict(zip(zip(pairs.product.tolist(), pairs.recommended.tolist()), pairs.evidence["kind"]))
    assert kinds[KETTLE, GRINDER] == kinds[GRINDER, KETTLE] == "upsell"
    assert list(kinds.values()).count("upsell") == 2
    only = list_also_bought(GRAPH, products=PRODUCTS, cross_sell_only=True)
    assert set(only.evidence["kind"]) == {"cross_sell"}
    assert len(only) == len(pairs) - 2


def cart_of(customer: int, *, same_family: str = "allowed", **given_) -> Recommendations:
    """What completes a cart that holds a kettle, of Bob, who owns tea, or of a guest."""
    buyers = Buyers(np.array([9, 8, 7, 6, 5, 4]), 10)
    return complete_cart(
        np.array([KETTLE]), graph=GRAPH, products=PRODUCTS, buyers=buyers, customers=PEOPLE, customer=customer,
        holdings=OWNED, eligibility=judge(same_family), **given_,
    )  # fmt: skip


@pytest.mark.parametrize("customer", [-1, 1])
def test_a_cart_tells_upsell_from_cross_sell_and_from_buying_again(customer: int) -> None:
    found = cart_of(customer)
    kind = dict(zip(found.product.tolist(), found.kind))
    tea = "repurchase" if customer == 1 else "cross_sell"
    assert kind == {GRINDER: "upsell", MUG: "cross_sell", BREAD: "cross_sell", CHEESE: "cross_sell", TEA: tea}
    assert found.reason[0].startswith("With kettle, same family in the cart: ")
    only = cart_of(customer, same_family="excluded", cross_sell_only=True)
    assert sorted(only.product.tolist()) == sorted(set(kind) - {GRINDER})


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.sampled_from(["f", "g", "h", None]), min_size=6, max_size=6),
    st.dictionaries(st.integers(0, 3), st.dictionaries(st.integers(0, 5), st.just(1), max_size=3)),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=12),
)
def test_who_owns_a_product_of_the_family(family, owned, asked) -> None:
    products: Products = make_products(family=np.array(family, dtype=object))
    held = OwnedFamilies.of(make_holdings(owned), shared_families(products))
    customer, product = np.array(asked, dtype=np.int64).reshape(-1, 2).T
    assert held.holds(customer, product).tolist() == [
        family[p] is not None and family.count(family[p]) > 1 and any(family[a] == family[p] for a in owned.get(c, {}))
        for c, p in asked
    ]
