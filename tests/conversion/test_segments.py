"""Conversion by segment: segments add up to the whole, the mix is taken out, and a reversal is seen."""

from __future__ import annotations

import numpy as np
import pytest

from affinity.conversion import estimate_by_segment, estimate_conversion
from affinity.conversion.segments import _reversed
from affinity.counting import count_life_tables
from affinity.counting.life_table_sums import count_by_segment
from affinity.errors import InputError
from affinity.settings import ConversionSettings
from tests.conversion.worlds import holdings_of, simulate_shop

RULES = {"start_day": 0, "wash_in_days": 0}


def shards_of(owned, segment, **size):
    """Life tables of everybody, and of each segment."""
    labels = sorted(set(segment))
    codes = np.array([labels.index(label) for label in segment])
    pooled, parts = count_by_segment(holdings_of(owned, customers=len(segment), **size), None, codes, labels, **RULES)
    return pooled, dict(parts)


def estimate(owned, segment, **size):
    pooled, parts = shards_of(owned, segment, **size)
    return estimate_by_segment(pooled, parts.items())


def owned_of(holdings):
    owned = {c: {} for c in range(len(holdings.customers))}
    for c, p, day in zip(holdings.customer.tolist(), holdings.product.tolist(), holdings.first_at.tolist()):
        owned[c][p] = day
    return owned


def test_segments_alone_are_what_each_segment_is_by_itself():
    holdings, _ = simulate_shop(seed=3, customers=600, products=5)
    owned = owned_of(holdings)
    segment = ["new" if c % 3 else "old" for c in range(600)]
    pooled, parts = shards_of(owned, segment, end=730, products=5)
    table = estimate_by_segment(pooled, parts.items())
    for label, part in parts.items():
        alone = estimate_conversion(part, settings=ConversionSettings(min_converted=1))
        mine = {(a, b, h): row for row, (a, b, h) in enumerate(zip(alone.antecedent, alone.consequent, alone.horizon_days))}
        for row in np.flatnonzero(table.segment == label):
            other = mine[table.antecedent[row], table.consequent[row], table.horizon_days[row]]
            for name in ("eligible", "converted", "rate", "lower", "upper", "baseline"):
                assert getattr(table, name)[row] == getattr(alone, name)[other]
    whole = estimate_conversion(count_life_tables(holdings_of(owned, end=730, products=5), **RULES))
    assert table.pooled_rate[::2].tolist() == whole.rate.tolist()
    assert not table.reversal.any()
    expected = (table.rate[0::2] * table.info["weights"]["new"]) + (table.rate[1::2] * table.info["weights"]["old"])
    assert table.standardised_rate[::2] == pytest.approx(expected)
    assert table.mix_effect[::2] == pytest.approx(table.pooled_rate[::2] - expected)


def paradox():
    """Business customers buy p1 often, homes rarely; p0 is bought by businesses, p2 by homes. Within both, owners of p0
    convert less than those of p2."""
    rng, owned, segment = np.random.default_rng(0), {}, []
    for kind, rate in (("business", 0.6), ("home", 0.1)):
        for first, share in ((0, 0.8 if kind == "business" else 0.2), (2, 0.2 if kind == "business" else 0.8)):
            for _ in range(int(5000 * share)):
                customer = len(segment)
                segment.append(kind)
                day = int(rng.integers(0, 100))
                owned[customer] = {first: day}
                if rng.random() < rate * (0.8 if first == 0 else 1.2):
                    owned[customer][1] = day + int(rng.integers(1, 90))
    return owned, segment


def test_a_reversal_is_flagged():
    owned, segment = paradox()
    table = estimate(owned, segment, end=600, products=3)
    at = (table.horizon_days == 90) & (table.consequent == 1)
    mail = at & (table.antecedent == 0)
    assert table.pooled_rate[mail][0] > table.pooled_baseline[mail][0]
    assert (table.rate[mail] < table.baseline[mail]).all()
    assert table.reversal[mail].all()
    # The mix makes p0 look good; with the same mix for both, p2 converts more, as it does in each segment.
    other = at & (table.antecedent == 2)
    assert table.pooled_rate[mail][0] > table.pooled_rate[other][0]
    assert table.standardised_rate[mail][0] < table.standardised_rate[other][0]
    assert table.mix_effect[mail][0] > 0.05


def test_a_segment_of_a_handful_says_nothing():
    whole = {"rate": np.array([0.3]), "baseline": np.array([0.1]), "lower": np.array([0.2]), "upper": np.array([0.4])}

    def flagged(eligible, converted):
        eligible, converted = np.array([eligible]), np.array([converted])
        return _reversed(whole, {
            "eligible": eligible, "converted": converted, "rate": converted / eligible, "baseline": np.full((1, 2), 0.1),
        })[0]  # fmt: skip

    assert flagged([100, 100], [5, 5])
    assert not flagged([20, 20], [0, 0])  # two expected, none seen: chance
    assert not flagged([100, 40], [5, 8])  # 71 % of the eligible


def test_without_any_pair_there_are_no_rows():
    table = estimate({0: {0: 3}, 1: {1: 4}}, ["a", "b"], end=400, products=2)
    assert len(table) == 0
    assert table.to_pandas().shape == (0, 16)


def test_tables_of_other_pairs_are_refused():
    owned, segment = paradox()
    _, parts = shards_of(owned, segment, end=600, products=3)
    alone = count_life_tables(holdings_of({0: {0: 1}}, end=600, products=3), **RULES)
    with pytest.raises(InputError, match="segment 'home' hold other pairs"):
        estimate_by_segment(parts["business"], [("home", alone)])
