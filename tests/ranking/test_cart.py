"""What completes a cart, and of what its scores are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from affinity.eligibility import judge_eligibility
from affinity.ranking import Buyers, complete_cart
from affinity.settings import RankingSettings
from affinity.tables import Customers, Recommendations
from tests.ranking.tables import (
    BREAD,
    CHEESE,
    GRINDER,
    KETTLE,
    MUG,
    PEOPLE,
    TEA,
    make_graph,
    make_holdings,
    make_products,
)

GRAPH = make_graph(
    {(KETTLE, TEA): (50, 2.0, 1.5), (KETTLE, MUG): (20, 4.0, 3.0), (BREAD, MUG): (30, 4.0, 3.0),
     (KETTLE, CHEESE): (9, 8.0, 0.9), (KETTLE, GRINDER): (4, 9.0, 8.0)},
    n_item=[100, 90, 80, 100, 100, 200],
)  # fmt: skip
OWNED = make_holdings({0: {TEA: 59}, 1: {BREAD: 10, MUG: 3, CHEESE: 2, GRINDER: 1, KETTLE: 1}})
CATEGORIES = np.array(["food", "food", "tool", "tool", "tool", "food"], dtype=object)


def complete(cart: list[int], **given: Any) -> Recommendations:
    parts = {"graph": GRAPH, "products": make_products(), "buyers": Buyers.of(OWNED), "customers": PEOPLE, "top_k": 3}
    return complete_cart(np.array(cart, dtype=np.int32), **{**parts, **given})


def test_the_score_adds_up_what_each_product_in_the_cart_says() -> None:
    found = complete([KETTLE, BREAD])
    by_kettle, by_bread = (20 / 100) ** 2, (30 / 100) ** 2
    tea = (50 / (100**0.75 * 200**0.25)) ** 2
    assert found.product.tolist() == [TEA, MUG, CHEESE]
    assert found.score[0] == pytest.approx(tea + 0.1 * 0.2)
    assert found.score[1] == pytest.approx(by_kettle + by_bread + 0.1 * 0.1)
    assert found.because.tolist() == [KETTLE, BREAD, -1]  # the largest; 0.9 is no evidence, and 4 orders are too few
    assert found.reason[1] == "With bread in the cart: bought together: basket lift 4.0 [3.0, 5.0], 30 orders"
    assert found.fallback_level.tolist() == [None, None, "shop"]
    assert np.isnan(found.fit).all()
    parts = found.decompose().to_pandas()
    assert parts.groupby("rank")["contribution"].sum().to_numpy() == pytest.approx(found.score)
    assert parts[(parts["rank"] == 2) & (parts["part"] == "owned")]["because"].tolist() == ["bread", "kettle"]


def test_in_the_cart_never_owned_as_configured_and_only_what_may_be_offered() -> None:
    available = np.ones(6, dtype=bool)
    available[MUG] = False
    products = make_products(available=available)
    judged = judge_eligibility(OWNED, products=products, customers=Customers.bare(PEOPLE))
    parts = {"holdings": OWNED, "eligibility": judged, "products": products, "top_k": 6}
    guest = complete([KETTLE, KETTLE], **parts)
    assert set(guest.product.tolist()) == {BREAD, CHEESE, GRINDER, TEA}
    assert TEA in complete([KETTLE], customer=0, **parts).product
    never = RankingSettings(cart_may_hold_owned=False)
    assert TEA not in complete([KETTLE], customer=0, settings=never, **parts).product
    assert complete([KETTLE], customer=0, **parts).customers.labels[0] == "ann"


def test_an_empty_or_a_cold_cart_gets_what_is_popular_and_says_of_whom() -> None:
    assert complete([]).product.tolist() == [TEA, BREAD, KETTLE]
    assert complete([]).fallback_level.tolist() == ["shop"] * 3
    cold = complete([GRINDER], products=make_products(category=CATEGORIES))
    assert cold.product.tolist() == [KETTLE, MUG, TEA]
    assert cold.fallback_level.tolist() == ["category", "category", "shop"]
    assert len(complete([GRINDER], settings=RankingSettings(require_evidence=True))) == 0
    assert complete([0, 1, 2, 3, 4, 5]).to_pandas().empty
