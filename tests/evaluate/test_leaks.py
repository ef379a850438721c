"""The future does not reach a recommender: what is handed over, what is refused, what is flagged, what changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import affinity as af
from affinity.counting import count_transitions
from affinity.errors import InputError
from affinity.evaluate import Ranked, backtest
from affinity.evaluate.leaks import check_landmark, find_implausible
from affinity.evaluate.lists import rank_scores
from affinity.evaluate.owned import count_pairs, owned_matrix, score_sums
from affinity.evaluate.protocols import know_truth
from affinity.fit import cut_lines
from affinity.history import look_back
from affinity.settings import Settings
from affinity.tables import Landmark, OrderLines
from affinity.training import learn_fit, look_back_to
from tests.makers import day_number, make_lines
from tests.shops import make_landmark, planted_orders

SHOP = {"customers": 400, "products": 20, "horizon_days": 30}


@pytest.fixture(scope="module")
def mark() -> Landmark:
    return make_landmark(planted_orders(9, customers=400), 200, now=300, **SHOP)


@pytest.fixture(scope="module")
def future() -> Landmark:
    return make_landmark(planted_orders(9, customers=400), 230, now=300, **SHOP)


def shop_lines(*, after: int = 0) -> OrderLines:
    """A year of a planted shop from 2024 on, and so many random lines of the 30 days after 2024-08-01."""
    start = np.datetime64("2024-01-01")
    rows = [
        (f"o{c}-{t}", f"c{c:03d}", f"p{p:02d}", str(start + t))
        for c, steps in planted_orders(4, customers=150).items() for t, basket in steps for p in sorted(basket)
    ]  # fmt: skip
    random = np.random.default_rng(1)
    for i in range(after):
        day = np.datetime64("2024-08-01") + int(random.integers(0, 30))
        rows.append((f"x{i}", f"c{random.integers(0, 150):03d}", f"p{random.integers(0, 20):02d}", str(day)))
    return make_lines(rows)


def assert_same_past(one: Landmark, other: Landmark) -> None:
    """The same rows of holdings and steps by label, and the same counts of the products both know."""
    for name in ("holdings", "steps"):
        left, right = (getattr(mark, name).to_pandas() for mark in (one, other))
        assert left.equals(right), name
    known = [one.holdings.products.encode(other.holdings.products.labels), np.arange(len(other.holdings.products))]
    for name in ("buyers", "first_purchases", "recent_lines"):
        left, right = (getattr(mark.transitions, name)[code] for mark, code in zip((one, other), known))
        assert np.array_equal(left, right), name


def test_a_landmark_is_what_the_cut_file_gives() -> None:
    """The lines on and after the landmark are taken out of the source: what recommenders are handed does not change."""
    lines, at, settings = shop_lines(after=300), day_number("2024-08-01"), Settings(horizon_days=30)
    _, whole = look_back_to(at, look_back(lines), settings)
    _, cut = look_back_to(at, look_back(replace(lines.take(lines.day < at), as_of_day=at)), settings)
    assert_same_past(whole, cut)
    assert len(cut.label_product) == 0 < len(whole.label_product)


def test_a_landmark_of_real_orders_is_what_the_cut_file_gives(shared_data: Path) -> None:
    lines = af.read_orders(shared_data / "retail" / "groceries_members.parquet")
    at, settings = day_number("2015-07-01"), Settings(horizon_days=92)
    past = look_back(lines)
    _, whole = look_back_to(at, past, settings)
    _, cut = look_back_to(at, look_back(cut_lines(lines, at)), settings)
    assert_same_past(whole, cut)
    assert whole.steps.at.max() < at <= past.steps.at.max()


def test_lines_planted_after_the_landmark_change_no_list() -> None:
    at, settings = day_number("2024-08-01"), Settings(horizon_days=30)
    made = []
    for lines in (shop_lines(), shop_lines(after=500)):
        then, landmark = look_back_to(at, look_back(lines), settings)
        blind = replace(landmark, label_indptr=None, label_product=None)
        made.append((learn_fit(then, settings, blind)[1], know_truth(landmark)))
    (one, before), (two, after) = made
    for name in ("indptr", "product", "fit", "score"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert len(after.product) > len(before.product)  # the labels did change


def test_lines_planted_after_the_horizon_change_no_figure() -> None:
    """Only as_of moves with them; the landmark is named, so the whole table must stay."""
    lines = shop_lines(after=500)
    tables = [
        af.backtest(source, at=["2024-06-15"], horizon_days=30).to_pandas()
        for source in (lines, lines.take(lines.day < day_number("2024-08-01")))
    ]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("part", ["holdings", "steps", "transitions"])
def test_tables_of_the_label_window_are_refused(mark: Landmark, future: Landmark, part: str) -> None:
    with pytest.raises(InputError, match="This landmark leaks"):
        backtest({}, replace(mark, **{part: getattr(future, part)}))
    check_landmark(mark)


def test_labels_that_are_owned_are_refused(mark: Landmark) -> None:
    holdings = mark.holdings
    with pytest.raises(InputError, match="labels hold products owned before"):
        check_landmark(replace(mark, label_indptr=holdings.indptr, label_product=holdings.product))
    check_landmark(replace(mark, label_indptr=holdings.indptr, label_product=holdings.product), "next_basket")


def test_a_landmark_of_now_cannot_be_judged(mark: Landmark) -> None:
    with pytest.raises(InputError, match="not in the past"):
        check_landmark(replace(mark, label_indptr=None, label_product=None))


def test_sequences_that_go_on_are_refused() -> None:
    from tests.shops import make_tables, random_orders

    orders = random_orders(2, customers=20, products=6, days=50)
    steps, holdings = make_tables(orders, customers=20, products=6, end=None, clock="order")
    counts = count_transitions(steps, holdings, half_life=3, co_owned_half_life=1.5, row_half_life=1)
    none = (np.zeros(21, dtype=np.int64), np.zeros(0, dtype=np.int32))
    check_landmark(Landmark(-1, holdings, steps, counts, *none))
    shorter = replace(holdings, end=np.maximum(holdings.end - 1, 0))
    with pytest.raises(InputError, match="go past the end"):
        check_landmark(Landmark(-1, shorter, steps, counts, *none))


def test_a_recommender_with_the_labels_is_flagged(mark: Landmark) -> None:
    """It brings them from elsewhere, which no check of the tables can see; its figures are too good to be true."""
    answers = Ranked(mark.label_indptr, mark.label_product)
    found = backtest({"oracle": lambda _: answers}, mark, resamples=20)
    assert found.find("oracle", "ndcg")[0] == pytest.approx(1.0)
    assert found.info["implausible"] == {"new_product": ["oracle"]}
    assert not backtest({"honest": lambda known: score_sums(owned_matrix(known.holdings), count_pairs(
        owned_matrix(known.holdings)))}, mark, resamples=20).info["implausible"]  # fmt: skip


def test_pair_statistics_of_the_label_window_flatter(mark: Landmark, future: Landmark) -> None:
    """What the leak is worth; a gain so small is not flagged, so the tables handed over are what must be checked."""
    honest, leaking = (count_pairs(owned_matrix(known.holdings)) for known in (mark, future))
    who = know_truth(mark).customer

    def by(pairs):
        return lambda known: rank_scores(
            score_sums(owned_matrix(known.holdings), pairs), known.holdings, who, places=10, repeats=False
        )

    found = backtest({"leaking": by(leaking), "honest": by(honest)}, mark, resamples=200)
    assert found.find("leaking − honest", "ndcg")[0] > 0


def test_what_is_implausible() -> None:
    assert find_implausible({"fit": 0.25, "popularity": 0.1, "cosine": 0.11}, ["popularity", "cosine"]) == []
    assert find_implausible({"fit": 0.30, "popularity": 0.1, "cosine": 0.11}, ["popularity", "cosine"]) == ["fit"]
    assert find_implausible({"fit": 0.91, "popularity": 0.8}, ["popularity"]) == ["fit"]
    assert find_implausible({"fit": 0.5}, []) == []
