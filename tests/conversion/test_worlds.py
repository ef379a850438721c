"""Larger simulated worlds: null pairs, planted pairs, false discoveries, and what nominal 95 % intervals cover."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.conversion import estimate_conversion
from affinity.conversion.activity import activity_levels
from affinity.conversion.baseline import compare_with_similar
from affinity.conversion.estimate import estimate_rows
from affinity.counting import count_life_tables
from affinity.counting.life_table_sums import unite_event_days
from affinity.tables.life_tables import EventDays
from tests.conversion.worlds import simulate_many, tabulate

PLANTED = {(2 * k, 2 * k + 1): 3.0 for k in range(10)}


def compared(*, min_converted=1, **world):
    holdings, steps, segment = simulate_many(**world)
    tables = count_life_tables(holdings, steps, start_day=0, strata=segment, min_converted=min_converted)
    return tables, compare_with_similar(tables, np.arange(len(tables)))


@pytest.mark.parametrize("activity", [0.5, 2.0])
def test_unrelated_products_of_very_unequal_buyers_stay_within_chance(activity):
    # Late entry (customers come before and during the data), censoring, three segments, heavy buyers, default wash-in.
    tables, baseline = compared(seed=1, customers=20_000, products=40, activity=activity)
    assert len(tables) == 40 * 39
    z = (baseline.observed - baseline.expected) / np.sqrt(baseline.expected)
    assert (np.abs(z[baseline.expected >= 5]) > 3).mean() < 0.015
    assert baseline.observed.sum() / baseline.expected.sum() == pytest.approx(1.0, abs=0.01)
    assert (baseline.q_value < 0.05).sum() == 0


def test_planted_pairs_are_found_at_their_size_beside_heavy_buyers():
    # Seen from the first day on: who bought A before the data looks like one who never did, and so does for the baseline.
    tables, baseline = compared(seed=2, customers=20_000, products=60, activity=2.0, lifted=PLANTED, burn_in=0)
    planted = np.array([pair in PLANTED for pair in zip(tables.antecedent.tolist(), tables.consequent.tolist())])
    ratio = baseline.observed / baseline.expected
    assert planted.sum() == 10
    assert np.average(ratio[planted], weights=baseline.expected[planted]) == pytest.approx(3.0, rel=0.1)
    ordinary = ~planted & (baseline.expected >= 5)
    assert np.average(ratio[ordinary], weights=baseline.expected[ordinary]) == pytest.approx(1.0, abs=0.02)
    conversion = estimate_conversion(tables)
    found = (conversion.q_value < 0.05) & (conversion.horizon_days == 365)
    pairs = list(zip(conversion.antecedent[found].tolist(), conversion.consequent[found].tolist()))
    assert sum(pair in PLANTED for pair in pairs) >= 9


@pytest.mark.slow
def test_false_discoveries_stay_few_beside_planted_pairs():
    # 48 worlds: .034 ± .009 (standard error) at q = .05; with each buyer of B counted with the mean number of products in the
    # variance of the baseline it was .056 ± .011. Here 24 worlds, standard error .012.
    shares = []
    for seed in range(24):
        tables, baseline = compared(
            seed=100 + seed, customers=12_000, products=60, activity=(0.5, 1.0, 2.0)[seed % 3], lifted=PLANTED, min_converted=5
        )
        found = np.flatnonzero(baseline.q_value < 0.05)
        false = [(int(tables.antecedent[r]), int(tables.consequent[r])) not in PLANTED for r in found]
        assert len(found) >= 8
        shares.append(np.mean(false))
    assert np.mean(shares) <= 0.05


@pytest.mark.slow
def test_p_values_of_unrelated_pairs_are_no_smaller_than_they_say():
    # Beside pairs of every size from nothing to double: 12 worlds × 3,520 unrelated pairs.
    lifted = {(2 * k, 2 * k + 1): (1.3, 1.5, 1.75, 2.0)[k % 4] for k in range(20)}
    tail, n = np.zeros(3), 0
    for seed in range(12):
        tables, baseline = compared(
            seed=700 + seed, customers=12_000, products=60, activity=(0.5, 1.0, 2.0)[seed % 3], lifted=lifted, min_converted=5
        )
        null = [pair not in lifted for pair in zip(tables.antecedent.tolist(), tables.consequent.tolist())]
        p = baseline.p_value[null]
        tail += [(p < limit).sum() for limit in (0.1, 0.01, 0.001)]
        n += len(p)
    assert (tail / n <= np.array([0.11, 0.012, 0.0016])).all(), tail / n


def censored_owners(rng, repeats, owners, rate):
    """Owners of product k (k < repeats) who buy product repeats + k: true F(365) = rate, 35 % seen for less than a year."""
    n = repeats * owners
    followed = np.where(rng.random(n) < 0.35, rng.integers(1, 365, n), rng.integers(365, 700, n))
    wait = np.ceil(rng.exponential(-365 / np.log(1 - rate), n)).astype(np.int64)
    first = 1000 - 1 - followed
    bought = first + wait < 1000
    world = np.repeat(np.arange(repeats), owners)
    customer = np.append(np.arange(n), np.arange(n)[bought])
    product, day = np.append(world, repeats + world[bought]), np.append(first, (first + wait)[bought])
    order = np.lexsort((product, customer))
    return tabulate(customer[order], product[order], day[order], n, 2 * repeats, end=1000)


def coverage_of(rng, repeats, owners, rate):
    """(share of 95 % intervals that hold the true rate, mean estimate) at 365 days; worlds without an event count too."""
    holdings = censored_owners(rng, repeats, owners, rate)
    rules = {"start_day": 0, "wash_in_days": 0, "horizons_days": (365,)}
    some = unite_event_days([count_life_tables(holdings, **rules)])
    days = [np.zeros(0, np.int32)] * repeats
    for row, a in enumerate(some.antecedent.tolist()):
        if some.consequent[row] == a + repeats:
            days[a] = some.day[some.indptr[row] : some.indptr[row + 1]]
    indptr = np.concatenate([[0], np.cumsum([len(d) for d in days])]).astype(np.int64)
    worlds = np.arange(repeats, dtype=np.int32)
    every = EventDays(worlds, worlds + np.int32(repeats), indptr, np.concatenate(days), holdings.products)
    found = estimate_rows(count_life_tables(holdings, **rules, asked=every), np.arange(repeats))
    return ((found["lower"] <= rate) & (rate <= found["upper"])).mean(), found["rate"].mean()


@pytest.mark.parametrize(("owners", "rate"), [(100, 0.1), (400, 0.3)])
def test_intervals_cover_and_rates_are_unbiased(owners, rate):
    share, mean = coverage_of(np.random.default_rng(0), 600, owners, rate)
    assert mean == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / owners / 600 * 1.5))
    assert 0.92 <= share <= 0.985


@pytest.mark.slow
def test_nominal_intervals_cover_over_the_whole_range():
    rng = np.random.default_rng(1)
    shares = {(n, f): coverage_of(rng, 1500, n, f)[0] for n in (30, 100, 400) for f in (0.02, 0.1, 0.3)}
    assert 0.93 <= np.mean(list(shares.values())) <= 0.975
    assert min(shares.values()) > 0.91, shares
    assert max(shares.values()) < 0.985, shares


def test_levels_are_of_the_ordinary_pairs():
    # A's owners buy 1.5 times as much of everything, and five times as much of one product; the other product's 1.1 times.
    a = np.repeat([0, 1], 20)
    e = np.full(40, 100.0)
    o = np.where(a == 0, 150, 110)
    o[3] = 500
    levels, unsure = activity_levels(a, o, e, 3)
    assert levels[:2] == pytest.approx([1.5, 1.1], abs=0.02)
    assert unsure[:2] == pytest.approx([1 / 2900, 1 / 2200], rel=0.05)
    levels, unsure = activity_levels(a[:0], o[:0], e[:0], 2)
    assert (levels.tolist(), unsure.tolist()) == ([1.0, 1.0], [0.0, 0.0])
