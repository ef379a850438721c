"""Conversion rows: counts that add up, nulls with their reason, horizons nobody was followed to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from affinity.conversion import curve_rows, estimate_conversion, require_observed
from affinity.counting import count_life_tables
from affinity.errors import HorizonUnobserved, InputError
from affinity.settings import ConversionSettings
from affinity.tables import Customers
from tests.conversion.worlds import holdings_of, simulate_shop

EVERY_PAIR, COMMON = ConversionSettings(min_converted=1), ConversionSettings(min_converted=60)


@pytest.fixture(scope="module")
def shop():
    holdings, steps = simulate_shop(seed=7, customers=800, products=10)
    return count_life_tables(holdings, steps, start_day=0)


def test_one_pair_by_hand():
    # Ten owners of p0 from day 0, as of day 100: p1 follows after 10, 30 and 50 days; one had it, one bought both at once.
    owned = {c: {0: 5} for c in range(10)}
    for customer, day in ((0, 15), (1, 35), (2, 55), (3, 2), (4, 5)):
        owned[customer][1] = day
    tables = count_life_tables(holdings_of(owned, end=100, products=2), start_day=0, wash_in_days=0)
    conversion = estimate_conversion(tables, settings=EVERY_PAIR)
    rows = (conversion.antecedent == 0) & (conversion.consequent == 1)
    assert conversion.horizon_days[rows].tolist() == [30, 90, 365]
    assert conversion.eligible[rows].tolist() == [8, 8, 8]
    assert conversion.converted[rows].tolist() == [2, 3, 3]
    assert conversion.censored[rows].tolist() == [0, 0, 5]
    assert conversion.rate[rows].tolist()[:2] == pytest.approx([2 / 8, 3 / 8])
    assert conversion.median_days[rows].tolist()[:2] == [10.0, 30.0]
    assert conversion.note[rows].tolist() == [None, None, "SHORT_FOLLOWUP"]
    for name in ("rate", "lower", "upper", "median_days"):
        assert np.isnan(getattr(conversion, name)[rows][2])
    assert (tables.prior[0], tables.simultaneous[0]) == (1, 1)


def test_counts_add_up_and_bounds_hold_the_rate(shop):
    conversion = estimate_conversion(shop, settings=EVERY_PAIR)
    assert len(conversion) == 3 * len(shop)
    assert (conversion.censored >= 0).all()
    followed = np.repeat(shop.followed, 1, axis=0).ravel()
    assert (conversion.eligible - conversion.converted - conversion.censored <= followed).all()
    known = ~np.isnan(conversion.rate)
    assert known.any()
    assert (conversion.lower[known] <= conversion.rate[known]).all()
    assert (conversion.rate[known] <= conversion.upper[known]).all()
    assert ((conversion.rate[known] > 0) == (conversion.converted[known] > 0)).all()
    assert ((conversion.note == None) == known).all()  # noqa: E711


def test_only_pairs_with_enough_converted_are_published(shop):
    every, published = estimate_conversion(shop, settings=EVERY_PAIR), estimate_conversion(shop, settings=COMMON)
    last = every.horizon_days == 365
    keep = every.converted[last] >= 60
    assert 0 < keep.sum() < len(keep)
    assert published.antecedent[::3].tolist() == every.antecedent[last][keep].tolist()
    assert published.rate.tobytes() == every.rate[np.repeat(keep, 3)].tobytes()
    assert published.hazard_ratio.tobytes() == every.hazard_ratio[np.repeat(keep, 3)].tobytes()


def test_a_horizon_the_user_names_must_have_been_observed():
    owned = {0: {0: 19800, 1: 19805}, 1: {0: 19850}}
    tables = count_life_tables(holdings_of(owned, end=19892, products=2), start_day=19800, wash_in_days=0)
    with pytest.raises(HorizonUnobserved) as caught:
        estimate_conversion(tables, named_horizon_days=180)
    assert str(caught.value) == (
        "horizon_days=180, but as of 2024-06-18 no customer has been followed for more than 91 days, so conversion at "
        "day 180 is not identified. Use horizon_days <= 91, or a later as_of."
    )
    assert len(estimate_conversion(tables, named_horizon_days=90, settings=EVERY_PAIR)) == 3


def test_nobody_followed_at_all_has_its_own_advice():
    with pytest.raises(HorizonUnobserved, match=r"more than 0 days, .* Use a longer history, or a later as_of\.$"):
        require_observed(30, 0)


def test_a_horizon_that_was_not_counted_is_named(shop):
    with pytest.raises(InputError, match=r"horizon_days=60 was not counted; the life tables hold 30, 90, 365"):
        estimate_conversion(shop, named_horizon_days=60)


@pytest.mark.parametrize(
    "owned",
    [{}, {0: {}}, {0: {0: 3}}, {0: {0: 3}, 1: {1: 4}}, {c: {0: 3, 1: 3} for c in range(9)}],
    ids=["nobody", "nothing", "one product", "nobody repeats", "all at once"],
)
def test_worlds_without_conversion_give_a_table_without_rows(owned):
    tables = count_life_tables(holdings_of(owned, end=400, products=2), start_day=0, wash_in_days=0)
    conversion = estimate_conversion(tables)
    assert len(conversion) == 0
    assert conversion.to_pandas().shape == (0, 26)
    assert len(curve_rows(tables, conversion)["day"]) == 0


def test_nobody_entering_is_a_short_history():
    tables = count_life_tables(holdings_of({0: {0: 1, 1: 5}}, end=400, products=2), start_day=0)
    conversion = estimate_conversion(tables)
    assert conversion.info["note"] == "SHORT_HISTORY"
    assert tables.wash_in_days == 133


def test_a_short_wash_in_is_a_warning(shop):
    first, second = estimate_conversion(shop).info["warnings"][0], estimate_conversion(shop).info["entry_rule"]
    assert first.startswith("wash-in of 243 days instead of 365")
    assert second == "wash_in"


def test_one_converting_customer_is_a_rate_of_one():
    tables = count_life_tables(holdings_of({0: {0: 0, 1: 7}}, end=400, products=2), start_day=0, wash_in_days=0)
    conversion = estimate_conversion(tables, settings=EVERY_PAIR)
    assert conversion.rate.tolist() == [1.0, 1.0, 1.0]
    assert conversion.upper.tolist() == [1.0, 1.0, 1.0]
    assert (conversion.lower < 0.5).all()
    assert conversion.note.tolist() == [None, None, None]


def test_curves_are_the_rates_of_the_strongest_pairs(shop):
    conversion = estimate_conversion(shop)
    curves = curve_rows(shop, conversion, per_antecedent=2)
    a, b = curves["antecedent"].codes, curves["consequent"].codes
    pairs = sorted(set(zip(a.tolist(), b.tolist())))
    assert all(sum(first == product for first, _ in pairs) <= 2 for product in range(10))
    last = np.flatnonzero(conversion.horizon_days == 365)
    for first, second in pairs:
        here = (a == first) & (b == second)
        assert (np.diff(curves["day"][here]) > 0).all()
        row = last[(conversion.antecedent[last] == first) & (conversion.consequent[last] == second)][0]
        assert curves["events"][here].sum() == conversion.converted[row]
        if conversion.note[row] is None:
            assert curves["rate"][here][-1] == conversion.rate[row]
        others = last[(conversion.antecedent[last] == first)]
        chosen = [conversion.hazard_ratio_lower[r] for r in others if (first, int(conversion.consequent[r])) in pairs]
        rest = [conversion.hazard_ratio_lower[r] for r in others if (first, int(conversion.consequent[r])) not in pairs]
        assert min(chosen) >= max(rest, default=-1)


def test_net_conversion_says_so_and_is_larger():
    # Half of the owners leave after ten days; those who stay convert as before.
    owned = {c: {0: 5} | ({1: 25} if c < 10 else {}) for c in range(40)}
    holdings = holdings_of(owned, end=200, products=2)
    customers = Customers.bare(holdings.customers)
    ended = np.where(np.arange(40) >= 20, 15, -1).astype(np.int32)
    customers = dataclasses.replace(customers, ended_at=ended)
    rates = {}
    for churn in ("crude", "net"):
        tables = count_life_tables(holdings, start_day=0, wash_in_days=0, customers=customers, churn=churn)
        conversion = estimate_conversion(tables, settings=EVERY_PAIR)
        rates[churn] = conversion.rate[conversion.horizon_days == 30].tolist()
        assert conversion.info["risk"].startswith(churn)
    assert rates == {"crude": [0.25], "net": [0.5]}


def test_many_sale_dates_are_a_warning(shop):
    moved = dataclasses.replace(shop, sale_date_step_days=28)
    assert "every 28th day" in estimate_conversion(moved).info["warnings"][-1]
