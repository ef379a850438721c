"""The best products in one pass: against plain Python, and against all candidates."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.eligibility import EligibilityRules, judge_eligibility
from affinity.fit import score_candidates, train_model
from affinity.fit.top import TopScorer, can_judge
from affinity.kernels.scoring_top import score_top
from affinity.settings import FitSettings
from affinity.tables import Customers, Products
from tests import naive
from tests.fit.test_kernels import as_edges
from tests.fit.test_model import tell_segments
from tests.shops import make_landmark, planted_orders


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 3), st.integers(1, 8), st.sampled_from([2, 40]))
def test_what_a_customer_gets(seed: int, each: int, n_terms: int, k: int, n_edges: int) -> None:
    random = np.random.default_rng(seed)
    n = 30
    ends = lambda: random.integers(0, n, (n_edges * 4, 2))  # noqa: E731
    draw = lambda: {(int(a), int(b)): float(random.integers(1, 4)) for a, b in ends() if a != b}  # noqa: E731
    edges, similar = draw(), draw()
    owned = {int(p): float(random.integers(1, 3)) for p in sorted(set(random.integers(0, n, 4).tolist()))}
    popular = random.permutation(n).astype(np.int32)
    popularity, rule = random.integers(-2, 3, (3, n)) / 2, np.array([1.0, 0.5, 0.01])
    his = np.unique(random.integers(0, n, 3)).astype(np.int32)
    owns = random.random(len(his)) < 0.5
    family = np.where(random.random(n) < 0.5, random.integers(0, 8, n), -1).astype(np.int32)
    held = np.zeros(8, dtype=bool)
    blocked = random.random(n) < 0.2
    e, s = as_edges(edges, n), as_edges(similar, n)
    count, product, number = np.zeros(1, dtype=np.int64), np.zeros((1, k), dtype=np.int32), np.zeros((1, k, 2))
    spread = np.zeros((1, 2))
    antecedent, term = np.zeros((1, k, n_terms), dtype=np.int32), np.zeros((1, k, n_terms))
    closed, slot, place = np.zeros(n), np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int16)
    score_top(
        np.zeros(1, dtype=np.int32), np.array([0, len(owned)], dtype=np.int64), np.array(list(owned), dtype=np.int32),
        np.array(list(owned.values())), (e.indptr, e.consequent, e.weight), (s.indptr, s.consequent, s.weight), popular,
        (np.ones(1, dtype=np.int32), popularity[:2], popularity[2]), rule, blocked,
        (np.array([0, len(his)], dtype=np.int64), his, owns), (family, held), each, closed, slot, place,
        count, product, number, spread, antecedent, term,
    )  # fmt: skip
    worth = popularity[1] + np.log1p(len(owned)) * popularity[2]
    never = set(his.tolist()) | set(np.flatnonzero(blocked).tolist())
    never |= {b for b in range(n) if family[b] >= 0 and family[b] in family[his[owns]]}
    expected, u = naive.top_products(
        owned, edges, similar, popular.tolist(), each, worth.tolist(), rule.tolist(), never, k, n_terms
    )
    found = [
        (
            int(product[0, r]), number[0, r, 0], number[0, r, 1],
            [(int(a), float(w)) for a, w in zip(antecedent[0, r], term[0, r]) if a >= 0],
        )
        for r in range(count[0])
    ]  # fmt: skip
    assert [(row[0], row[3]) for row in found] == [(row[0], row[3]) for row in expected]
    assert [row[1:3] for row in found] == [pytest.approx(row[1:3]) for row in expected]
    assert spread[0] == pytest.approx([np.mean(u[:50]), np.std(u[:50])] if u else [0, 0])
    assert not closed.any()
    assert (slot == -1).all()
    assert (place == -1).all()
    assert not held.any()


ORDERS = planted_orders(5)
SHOP = {"customers": 900, "products": 20, "now": 300, "horizon_days": 30}


@pytest.mark.parametrize("same_family", ["allowed", "excluded"])
def test_the_best_of_all_candidates_whoever_else_is_scored(same_family: Literal["allowed", "excluded"]) -> None:
    segment = np.random.default_rng(0).integers(-1, 3, 900).astype(np.int32)
    now, past = (tell_segments(make_landmark(ORDERS, at, **SHOP), segment) for at in (None, 260))
    model = train_model([past], now, settings=FitSettings(candidates=6), horizon_days=30)
    holdings = now.holdings
    products = Products.bare(holdings.products)
    products.available.setflags(write=True)
    products.available[[3, 9]] = False
    back = (np.arange(0, 900, 7, dtype=np.int32), np.full(129, 5, dtype=np.int32))
    family = np.array([f"f{p // 3}" if p < 12 else None for p in range(20)], dtype=object)
    judged = judge_eligibility(
        holdings,
        products=replace(products, family=family),
        customers=Customers.bare(holdings.customers),
        rules=EligibilityRules(same_family=same_family),
        returned=back,
    )
    assert (judged.ledger["same_family"] > 0) == (same_family == "excluded")
    assert can_judge(judged)
    every = np.arange(900, dtype=np.int32)
    scorer = TopScorer(model, now, candidates=6, eligibility=judged)
    best = scorer.score(every, 4, threads=2)
    full = score_candidates(model, now, candidates=6)
    allowed = judged.allowed(full.customer, full.product)
    for c in range(900):
        mine = np.arange(full.indptr[c], full.indptr[c + 1])
        mine = mine[allowed[mine]][:4]
        rows = slice(best.indptr[c], best.indptr[c + 1])
        assert best.product[rows].tolist() == full.product[mine].tolist()
        for name in ("fit", "score", "base", "evidence", "term"):
            assert getattr(best, name)[rows] == pytest.approx(getattr(full, name)[mine], rel=1e-9), name
        assert best.antecedent[rows].tolist() == full.antecedent[mine].tolist()

    @settings(deadline=None, max_examples=20)
    @given(st.sets(st.integers(0, 899), max_size=30), st.integers(1, 3))
    def compare(who: set[int], threads: int) -> None:
        some = scorer.score(np.array(sorted(who), dtype=np.int32), 4, threads=threads)
        rows = np.isin(best.customer, sorted(who))
        for name in ("product", "fit", "score", "antecedent", "term"):
            assert np.array_equal(getattr(some, name), getattr(best, name)[rows]), name

    compare()
