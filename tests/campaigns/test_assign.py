"""The assignment: within every limit, as good as trying everything, certified, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.campaigns import PossibleOffers, assign_offers, pick_products
from affinity.errors import InputError
from affinity.kernels.campaigns import price_offers, take_offers
from benchmarks.campaigns import make_offers, within_limits
from tests import naive
from tests.campaigns.makers import dense_offers

VALUES = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1.0, -0.5]) | st.floats(0.01, 1.0)


@st.composite
def small_offers(draw: st.DrawFn) -> PossibleOffers:
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    values = draw(st.lists(st.lists(VALUES, min_size=m, max_size=m), min_size=n, max_size=n))
    cost = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=m, max_size=m))
    capacity = draw(st.lists(st.integers(0, 4), min_size=m, max_size=m))
    return dense_offers(values, cost, capacity, draw(st.none() | st.sampled_from([0.0, 1.0, 2.5, 6.0])))


@settings(deadline=None, max_examples=200)
@given(small_offers())
def test_small_campaigns_equal_trying_everything(offers: PossibleOffers) -> None:
    m = len(offers.cost)
    budget = float("inf") if offers.budget is None else offers.budget
    best = naive.best_assignment(offers.value.reshape(-1, m).tolist(), offers.cost.tolist(), offers.capacity.tolist(), budget)
    exact = assign_offers(offers, good_enough=1e-9)
    assert exact.total == pytest.approx(best, abs=1e-9)
    quick = assign_offers(offers)
    assert within_limits(offers, quick)
    assert within_limits(offers, exact)
    assert best * (1 - 0.001) - 1e-9 <= quick.total <= best + 1e-9 <= quick.bound + 2e-9
    assert quick.gap <= 0.001 + 1e-9
    rows = quick.row[quick.row >= 0]
    assert (offers.value[rows] > 0).all()


@settings(deadline=None, max_examples=60)
@given(small_offers(), st.floats(0, 1), st.randoms(use_true_random=False))
def test_kernels_equal_their_oracles(offers: PossibleOffers, price: float, random) -> None:
    m = len(offers.cost)
    worth = offers.worth()
    toll = price * np.arange(m) / m + 0.1 * offers.cost
    demand, spend = np.empty(m), np.empty(1)
    total = price_offers(offers.indptr, offers.product, worth, toll, offers.cost, demand, spend)
    rows = {c: [(int(p), float(worth[c * m + p])) for p in range(m)] for c in range(offers.n_customers)}
    expected, takers, spent = naive.price_offers(rows, toll.tolist(), offers.cost.tolist())
    assert total == pytest.approx(expected)
    assert {p: int(n) for p, n in enumerate(demand) if n} == takers
    assert spend[0] == pytest.approx(spent)
    order = list(range(len(worth)))
    random.shuffle(order)
    taken, room = np.full(offers.n_customers, -1, dtype=np.int64), offers.capacity.copy()
    left = take_offers(np.array(order), offers.customer, offers.product, offers.cost, room, 2.5, taken)
    pairs = [(int(offers.customer[r]), int(offers.product[r])) for r in order]
    chosen, rest = naive.take_offers(pairs, offers.cost.tolist(), offers.capacity.tolist(), 2.5)
    assert {c: order.index(int(r)) for c, r in enumerate(taken) if r >= 0} == chosen
    assert left == pytest.approx(rest)


@pytest.mark.parametrize("scenario", ["capacity", "budget", "ties"])
def test_larger_campaigns_are_certified_and_deterministic(scenario: str) -> None:
    offers = make_offers(3000, 12, scenario)
    found, again = assign_offers(offers), assign_offers(offers)
    assert within_limits(offers, found)
    assert found.gap <= 0.001
    assert found.total <= found.bound * (1 + 1e-9)
    np.testing.assert_array_equal(found.row, again.row)


def test_ties_go_to_the_first_customer_and_product() -> None:
    offers = dense_offers([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], [1.0, 1.0], [1, 1], None)
    assert assign_offers(offers).row.tolist() == [0, 3, -1]


def test_greedy_alone_would_lose_a_half() -> None:
    """One place each; the greedy way gives the flexible customer the place that the other one needs."""
    offers = dense_offers([[1.01, 1.0], [1.0, 0.0]], [0.0, 0.0], [1, 1], None)
    found = assign_offers(offers)
    assert found.total == pytest.approx(2.0)
    assert offers.product[found.row].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "cost", "capacity", "budget"),
    [([[0.5]], [1.0], [0], None), ([[0.5]], [1.0], [5], 0.5), ([[-1.0]], [0.0], [5], None), ([], [1.0], [5], None)],
    ids=["no place", "no budget", "nothing worth it", "nobody"],
)
def test_nothing_to_offer_is_an_empty_assignment(values: list, cost: list, capacity: list, budget: float | None) -> None:
    found = assign_offers(dense_offers(values, cost, capacity, budget))
    assert (found.row == -1).all()
    assert (found.total, found.gap) == (0.0, 0.0)


@pytest.mark.parametrize(("cost", "capacity", "budget"), [([-1.0], [1], None), ([1.0], [-1], None), ([1.0], [1], -1.0)])
def test_negative_limits_are_refused(cost: list[float], capacity: list[int], budget: float | None) -> None:
    with pytest.raises(InputError, match="must not be negative"):
        dense_offers([[1.0]], cost, capacity, budget)
    with pytest.raises(InputError, match="finite"):
        dense_offers([[float("nan")]], [1.0], [1], None)


def test_a_budget_far_beyond_all_costs_is_none() -> None:
    values = [[0.5, 0.4], [0.3, 0.2], [0.1, 0.6]]
    free = assign_offers(dense_offers(values, [0.0, 0.0], [2, 2], None))
    rich = assign_offers(dense_offers(values, [1e-300, 2e-300], [2, 2], 1e9))  # overflows when divided by a mean cost
    assert rich.row.tolist() == free.row.tolist()
    assert rich.gap == pytest.approx(free.gap, abs=1e-12)


def test_products_are_picked_for_what_they_add() -> None:
    """p0 is best alone; p1 serves nearly the same customers; p2 serves others."""
    offers = dense_offers([[3, 2.9, 0], [3, 2.9, 0], [0, 0, 1]], [0] * 3, [9] * 3, None)
    assert pick_products(offers, 2).tolist() == [0, 2]
    assert pick_products(offers, 3).tolist() == [0, 2]  # p1 adds nothing


@settings(deadline=None, max_examples=60)
@given(small_offers(), st.integers(1, 3))
def test_picked_products_reach_their_bound(offers: PossibleOffers, k: int) -> None:
    from itertools import combinations

    m = len(offers.cost)
    worth = offers.worth().reshape(-1, m)
    best = max((worth[:, list(p)].max(axis=1).sum() for p in combinations(range(m), min(k, m))), default=0.0)
    picked = pick_products(offers, k)
    mine = worth[:, picked].max(axis=1, initial=0.0).sum()
    assert mine >= (1 - 1 / np.e) * best - 1e-9
