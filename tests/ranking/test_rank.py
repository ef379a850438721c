"""Recommendations: who gets what, in which order, and with which reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import SettingsError
from affinity.ranking import REASON_CODES, join_recommendations, rank_candidates
from affinity.settings import RankingSettings
from affinity.tables import Eligibility, Recommendations
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
    make_conversion,
    make_graph,
    make_holdings,
    make_products,
)

OWNED = {0: {KETTLE: 59, TEA: 90}, 1: {BREAD: 10}}
NO_GRAPH = make_graph({})


def recommend(candidates: Any, **given_: Any) -> Recommendations:
    parts = {
        "graph": NO_GRAPH,
        "conversion": None,
        "eligibility": None,
        "holdings": make_holdings(OWNED),
        "products": make_products(),
        "top_k": 2,
    }
    return rank_candidates(candidates, **{**parts, **given_})


def eligibility(blocked: list[tuple[int, int]], *, product: int | None = None, customer: int | None = None) -> Eligibility:
    pairs = sorted(blocked)
    who = [c for c, _ in pairs]
    by_product, by_customer = np.full(len(GOODS), -1, dtype=np.int8), np.full(len(PEOPLE), -1, dtype=np.int8)
    if product is not None:
        by_product[product] = 1
    if customer is not None:
        by_customer[customer] = 2
    return Eligibility(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(PEOPLE)))]).astype(np.int64),
        product=np.array([p for _, p in pairs], dtype=np.int32),
        state=np.zeros(len(pairs), dtype=np.int8),
        product_state=by_product,
        customer_state=by_customer,
        customers=PEOPLE,
        products=GOODS,
        states=("returned", "not_on_sale", "suppressed_opt_out", "eligible"),
    )


def test_the_best_come_first_and_ranks_run_from_one() -> None:
    found = recommend(make_candidates({0: [(MUG, 0.4, []), (BREAD, 0.2, []), (CHEESE, 0.1, [])], 1: [(TEA, 0.3, [])]}))
    assert found.product[found.customer == 0].tolist() == [MUG, BREAD]
    assert found.rank[found.customer == 0].tolist() == [1, 2]
    assert found.fit[found.customer == 0].tolist() == [0.4, 0.2]


def test_popular_products_fill_the_list_and_say_so() -> None:
    owned = {0: {KETTLE: 59}, 1: {BREAD: 10, TEA: 3}, 2: {TEA: 4}, 3: {}}
    found = recommend(make_candidates({0: [(MUG, 0.4, [])]}), holdings=make_holdings(owned), top_k=3)
    assert found.product[found.customer == 0].tolist() == [MUG, TEA, BREAD]
    assert found.reason[found.customer == 0].tolist()[1] == "Popular with customers: bought by 2 of 3"
    assert np.isnan(found.fit[found.customer == 0][1:]).all()
    assert found.is_fallback.all()
    assert set(found.reason_code) == {"popular"}
    assert found.product[found.customer == 3].tolist() == [TEA, BREAD, KETTLE]  # no purchase yet: what is popular
    assert found.fallback_level.tolist()[:3] == ["scored", "shop", "shop"]
    assert MUG not in found.product[found.customer == 1]  # nobody ever bought it


def test_only_eligible_products_are_shown() -> None:
    candidates = make_candidates({0: [(MUG, 0.4, []), (BREAD, 0.2, []), (CHEESE, 0.1, [])], 1: [(TEA, 0.3, [])]})
    judged = eligibility([(0, MUG)], product=BREAD, customer=1)
    found = recommend(candidates, eligibility=judged, who=np.array([0, 1]))
    assert found.product.tolist() == [CHEESE]
    assert found.customer.tolist() == [0]


def test_min_fit_drops_weak_candidates() -> None:
    candidates = make_candidates({0: [(MUG, 0.4, []), (CHEESE, 0.1, [])]})
    found = recommend(candidates, settings=RankingSettings(min_fit=0.3))
    assert found.product[found.customer == 0].tolist() == [MUG, BREAD]
    assert found.fit[found.customer == 0][0] == 0.4


def test_conversion_is_the_first_reason() -> None:
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [TEA, KETTLE])]}),
        graph=make_graph({(KETTLE, MUG): (1240, 3.1, 2.6), (TEA, MUG): (7, 0.9, 0.7)}),
        conversion=make_conversion([(KETTLE, MUG, 30, 412, 41, 0.1, 1.2), (KETTLE, MUG, 90, 412, 95, 0.23, 2.2)]),
    )
    row = found.explain("ann").iloc[0]
    assert (row["because"], row["reason_code"], bool(row["is_fallback"])) == ("kettle", "converts_from", False)
    assert row["reason"] == (
        "Owns kettle (bought 41 days ago): 23% of 412 eligible owners bought mug within 90 days [18%, 28%]; "
        "×2.7 [2.2, 3.2] compared with similar buyers; basket lift 3.1 [2.6, 4.1], 1,240 orders"
    )


def test_bought_together_is_the_second_and_the_largest_supported_contribution_speaks() -> None:
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [TEA, KETTLE])]}),
        graph=make_graph({(TEA, MUG): (5, 2.0, 1.4), (KETTLE, MUG): (9, 9.0, 8.0)}),
        conversion=make_conversion([(TEA, MUG, 90, 400, 4, 0.01, 0.9)]),
    )
    row = found.explain("ann").iloc[0]
    assert (row["because"], row["reason_code"]) == ("tea", "bought_together")
    assert row["reason"] == "Owns tea (bought 10 days ago): bought together: basket lift 2.0 [1.4, 3.0], 5 orders"


def test_without_support_a_candidate_is_only_popular() -> None:
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [TEA])]}),
        graph=make_graph({(TEA, MUG): (5, 1.3, 0.99)}),
        conversion=make_conversion([(TEA, MUG, 90, 400, 4, 0.01, float("nan"))]),
        holdings=make_holdings({**OWNED, 2: {MUG: 1}}),
        top_k=1,
    )
    row = found.explain("ann").iloc[0]
    assert (row["reason_code"], row["fit"], row["reason"]) == ("popular", 0.4, "Popular with customers: bought by 1 of 3")
    assert found.because[0] == -1


def test_under_ten_is_never_a_percentage() -> None:
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [TEA])]}),
        conversion=make_conversion([(TEA, MUG, 90, 9, 6, 0.67, 1.5)]),
        top_k=1,
    )
    assert "6 of 9 eligible owners bought mug within 90 days" in found.reason[0]
    assert "%" not in found.reason[0]


def test_an_unknown_rate_is_shown_as_counts() -> None:
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [TEA])]}),
        conversion=make_conversion([(TEA, MUG, 90, 1200, 60, float("nan"), 1.5)]),
        top_k=1,
    )
    assert "60 of 1,200 eligible owners bought mug so far" in found.reason[0]


def test_names_stand_in_the_reasons() -> None:
    names = np.array([None, None, None, "Kettle, blue", "Mug", None], dtype=object)
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [KETTLE])]}),
        graph=make_graph({(KETTLE, MUG): (9, 9.0, 8.0)}),
        products=make_products(name=names),
    )
    assert found.reason[0].startswith("Owns Kettle, blue (bought 41 days ago)")


@pytest.mark.parametrize(("clock", "text"), [("order", "Owns tea (last bought 10 orders ago)"), (None, "Owns tea:")])
def test_ages_without_dates(clock: str | None, text: str) -> None:
    found = recommend(
        make_candidates({0: [(MUG, 0.4, [TEA])]}),
        graph=make_graph({(TEA, MUG): (9, 9.0, 8.0)}),
        holdings=make_holdings(OWNED, clock=clock),
        top_k=1,
    )
    assert found.reason[0].startswith(text)


def test_by_expected_value_what_it_costs_is_said() -> None:
    candidates = make_candidates({0: [(MUG, 0.4, []), (GRINDER, 0.3, []), (CHEESE, 0.1, [])]})
    margin = np.array([np.nan, 1.0, 50.0, 1.0, 5.0, 1.0])
    found = recommend(candidates, products=make_products(margin=margin), rank_by="expected_value", top_k=1)
    assert found.product[found.customer == 0].tolist() == [GRINDER]
    assert found.info["fit_given_up"] == pytest.approx(0.1)
    with pytest.raises(SettingsError, match="expected_value' needs margins, and no product has one"):
        recommend(candidates, rank_by="expected_value")


def test_nobody_is_left_without_a_table() -> None:
    found = recommend(make_candidates({}), holdings=make_holdings({}))
    assert len(found) == 0
    assert found.to_pandas().columns.tolist()[:3] == ["customer_id", "rank", "product_id"]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_laws(seed: int, top_k: int) -> None:
    """Never owned, never blocked, never twice, fit falls, ranks are 1, 2, …; a popular reason iff no antecedent."""
    random = np.random.default_rng(seed)
    owned = {
        c: {int(p): int(random.integers(1, 99)) for p in random.choice(6, random.integers(0, 5), replace=False)}
        for c in range(4)
    }
    rows: dict[int, list[tuple[int, float, list[int]]]] = {}
    for c, have in owned.items():
        rest = [p for p in range(6) if p not in have and have and random.random() < 0.7]
        fits = sorted(random.random(len(rest)).tolist(), reverse=True)
        rows[c] = [(p, f, random.permutation(list(have))[:3].tolist()) for p, f in zip(random.permutation(rest).tolist(), fits)]
    pairs = {
        (a, b): (9, 2.0, float(random.choice([0.5, 1.5]))) for a in range(6) for b in range(a + 1, 6) if random.random() < 0.5
    }
    blocked = [(c, p) for c in range(4) for p in range(6) if random.random() < 0.2]
    found = recommend(
        make_candidates(rows),
        graph=make_graph(pairs),
        eligibility=eligibility(blocked),
        holdings=make_holdings(owned),
        top_k=top_k,
    )
    shown = list(zip(found.customer.tolist(), found.product.tolist()))
    assert len(set(shown)) == len(shown)
    assert not set(shown) & set(blocked)
    assert not any(p in owned[c] for c, p in shown)
    for c in range(4):
        mine = found.customer == c
        assert found.rank[mine].tolist() == list(range(1, int(mine.sum()) + 1))
        fit = found.fit[mine]
        assert (np.diff(fit[~np.isnan(fit)]) <= 0).all()
        assert not np.isnan(fit[: int((~np.isnan(fit)).sum())]).any()
        buyers = {p for have in owned.values() for p in have}
        possible = {p for p in buyers | {r[0] for r in rows[c]} if p not in owned[c] and (c, p) not in blocked}
        assert mine.sum() == min(top_k, len(possible))
    assert ((found.because < 0) == found.is_fallback).all()
    assert ((found.reason_code == "popular") == found.is_fallback).all()
    assert set(found.reason_code) <= set(REASON_CODES)
    for c, because in zip(found.customer.tolist(), found.because.tolist()):
        assert because < 0 or because in owned[c]


def test_a_pair_with_too_little_evidence_is_no_reason() -> None:
    candidates = make_candidates({0: [(MUG, 0.4, [TEA]), (CHEESE, 0.2, [KETTLE])]})
    parts = {
        "graph": make_graph({(TEA, MUG): (4, 9.0, 8.0)}),
        "conversion": make_conversion([(TEA, MUG, 90, 60, 4, 0.07, 3.0), (KETTLE, CHEESE, 90, 60, 5, 0.08, 3.0)]),
    }
    found = recommend(candidates, **parts)
    assert found.reason_code[found.customer == 0].tolist() == ["popular", "converts_from"]
    eager = recommend(candidates, **parts, settings=RankingSettings(min_evidence=4))
    assert eager.reason_code[eager.customer == 0].tolist() == ["converts_from", "converts_from"]
    strict = recommend(candidates, **parts, settings=RankingSettings(require_evidence=True))
    assert strict.product.tolist() == [CHEESE]  # nothing else, and nothing to fill up


CATEGORIES = np.array(["food", "food", "tool", "tool", "tool", "food"], dtype=object)


def test_a_cap_on_categories_holds_in_the_filled_up_part_too_and_its_cost_is_said() -> None:
    candidates = make_candidates({0: [(BREAD, 0.4, []), (CHEESE, 0.3, []), (MUG, 0.1, [])]})
    found = recommend(
        candidates,
        products=make_products(category=CATEGORIES),
        settings=RankingSettings(max_per_category=1),
        holdings=make_holdings({0: {KETTLE: 5}, 1: {GRINDER: 4, CHEESE: 3}, 2: {CHEESE: 2}}),
        top_k=2,
    )
    assert found.product[found.customer == 0].tolist() == [BREAD, MUG]
    assert found.product[found.customer == 3].tolist() == [CHEESE, GRINDER]
    assert found.info["fit_given_up"] == pytest.approx(0.2)
    assert found.describe()["mean_fit"] == pytest.approx(0.25)


def test_diversity_weighs_likeness_against_fit_and_keeps_the_order_by_fit() -> None:
    candidates = make_candidates({0: [(BREAD, 0.4, []), (CHEESE, 0.38, []), (MUG, 0.1, [])]})
    parts = {"products": make_products(category=CATEGORIES), "who": np.array([0])}
    for weight, shown in ((0.0, [BREAD, CHEESE]), (0.3, [BREAD, CHEESE]), (0.6, [BREAD, MUG])):
        found = recommend(candidates, settings=RankingSettings(diversity=weight), **parts)
        assert found.product.tolist() == shown, weight
    assert found.fit.tolist() == [0.4, 0.1]


def test_blocks_of_customers_are_joined() -> None:
    rows = {0: [(MUG, 0.4, []), (BREAD, 0.2, [])], 1: [(TEA, 0.3, [])]}
    whole = recommend(make_candidates(rows), who=np.array([0, 1]))
    blocks = [recommend(make_candidates({c: rows[c]}), who=np.array([c])) for c in (0, 1)]
    joined = join_recommendations(blocks)
    for name in ("customer", "rank", "product", "reason"):
        assert getattr(joined, name).tolist() == getattr(whole, name).tolist()
    assert joined.describe() == whole.describe()
