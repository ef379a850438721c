"""The fit model end to end on a shop with planted follow-up purchases, and where little is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from affinity.counting import count_transitions
from affinity.errors import VocabularyMismatch
from affinity.fit import score_candidates, train_model
from affinity.fit.blend import CLOSED_FORM_ONLY, learn_blend
from affinity.fit.calibrate import MOST_GROWTH
from affinity.fit.features import known_segments, score_segments
from affinity.fit.probability import Sample, learn_probability, recent_growth, season_shift
from affinity.fit.study import study_landmark
from affinity.settings import FitSettings
from affinity.tables import Candidates, FitModel, Landmark
from tests.shops import make_landmark, make_tables, planted_orders, random_orders

SHOP = {"customers": 900, "products": 20, "now": 300, "horizon_days": 40}
SETTINGS = FitSettings(ridge=20, support_per_target=20)


@pytest.fixture(scope="module")
def planted() -> tuple[FitModel, Landmark, Candidates, Landmark]:
    orders = planted_orders(7)
    now = make_landmark(orders, None, **{**SHOP, "now": 260})
    marks = [make_landmark(orders, at, **{**SHOP, "now": 260}) for at in (220, 190, 180)]
    model = train_model(marks, now, settings=SETTINGS, horizon_days=40)
    return model, now, score_candidates(model, now), make_landmark(orders, 260, **SHOP)


def test_followers_come_first(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    _, now, candidates, _ = planted
    holdings = now.holdings
    right = asked = 0
    for c in range(len(holdings.customers)):
        owned = set(holdings.of(c).tolist())
        recent = {
            int(p) for p, at in zip(holdings.of(c), holdings.last_at[holdings.indptr[c] : holdings.indptr[c + 1]]) if at >= 230
        }
        missing = {p + 1 for p in (0, 2, 4) if p in recent} - owned
        if missing:
            asked += 1
            right += int(candidates.product[candidates.indptr[c]]) in missing
    assert asked > 50
    assert right / asked > 0.8


def test_fit_is_a_probability_that_falls_and_is_calibrated(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    model, _, candidates, later = planted
    assert ((candidates.fit > 0) & (candidates.fit < 1)).all()
    same = candidates.customer[1:] == candidates.customer[:-1]
    assert (np.diff(candidates.fit)[same] <= 0).all()
    assert (np.diff(candidates.score)[same] <= 0).all()
    bought = np.repeat(np.arange(900), np.diff(later.label_indptr)) * 20 + later.label_product
    happened = np.isin(candidates.customer.astype(np.int64) * 20 + candidates.product, bought)
    assert candidates.fit.mean() == pytest.approx(happened.mean(), rel=0.3)
    assert model.calibration.note is None
    assert model.calibration.error < 0.02
    assert model.info["held_out"] is True
    assert model.slope > 0


def test_nothing_owned_is_a_candidate(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    _, now, candidates, _ = planted
    owned = now.holdings.customer.astype(np.int64) * 20 + now.holdings.product
    assert not np.isin(candidates.customer.astype(np.int64) * 20 + candidates.product, owned).any()
    assert (np.diff(candidates.indptr) > 0).sum() == (np.diff(now.holdings.indptr) > 0).sum()


def test_a_customer_alone_gets_what_he_gets_among_all(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    model, now, candidates, _ = planted
    for c in (3, 500, 877):
        alone = score_candidates(model, now, customers=np.array([c], dtype=np.int32))
        rows = slice(int(candidates.indptr[c]), int(candidates.indptr[c + 1]))
        assert len(alone) == rows.stop - rows.start
        for name in ("product", "fit", "score", "base", "evidence", "because", "antecedent", "term"):
            assert getattr(alone, name).tobytes() == getattr(candidates, name)[rows].tobytes()


def test_threads_change_nothing(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    _, now, _, _ = planted
    orders = planted_orders(7)
    marks = [make_landmark(orders, at, **{**SHOP, "now": 260}) for at in (220, 180)]
    models = [train_model(marks, now, settings=SETTINGS, horizon_days=40, threads=t) for t in (1, 3)]
    found = [score_candidates(model, now, threads=t) for model, t in zip(models, (1, 3))]
    assert models[0].edge.tobytes() == models[1].edge.tobytes()
    assert models[0].blend == models[1].blend
    assert found[0].fit.tobytes() == found[1].fit.tobytes()


def test_evidence_is_the_sum_of_its_terms(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    _, _, candidates, _ = planted
    few = candidates.antecedent[:, -1] < 0  # all terms are kept
    assert few.any()
    assert candidates.term[few].sum(axis=1) == pytest.approx(candidates.evidence[few])
    assert (candidates.because == candidates.antecedent[:, 0]).all()
    assert (np.diff(candidates.term, axis=1) <= 0).all()


def test_without_landmarks_the_closed_form_orders_and_fit_is_unknown() -> None:
    orders = random_orders(3, customers=30, products=8, days=40)
    now = make_landmark(orders, None, customers=30, products=8, now=41, horizon_days=40)
    model = train_model([], now, settings=SETTINGS, horizon_days=40)
    candidates = score_candidates(model, now)
    assert np.isnan(candidates.fit).all()
    assert list(model.blend.values()) == CLOSED_FORM_ONLY.tolist()
    assert "no complete landmark" in model.calibration.note
    assert len(candidates) > 0


def test_one_landmark_is_said_to_be_judged_on_itself() -> None:
    orders = planted_orders(2, customers=300)
    shop = {"customers": 300, "products": 20, "now": 260, "horizon_days": 40}
    now = make_landmark(orders, None, **shop)
    model = train_model([make_landmark(orders, 220, **shop)], now, settings=SETTINGS, horizon_days=40)
    assert "no earlier one" in model.calibration.note
    assert not np.isnan(score_candidates(model, now).fit).any()


def test_without_a_clock() -> None:
    steps, holdings = make_tables({0: [(0, {0, 1})], 1: [(0, {1, 2})], 2: []}, customers=3, products=4, end=0)
    holdings = type(holdings)(**{**vars(holdings), "clock": None})
    now = Landmark(None, holdings, None, count_transitions(None, holdings, half_life=1, co_owned_half_life=1, row_half_life=1))
    candidates = score_candidates(train_model([], now, settings=SETTINGS, horizon_days=30), now)
    assert [candidates.product[candidates.indptr[c] : candidates.indptr[c + 1]].tolist() for c in range(3)] == [[2], [0], []]
    assert steps.clock == "day"


def test_sequences_predict_the_next_order() -> None:
    orders = {c: [(t, b) for t, (_, b) in enumerate(s)] for c, s in planted_orders(5, customers=400).items()}
    halves = {"half_life": 3.0, "co_owned_half_life": 1.5, "row_half_life": 1.0}

    def landmark(hold: int) -> Landmark:
        kept = {c: s[: len(s) + hold] for c, s in orders.items() if len(s) + hold > 0}
        steps, holdings = make_tables(kept, customers=400, products=20, end=None, clock="order")
        return Landmark(hold or None, holdings, steps, count_transitions(steps, holdings, **halves))

    every = landmark(0)
    from affinity.fit import label_purchases

    marks = []
    for hold in (-1, -2):
        mark = landmark(hold)
        indptr, product = label_purchases(every.steps, mark.holdings, at=hold, horizon_days=1)
        marks.append(replace(mark, label_indptr=indptr, label_product=product))
    model = train_model(marks, every, settings=SETTINGS, horizon_days=1)
    assert "next order" in model.calibration.note
    assert not np.isnan(score_candidates(model, every).fit).any()


def test_scoring_refuses_another_vocabulary(planted: tuple[FitModel, Landmark, Candidates, Landmark]) -> None:
    other = make_landmark({0: [(1, {0})]}, None, customers=1, products=3, now=10, horizon_days=5)
    with pytest.raises(VocabularyMismatch):
        score_candidates(planted[0], other)


def test_blend_without_purchases_is_the_closed_form() -> None:
    features, indptr = np.ones((4, 7)), np.array([0, 2, 4], dtype=np.int64)
    assert learn_blend(features, indptr, np.zeros(4, dtype=np.uint8)).tolist() == CLOSED_FORM_ONLY.tolist()


def test_blend_finds_the_feature_that_decides() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(4000, 7))
    label = np.zeros(4000, dtype=np.uint8)
    indptr = np.arange(0, 4001, 10, dtype=np.int64)
    for begin in indptr[:-1]:
        label[begin + np.argmax(features[begin : begin + 10, 2])] = 1
    w = learn_blend(features, indptr, label, ridge=0.01)
    assert w[2] > 2
    assert abs(w[0]) < 0.5
    assert (w[:4] >= 0).all()


def test_probability_recovers_its_coefficients_and_keeps_the_first_intercept() -> None:
    random = np.random.default_rng(0)
    samples = []
    for intercept in (-1.0, -2.0):
        u, terms = random.normal(size=60_000), random.normal(size=(300, 2)) * [3.0, 0.0]
        customer = random.integers(0, 300, len(u)).astype(np.int32)
        z = 0.8 * u + 0.5 * terms[customer, 0] + intercept
        label = (random.random(len(u)) < 1 / (1 + np.exp(-z))).astype(np.uint8)
        samples.append(Sample(u, label, customer, terms))
    found = learn_probability(samples)
    assert found.slope == pytest.approx(0.8, abs=0.03)
    assert found.customer_terms[0] == pytest.approx(0.5, abs=0.03)
    assert found.intercept == pytest.approx(-1.0, abs=0.05)


def test_probability_never_falls_with_the_score() -> None:
    random = np.random.default_rng(0)
    u = random.normal(size=5000)
    label = (random.random(5000) < 1 / (1 + np.exp(2 * u))).astype(np.uint8)
    found = learn_probability([Sample(u, label, np.zeros(5000, dtype=np.int32), np.zeros((1, 2)))])
    assert found.slope > 0
    assert learn_probability([Sample(u, np.zeros(5000, dtype=np.uint8), np.zeros(5000, np.int32), np.zeros((1, 2)))]) is None


def test_season_shift_is_half_the_log_of_last_years_ratio() -> None:
    orders = {0: [(t, {0}) for t in range(90)] + [(t, {1, 2}) for t in range(90, 180)]}
    steps, _ = make_tables(orders, customers=1, products=3, end=455)
    assert season_shift(steps, 455, 90) == pytest.approx(0.5 * np.log(2))
    assert season_shift(steps, 454, 90) is None
    assert season_shift(None, 455, 90) is None


def test_growth_is_asked_for_where_the_season_is_unknown() -> None:
    orders = {0: [(t, {0}) for t in range(90)] + [(t, {1, 2}) for t in range(90, 180)]}
    steps, _ = make_tables(orders, customers=1, products=3, end=180)
    assert recent_growth(steps, 180, 90) == pytest.approx(2.0)
    assert recent_growth(steps, 179, 90) is None  # too little history
    assert recent_growth(steps, 455, 90) is None  # a year to compare with: the shift is used
    assert recent_growth(None, 180, 90) is None


def test_a_shop_that_doubled_within_the_last_horizon_is_said_to_be_ordered_only() -> None:
    orders = {c: [step for step in s if step[0] >= 140 or c % 4 == 0] for c, s in planted_orders(4, customers=600).items()}
    shop = {"customers": 600, "products": 20, "now": 240, "horizon_days": 80}
    now = make_landmark(orders, None, **shop)
    model = train_model([make_landmark(orders, 160, **shop)], now, settings=SETTINGS, horizon_days=80)
    assert model.info["recent_growth"] > MOST_GROWTH
    assert "seasonal peak" in model.calibration.note


def tell_segments(landmark: Landmark, segment: np.ndarray) -> Landmark:
    return replace(landmark, segment=score_segments(landmark.holdings, segment))


def test_a_segment_that_buys_otherwise_is_told_apart() -> None:
    segment = (np.arange(900) % 3 - 1).astype(np.int32)  # −1 is unknown
    wanted = {0: {6, 7}, 1: {8, 9}}
    orders = {
        c: [(t, kept) for t, s in steps if (kept := {p for p in s if p not in wanted.get(1 - int(segment[c]), set())})]
        for c, steps in planted_orders(7).items()
    }
    now, *marks = (tell_segments(make_landmark(orders, at, **{**SHOP, "now": 260}), segment) for at in (None, 220, 180))
    told = train_model(marks, now, settings=SETTINGS, horizon_days=40)
    assert told.blend["segment"] > 0.2
    untold = train_model(
        [replace(m, segment=None) for m in marks], replace(now, segment=None), settings=SETTINGS, horizon_days=40
    )
    assert untold.blend["segment"] == 0.0

    def wrong(model: FitModel, known: Landmark) -> float:
        best = score_candidates(model, known)
        other = [set() if s < 0 else wanted[1 - s] for s in segment.tolist()]
        first = best.indptr[:-1][np.diff(best.indptr) > 2]
        return float(np.mean([int(best.product[r + k]) in other[best.customer[r]] for r in first for k in range(3)]))

    assert wrong(told, now) < 0.5 * wrong(untold, replace(now, segment=None))


def test_segments_of_few_customers_count_as_unknown() -> None:
    mark = make_landmark(planted_orders(7), None, **{**SHOP, "now": 260})
    found = score_segments(mark.holdings, np.where(np.arange(900) < 40, 0, 5).astype(np.int32))
    assert (found.place[:40] == 0).all()
    assert found.score.shape == (2, 20)
    assert not found.score[0].any()
    assert (known_segments(mark).place == 0).all()


def test_what_was_offered_is_neither_bought_nor_not() -> None:
    mark = make_landmark(planted_orders(7), 220, **{**SHOP, "now": 260})
    whole = study_landmark(mark, SETTINGS, 40, 1)
    shown = whole.rows.product[:: len(whole.rows.product) // 50]
    owner = np.repeat(whole.rows.customer, np.diff(whole.rows.indptr))[:: len(whole.rows.product) // 50]
    less = study_landmark(replace(mark, offered=(owner, shown)), SETTINGS, 40, 1)
    assert len(less.label) == len(whole.label) - len(shown)
    left = np.repeat(less.rows.customer.astype(np.int64), np.diff(less.rows.indptr)) * 20 + less.rows.product
    assert not np.isin(left, owner.astype(np.int64) * 20 + shown).any()
    assert len(less.features) == len(less.label)


def test_popularity_weighs_less_where_more_is_owned() -> None:
    random = np.random.default_rng(1)
    rows, owned = 10, np.repeat([1.0, 4.0], 400)
    features = np.zeros((len(owned) * rows, 7))
    features[:, 0], features[:, 4] = random.normal(size=(2, len(features)))
    features[:, 5] = features[:, 4] * np.repeat(owned, rows)
    wanted = features[:, 0] + np.repeat(5.0 - 1.5 * owned, rows) * features[:, 4]
    label = (wanted == np.repeat(wanted.reshape(-1, rows).max(axis=1), rows)).astype(np.uint8)
    indptr = np.arange(0, len(features) + 1, rows, dtype=np.int64)
    w = learn_blend(features, indptr, label, centre=2.5)
    assert w[5] < -0.3
    assert w[4] + 1.0 * w[5] > w[4] + 4.0 * w[5] + 1.0
