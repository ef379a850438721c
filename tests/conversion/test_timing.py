"""When after A: the best time is where the truth puts it, and chance alone moves it little."""

from __future__ import annotations

import numpy as np

from affinity.conversion import estimate_conversion
from affinity.conversion.timing import find_best_time
from affinity.counting import count_life_tables
from affinity.settings import ConversionSettings
from tests import naive
from tests.conversion.worlds import holdings_of

RULES = {"start_day": 0, "wash_in_days": 0}


def delayed_world(seed=0, customers=3000):
    """Products come independently at a constant rate; p1 comes three times as often in days 57–91 after p0."""
    rng, owned = np.random.default_rng(seed), {}
    for c in range(customers):
        start, waits = int(rng.integers(0, 500)), rng.exponential(700, 4)
        days = {p: start + int(wait) for p, wait in enumerate(waits) if p != 1}
        end = start + waits[1]
        for day in range(days[0] + 57, days[0] + 92):
            if end > day and rng.random() < 2 / 700:
                end = day
                break
        days[1] = int(end)
        owned[c] = {p: day for p, day in days.items() if day < 1000}
    return owned


def test_a_delayed_follow_on_has_its_best_time():
    tables = count_life_tables(holdings_of(delayed_world(), end=1000, products=4), **RULES)
    conversion = estimate_conversion(tables)
    rows = conversion.horizon_days == 365
    planted = rows & (conversion.antecedent == 0) & (conversion.consequent == 1)
    assert (conversion.best_from_day[planted][0], conversion.best_to_day[planted][0]) == (57, 91)
    assert 1.5 < conversion.best_lift[planted][0] < 3.0
    others = rows & ~planted & (conversion.antecedent != 1) & (conversion.consequent != 1)
    assert conversion.best_lift[others].max() < conversion.best_lift[planted][0] - 0.3


def test_best_time_is_the_plain_formula():
    owned = delayed_world(seed=1, customers=150)
    tables = count_life_tables(holdings_of(owned, end=1000, products=4), **RULES)
    rows = np.arange(len(tables))
    best = find_best_time(tables, rows)
    cells = []
    for row in rows:
        b = tables.consequent[row]
        events, days = tables.index_events[b].astype(float), tables.index_exposure[b].astype(float)
        top = events / max(events.sum(), 1) + events - tables.owner_events[row]
        bottom = days / max(events.sum(), 1) + days - tables.owner_exposure[row]
        rate = [t / d if d > 0 else 0.0 for t, d in zip(top, bottom)]
        expected = [sum(rate[s * 5 + k] * tables.exposure[row, s * 5 + k] for s in range(5)) for k in range(5)]
        observed = [int(tables.observed[row, k::5].sum()) for k in range(5)]
        cells.append((observed, [int(tables.exposure[row, k::5].sum()) for k in range(5)], expected))
    assert len(cells) == len(tables) > 8
    for row, (start, end, lift) in enumerate(naive.best_times(cells, (0, 28, 56, 91, 147, 365))):
        assert (best.from_day[row], best.to_day[row]) == (start, end)
        assert np.isclose(best.lift[row], lift)


def test_nothing_expected_is_no_best_time():
    tables = count_life_tables(holdings_of({0: {0: 0, 1: 7}}, end=400, products=2), **RULES)
    conversion = estimate_conversion(tables, settings=ConversionSettings(min_converted=1))
    known = conversion.hazard_ratio > 0
    assert (np.isnan(conversion.best_lift) == ~known).all()
    assert conversion.between("p000", "p001").best_from_day.isna().tolist() == np.isnan(conversion.best_from_day).tolist()
