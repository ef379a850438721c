"""Baselines and peers: by hand and against obvious loops; what holds for every one that is registered."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import TooLarge
from affinity.evaluate.baselines.best_rule import best_confidence, best_lift
from affinity.evaluate.baselines.cosine import cosine
from affinity.evaluate.baselines.personal_frequency import personal_frequency
from affinity.evaluate.baselines.popularity import new_buyer_popularity, popularity, recent_popularity
from affinity.evaluate.lists import rank_scores
from affinity.evaluate.peers import ease as ease_module
from affinity.evaluate.peers.ease import ease
from affinity.evaluate.peers.sar import sar
from affinity.evaluate.registry import BASELINES, PEERS, REPEAT_BASELINES, load
from affinity.tables import Landmark
from tests.shops import make_landmark, random_orders

ORDERS = {0: [(10, {0}), (95, {1}), (105, {2})], 1: [(20, {1}), (101, {0, 2}), (103, {3})], 2: [(80, {2})], 3: [(104, {0})]}
SHOP = {"customers": 4, "products": 5, "now": 130, "horizon_days": 20}
METHODS = BASELINES | REPEAT_BASELINES | PEERS


@pytest.fixture
def landmark() -> Landmark:
    return make_landmark(ORDERS, 100, **SHOP)


def random_landmark(seed: int, customers: int = 60, products: int = 7) -> Landmark:
    orders = random_orders(seed, customers=customers, products=products, days=90)
    return make_landmark(orders, 80, customers=customers, products=products, now=90, horizon_days=10)


def everybody(landmark: Landmark) -> np.ndarray:
    return np.flatnonzero(np.diff(landmark.holdings.indptr)).astype(np.int32)


@pytest.mark.parametrize(
    ("method", "right"),
    [
        (popularity, [[2], [0, 2], [1, 0], []]),
        (recent_popularity, [[2], [2, 0], [1, 0], []]),
        (new_buyer_popularity, [[2], [2, 0], [1, 0], []]),
    ],
)
def test_popularity_by_hand(landmark: Landmark, method, right: list[list[int]]) -> None:
    ranked = rank_scores(method(landmark), landmark.holdings, everybody(landmark), places=10, repeats=False)
    assert [ranked.product[a:b].tolist() for a, b in zip(ranked.indptr, ranked.indptr[1:])] == right


def pair_counts(landmark: Landmark) -> tuple[list[set[int]], np.ndarray, np.ndarray]:
    owned = [set(landmark.holdings.of(c).tolist()) for c in range(len(landmark.holdings.customers))]
    n = len(landmark.holdings.products)
    both = np.array([[sum(a in o and b in o for o in owned) for b in range(n)] for a in range(n)])
    return owned, both, np.diag(both)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_the_best_rule_is_the_obvious_one(seed: int) -> None:
    mark = random_landmark(seed)
    owned, both, n = pair_counts(mark)
    who = everybody(mark)
    confidence, lift = best_confidence(mark)(who), best_lift(mark)(who)
    for row, c in enumerate(who.tolist()):
        for b in range(len(n)):
            rules = [a for a in owned[c] if a != b and both[a, b] >= 5]
            assert confidence[row, b] == pytest.approx(max((both[a, b] / n[a] for a in rules), default=0.0))
            assert lift[row, b] == pytest.approx(max((both[a, b] / n[a] / n[b] for a in rules), default=0.0))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_cosine_and_sar_are_the_obvious_sums(seed: int) -> None:
    mark = random_landmark(seed)
    owned, both, n = pair_counts(mark)
    who, held = everybody(mark), mark.holdings
    flat, decayed, similar = (
        cosine(mark, neighbours=99)(who),
        cosine(mark, neighbours=99, half_life_days=30.0)(who),
        sar(mark)(who),
    )
    for row, c in enumerate(who.tolist()):
        last = dict(zip(held.of(c).tolist(), held.last_at[held.indptr[c] : held.indptr[c + 1]].tolist()))
        visits = [(p, t) for i, t in enumerate(mark.steps.at.tolist()) if mark.steps.customer[i] == c
                  for p in mark.steps.item[mark.steps.indptr[i] : mark.steps.indptr[i + 1]].tolist()]  # fmt: skip
        for b in range(len(n)):
            near = {a: both[a, b] / np.sqrt(n[a] * n[b]) if a != b and both[a, b] else 0.0 for a in owned[c]}
            assert flat[row, b] == pytest.approx(sum(near.values()))
            assert decayed[row, b] == pytest.approx(sum(v * 2 ** (-(80 - last[a]) / 30) for a, v in near.items()))
            jaccard = {a: both[a, b] / max(n[a] + n[b] - both[a, b], 1) for a in owned[c]}
            assert similar[row, b] == pytest.approx(sum(jaccard[p] * 2 ** (-(80 - t) / 30) for p, t in visits))


def test_only_the_nearest_neighbours_of_each_product_count() -> None:
    mark = random_landmark(1)
    owned, both, n = pair_counts(mark)
    near = both / np.sqrt(np.outer(n, n)) * (1 - np.eye(len(n)))
    who = everybody(mark)
    found = cosine(mark, neighbours=2)(who)
    for b in range(len(n)):
        kept = sorted(range(len(n)), key=lambda a: (-near[a, b], a))[:2]
        assert found[:, b] == pytest.approx([sum(near[a, b] for a in kept if a in owned[c]) for c in who])


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_ease_solves_its_own_least_squares(seed: int) -> None:
    """Without self-loops column j of B is the ridge regression of column j on all the others."""
    mark = random_landmark(seed)
    owned, _, n = pair_counts(mark)
    x = np.array([[float(p in o) for p in range(len(n))] for o in owned])
    who = everybody(mark)
    found = ease(mark, ridge=3.0)(who)
    for j in np.flatnonzero(n):
        others = [p for p in np.flatnonzero(n) if p != j]
        weight = np.linalg.solve(x[:, others].T @ x[:, others] + 3.0 * np.eye(len(others)), x[:, others].T @ x[:, j])
        assert found[:, j] == pytest.approx(x[np.ix_(who, others)] @ weight, abs=1e-4)


def test_ease_refuses_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease_module, "MOST_PRODUCTS", 3)
    with pytest.raises(TooLarge, match="dense matrix of 7 products"):
        ease(random_landmark(1))


def test_personal_frequency_by_hand() -> None:
    orders = {0: [(1, {0, 1}), (5, {1}), (9, {2})], 1: [(2, {3}), (3, {3}), (4, {4})], 2: [(2, {4})]}
    mark = make_landmark(orders, 10, customers=3, products=5, now=20, horizon_days=5)
    ranked = rank_scores(personal_frequency(mark), mark.holdings, everybody(mark), places=4, repeats=True)
    assert ranked.product.reshape(3, 4).tolist() == [[1, 2, 0, 4], [3, 4, 0, 1], [4, 0, 1, 2]]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("customers", [60, 1])
def test_every_method_scores_every_customer_and_batch_is_single(name: str, customers: int) -> None:
    if name.startswith("implicit"):
        pytest.importorskip("implicit")
    mark = random_landmark(4, customers=customers)
    who = everybody(mark)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = load(METHODS[name])(mark)
    block = score(who)
    assert block.shape == (len(who), 7)
    assert np.isfinite(block).all()
    assert np.asarray(score(who[:1]))[0] == pytest.approx(np.asarray(block)[0], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_works_on_order_sequences(name: str) -> None:
    if name.startswith("implicit"):
        pytest.importorskip("implicit")
    from dataclasses import replace

    from affinity.counting import count_transitions
    from tests.shops import make_tables

    orders = random_orders(2, customers=40, products=6, days=50)
    steps, holdings = make_tables(orders, customers=40, products=6, end=None, clock="order")
    counts = count_transitions(steps, holdings, half_life=3, co_owned_half_life=1.5, row_half_life=1)
    mark = replace(random_landmark(1), at=-1, holdings=holdings, steps=steps, transitions=counts)
    assert np.isfinite(load(METHODS[name])(mark)(everybody(mark))).all()
