"""Estimates against simulated worlds whose truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from affinity.conversion import estimate_conversion
from affinity.conversion.baseline import compare_with_similar
from affinity.counting import count_life_tables
from affinity.settings import ConversionSettings
from tests.conversion.worlds import holdings_of, simulate_shop

EVERY_PAIR = ConversionSettings(min_converted=1)


def test_censoring_does_not_bias_the_rate():
    # Owners come at any time of two years, more and more of them; true F(365) = .30 at a constant hazard.
    rng, hazard, rates, naive = np.random.default_rng(0), -np.log(0.7) / 365, [], []
    for _ in range(60):
        start = (730 * np.sqrt(rng.uniform(0.0, 1.0, 400))).astype(int)
        wait = np.ceil(rng.exponential(1 / hazard, 400)).astype(int)
        owned = {c: {0: int(s)} | ({1: int(s + w)} if s + w < 730 else {}) for c, (s, w) in enumerate(zip(start, wait))}
        tables = count_life_tables(holdings_of(owned, end=730, products=2), start_day=0, wash_in_days=0)
        row = estimate_conversion(tables, settings=EVERY_PAIR)
        at = np.flatnonzero((row.horizon_days == 365) & (row.antecedent == 0))[0]
        rates.append(row.rate[at])
        naive.append(row.converted[at] / 400)
    assert np.mean(rates) == pytest.approx(0.30, abs=3 * np.std(rates) / np.sqrt(60))
    assert np.mean(naive) < 0.24  # converted over owners, as often done, is far off


def mean_rate(tables):
    conversion = estimate_conversion(tables, settings=EVERY_PAIR)
    rows = conversion.horizon_days == 90
    return float(np.average(conversion.rate[rows], weights=conversion.eligible[rows]))


def test_a_first_seen_purchase_is_no_start():
    # The same world seen whole, and seen only from its 900th day on.
    shop = {"seed": 5, "customers": 1500, "products": 8, "activity": 2.0}
    whole, _ = simulate_shop(**shop, days=1900)
    cut, steps = simulate_shop(**shop, days=1000, burn_in=900)
    came = np.full(1500, 10_000)
    np.minimum.at(came, whole.customer, whole.first_at)
    new = came >= 900
    rows = zip(whole.customer.tolist(), whole.product.tolist(), whole.first_at.tolist())
    newcomers: dict[int, dict[int, int]] = {}
    for customer, product, day in rows:
        if new[customer]:
            newcomers.setdefault(customer, {})[product] = day - 900
    alone = count_life_tables(holdings_of(newcomers, end=1000, products=8, customers=1500), start_day=0, wash_in_days=0)
    started_at = np.where(new, came - 900, -1).astype(np.int32)
    known = count_life_tables(cut, steps, start_day=0, wash_in_days=1000, started_at=started_at)
    assert (known.day.tolist(), known.at_risk.tolist()) == (alone.day.tolist(), alone.at_risk.tolist())
    naive_entry = mean_rate(count_life_tables(cut, steps, start_day=0, wash_in_days=0))
    washed = mean_rate(count_life_tables(cut, steps, start_day=0, wash_in_days=180))
    assert naive_entry > 1.1 * washed


def ratios(tables):
    baseline = compare_with_similar(tables, np.arange(len(tables)))
    pairs = list(zip(tables.antecedent.tolist(), tables.consequent.tolist()))
    return baseline, dict(zip(pairs, baseline.observed / baseline.expected))


def test_unrelated_products_convert_as_the_baseline_expects():
    holdings, steps = simulate_shop(seed=1, products=20, customers=3000)
    tables = count_life_tables(holdings, steps, start_day=0, wash_in_days=0)
    assert len(tables) == 20 * 19
    baseline, _ = ratios(tables)
    assert baseline.observed.sum() / baseline.expected.sum() == pytest.approx(1.0, abs=0.08)
    conversion = estimate_conversion(tables, settings=EVERY_PAIR)
    assert (conversion.hazard_ratio_lower > 1.0).mean() < 0.15
    with_owners = dataclasses.replace(tables, owner_exposure=None, owner_events=None)
    assert ratios(with_owners)[0].observed.sum() / ratios(with_owners)[0].expected.sum() == pytest.approx(1.0)
    last = conversion.horizon_days == 365
    assert np.corrcoef(conversion.baseline[last], conversion.rate[last])[0, 1] > 0.8


def test_a_planted_pair_stands_out_when_its_owners_leave_their_own_baseline():
    holdings, steps = simulate_shop(seed=2, products=12, lifted={(0, 1): 3.0, (2, 3): 3.0})
    tables = count_life_tables(holdings, steps, start_day=0, wash_in_days=0)
    _, left_out = ratios(tables)
    _, kept_in = ratios(dataclasses.replace(tables, owner_exposure=None, owner_events=None))
    for pair in ((0, 1), (2, 3)):
        assert left_out[pair] == pytest.approx(3.0, rel=0.2)
        assert kept_in[pair] < 2.2
    conversion = estimate_conversion(tables)
    row = np.flatnonzero((conversion.antecedent == 0) & (conversion.consequent == 1))[0]
    assert conversion.hazard_ratio_lower[row] > 2.0
    assert conversion.info["hazard_ratio"] == "similar buyers who do not own A"
    understated = dataclasses.replace(tables, owner_exposure=None, owner_events=None)
    assert estimate_conversion(understated).info["hazard_ratio"] == "understated"
