"""Backtests: the metrics by hand, baselines, the protocol, intervals, and lists that cannot see the future."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.errors import MissingPart, TooLarge
from affinity.evaluate import METRICS, Ranked, backtest
from affinity.evaluate.judged import Judged, Truth, judge_lists
from affinity.evaluate.protocols import know_truth
from affinity.evaluate.registry import load
from affinity.tables import Landmark
from tests import naive
from tests.shops import make_landmark, random_orders

ORDERS = {0: [(10, {0}), (95, {1}), (105, {2})], 1: [(20, {1}), (101, {0, 2}), (103, {3})], 2: [(80, {2})], 3: [(104, {0})]}
SHOP = {"customers": 4, "products": 5, "now": 130, "horizon_days": 20}


@pytest.fixture
def landmark() -> Landmark:
    return make_landmark(ORDERS, 100, **SHOP)


def lists(*rows: list[int], fit: list[float] | None = None) -> Ranked:
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Ranked(indptr, np.array(sum(rows, []), dtype=np.int32), None if fit is None else np.array(fit))


def value(table, method: str, metric: str, at: str | None = None) -> float:
    return table.find(method, metric, at=at)[0]


def test_judged_are_customers_with_history_and_a_known_new_product(landmark: Landmark) -> None:
    truth = know_truth(landmark)
    assert truth.customer.tolist() == [0, 1]
    assert truth.product.tolist() == [2, 0, 2]  # product 3 was known to nobody, customer 3 has no history
    assert truth.customers == 3


def test_metrics_by_hand(landmark: Landmark) -> None:
    found = backtest({"mine": lambda _: lists([3, 2], [2, 4, 0], [], [])}, landmark, cutoff=3, resamples=50)
    ideal = 1 + 1 / np.log2(3)
    assert value(found, "mine", "ndcg") == pytest.approx(np.mean([1 / np.log2(3), (1 + 1 / np.log2(4)) / ideal]))
    assert value(found, "mine", "hit_rate_at_1") == 0.5
    assert value(found, "mine", "hit_rate") == 1.0
    assert value(found, "mine", "recall") == 1.0
    assert value(found, "mine", "reciprocal_rank") == 0.75
    assert value(found, "mine", "coverage") == pytest.approx(4 / 3)  # two shown products nobody knew: the list is at fault
    bits = [-np.log2(1 / 3) * 0.5 - np.log2(1 / 3) * 0.5, np.mean([-np.log2(1 / 3), -np.log2(1 / 3), -np.log2(1 / 3)])]
    assert value(found, "mine", "novelty") == pytest.approx(np.mean(bits))
    assert set(found.customers[found.metric == "ndcg"].tolist()) == {2}


def test_a_method_that_does_not_fit_is_left_out_unless_it_is_the_first(landmark: Landmark) -> None:
    def too_large(_: Landmark) -> Ranked:
        raise TooLarge("a dense matrix of 99 products")

    mine = {"mine": lambda _: lists([2], [0], [], [])}
    found = backtest({**mine, "theirs": too_large}, landmark, resamples=20)
    assert found.info["left_out"] == {"theirs": "a dense matrix of 99 products"}
    assert "theirs" not in set(found.method.tolist())
    with pytest.raises(TooLarge):
        backtest({"theirs": too_large, **mine}, landmark, resamples=20)


def test_differences_are_paired(landmark: Landmark) -> None:
    found = backtest({"a": lambda _: lists([2], [0], [], []), "b": lambda _: lists([4], [2], [], [])}, landmark, resamples=200)
    rows = (found.method == "a − b") & (found.metric == "ndcg")
    assert found.value[rows][0] == pytest.approx(value(found, "a", "ndcg") - value(found, "b", "ndcg"))
    assert found.lower[rows][0] <= found.value[rows][0] <= found.upper[rows][0]


def test_probabilities_are_judged_over_every_customer_with_history(landmark: Landmark) -> None:
    found = backtest({"p": lambda _: lists([2, 3], [0], [1], [], fit=[0.5, 0.1, 0.5, 0.1])}, landmark, resamples=10)
    rows = found.metric == "calibration_error"
    assert found.customers[rows].tolist() == [3]
    assert found.value[rows][0] == pytest.approx(np.mean([0.5, 0.1, 0.5, 0.1]))
    assert "calibration_error" not in backtest({"q": lambda _: lists([2], [0], [], [])}, landmark, resamples=10).metric


def test_recommenders_do_not_see_the_labels(landmark: Landmark) -> None:
    def peek(known: Landmark) -> Ranked:
        assert known.label_product is None
        assert known.steps.at.max() < 100
        return lists([], [], [], [])

    backtest({"peek": peek}, landmark, resamples=5)


def test_nobody_to_judge_is_an_error_that_says_what_to_do() -> None:
    empty = make_landmark({0: [(10, {0})]}, 100, **SHOP)
    with pytest.raises(MissingPart, match="No customer with a history bought a new product .* at 1970-04-11.* Use a longer"):
        backtest({"none": lambda _: lists([], [], [], [])}, empty)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_every_metric_is_in_range_and_ndcg_is_the_naive_one(seed: int, cutoff: int) -> None:
    random = np.random.default_rng(seed)
    bought = [random.choice(9, random.integers(1, 6), replace=False).tolist() for _ in range(5)]
    shown = [random.permutation(9)[: random.integers(0, 9)].tolist() for _ in range(5)]
    indptr = np.concatenate([[0], np.cumsum([len(b) for b in bought])]).astype(np.int64)
    truth = Truth(
        np.arange(5, dtype=np.int32), indptr, np.array(sum(bought, []), dtype=np.int32), np.ones(9, dtype=np.int64), 5
    )
    judged = judge_lists(lists(*shown), truth, cutoff)
    assert isinstance(judged, Judged)
    for name, path in METRICS.items():
        values = load(path)(judged)
        assert len(values) in (1, 5), name
        assert ((values >= 0) | np.isnan(values)).all()
        if name != "novelty":
            assert (values <= 1).all(), name
    assert load(METRICS["ndcg"])(judged) == pytest.approx([naive.ndcg(s, set(b), cutoff) for s, b in zip(shown, bought)])


def test_the_same_seed_gives_the_same_intervals(landmark: Landmark) -> None:
    first, again = (backtest({"a": lambda _: lists([2], [0], [], [])}, landmark, seed=3).lower for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_several_landmarks_are_pooled_over_customers() -> None:
    orders = random_orders(3, customers=30, products=8, days=100)
    marks = [make_landmark(orders, at, customers=30, products=8, now=100, horizon_days=25) for at in (75, 50)]
    found = backtest({}, marks, cutoff=3, resamples=400)
    assert found.groups() == [("new_product", "1970-03-17"), ("new_product", "1970-02-20"), ("new_product", "pooled")]
    each = [know_truth(mark) for mark in marks]
    sizes = np.array([len(truth.customer) for truth in each])
    single = np.array([value(found, "cosine", "ndcg", at) for at in ("1970-03-17", "1970-02-20")])
    assert value(found, "cosine", "ndcg", "pooled") == pytest.approx((single * sizes).sum() / sizes.sum())
    rows = (found.at == "pooled") & (found.method == "cosine") & (found.metric == "ndcg")
    assert found.customers[rows].tolist() == [len(np.union1d(each[0].customer, each[1].customer))]
    lead = found.find("popularity − cosine", "ndcg", at="pooled")
    assert lead[1] <= lead[0] <= lead[2]


def test_the_interval_of_a_pooled_mean_is_that_of_clusters() -> None:
    """A customer at two landmarks is drawn with both: the same customers twice give no narrower interval."""
    mark = make_landmark(random_orders(5, customers=40, products=8, days=100), 70, **(SHOP | {"customers": 40, "products": 8}))
    one, two = (backtest({}, marks, cutoff=2, resamples=300) for marks in ([mark], [mark, mark]))
    assert two.find("popularity", "ndcg", at="pooled") == pytest.approx(one.find("popularity", "ndcg"))


def test_wide_rows_hold_the_lead_of_the_first_method(landmark: Landmark) -> None:
    found = backtest({"a": lambda _: lists([2], [0], [], [])}, landmark, resamples=50)
    wide = found.wide_columns()
    place = wide["method"].tolist().index("popularity")
    assert wide["ndcg_lead"][place] == found.find("a − popularity", "ndcg")[0]
    assert np.isnan(wide["ndcg_lead"][wide["method"].tolist().index("a")])
    with pytest.raises(KeyError):
        found.find("a", "speed")
