"""Lives in blocks and in files: owners in order, and the same life tables and conversion whatever takes less memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity import mapped
from affinity.conversion import baseline, curve_rows, estimate, estimate_conversion, timing
from affinity.counting import count_life_tables, life_table_blocks, lives
from affinity.counting.life_table_blocks import clock_dtype
from affinity.kernels.life_table_clocks import deal_owners
from affinity.settings import ConversionSettings
from affinity.tables import Conversion, LifeTables
from tests import naive
from tests.counting.test_life_tables import END, make_holdings, make_steps, random_world
from tests.counting.test_risk_sets import facts_of


@settings(deadline=None)
@given(st.lists(st.sets(st.integers(0, 4), min_size=1), max_size=8), st.randoms())
def test_owners_are_dealt_in_the_order_of_the_slots(slots, chance):
    order = list(range(len(slots)))
    chance.shuffle(order)
    begin = np.concatenate([[0], np.cumsum([len(one) for one in slots])]).astype(np.int64)
    product = np.array([item for one in slots for item in sorted(one)], dtype=np.int32)
    first = np.concatenate([[0], np.cumsum(np.bincount(product, minlength=5))]).astype(np.int64)
    free, found = first[:-1].copy(), np.full(len(product), -1, dtype=np.int32)
    deal_owners(np.array(order, dtype=np.int64), begin, product, free, found)
    assert free.tolist() == first[1:].tolist()
    expected = naive.owners_in_order(order, slots, 5)
    assert [found[a:b].tolist() for a, b in zip(first[:-1], first[1:])] == expected


def same_columns(one, other, *, but: tuple[str, ...] = ()) -> None:
    for name, column in vars(one).items():
        if isinstance(column, np.ndarray) and name not in but:
            np.testing.assert_array_equal(getattr(other, name), column, strict=True, err_msg=name)


def measure(churn: str, **rules) -> tuple[LifeTables, Conversion]:
    owned = random_world(seed=2, products=30)
    holdings = make_holdings(owned, products=30)
    steps = make_steps({c: set(days.values()) | {7 * c % END} for c, days in owned.items()}, holdings)
    products, customers = facts_of(holdings, ended={c: END - c for c in range(100)})
    known = {"products": products, "customers": customers} if churn == "net" else {}
    counted = count_life_tables(holdings, steps, wash_in_days=20, as_of_day=END, min_converted=2, churn=churn, **known, **rules)
    return counted, estimate_conversion(counted, settings=ConversionSettings(min_converted=3))


@pytest.mark.parametrize("churn", ["crude", "net"])
def test_blocks_and_files_change_nothing(monkeypatch, churn):
    whole, rates = measure(churn)
    assert len(rates) > 300
    monkeypatch.setattr(lives, "ROWS_AT_ONCE", 37)
    monkeypatch.setattr(estimate, "PAIRS_AT_ONCE", 29)
    monkeypatch.setattr(baseline, "PAIRS_AT_ONCE", 31)
    monkeypatch.setattr(timing, "PAIRS_AT_ONCE", 23)
    monkeypatch.setattr(mapped, "LEAST_BYTES", 0)
    filed, same = measure(churn, max_table_bytes=0)
    assert mapped.is_mapped(filed.exposure) == (churn == "crude")  # the rows of several classes are put together in memory
    assert mapped.is_mapped(same.rate) == (churn == "crude")
    same_columns(whole, filed)
    same_columns(rates, same)
    assert rates.info == same.info
    one, other = curve_rows(whole, rates), curve_rows(filed, same)
    for name in ("day", "at_risk", "events", "rate"):
        np.testing.assert_array_equal(other[name], one[name], err_msg=name)


def test_clocks_are_short_while_no_customer_fills_them():
    assert clock_dtype(300) is np.uint16
    assert clock_dtype(301) is np.int32


@pytest.mark.slow
def test_long_clocks_count_the_same(monkeypatch):
    whole, _ = measure("crude")
    monkeypatch.setattr(life_table_blocks, "clock_dtype", lambda most_owned: np.int32)
    same_columns(whole, measure("crude")[0])
