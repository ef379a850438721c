"""The change between two windows: mix and rate effects, reversal, and what has no effects."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity.metrics import compare_metrics, compute_metrics, split_change, split_lifetime_value
from affinity.settings import MetricSettings
from tests.makers import make_lines


def test_the_worked_example_of_mix_against_rate():
    effects, reversal = split_change({"tenured": (80, 400), "new": (30, 600)}, {"tenured": (88, 400), "new": (60, 1000)})
    assert 100 * sum(e.rate_effect for e in effects.values()) == pytest.approx(1.34, abs=0.005)
    assert 100 * sum(e.mix_effect for e in effects.values()) == pytest.approx(-1.77, abs=0.005)
    assert reversal  # 11.0 to 10.57 % while both segments rise


CELLS = st.dictionaries(
    st.sampled_from("abcd"), st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1
)


@settings(deadline=None)
@given(before=CELLS, after=CELLS)
def test_the_effects_add_up_to_the_change(before, after):
    effects, reversal = split_change(before, after)
    blend = [sum(x for x, _ in cells.values()) / sum(n for _, n in cells.values()) for cells in (before, after)]
    total = sum(e.rate_effect + e.mix_effect for e in effects.values())
    assert total == pytest.approx(blend[1] - blend[0], abs=1e-12)
    assert {name for name, e in effects.items() if e.note == "ENTRY"} == set(after) - set(before)
    assert {name for name, e in effects.items() if e.note == "EXIT"} == set(before) - set(after)
    if len(set(before) | set(after)) == 1:
        assert not reversal


@settings(deadline=None)
@given(money=st.tuples(*[st.floats(1, 1e6)] * 2), churn=st.tuples(*[st.floats(0.01, 1)] * 2))
def test_the_parts_of_a_lifetime_value_add_up(money, churn):
    found = split_lifetime_value(money[0], churn[0], money[1], churn[1])
    assert found.before + found.revenue_part + found.churn_part == pytest.approx(found.after)
    same = split_lifetime_value(money[0], churn[0], money[0], churn[0])
    assert (same.revenue_part, same.churn_part) == (0, 0)
    assert math.isnan(split_lifetime_value(1, 0, 1, churn[0]).churn_part)


def shop(as_of, *, france_buys):
    """40 customers of January, half in each country; in the window so many of each add B."""
    rows = [(f"o{i}", f"c{i:02}", "A", "2024-01-05") for i in range(40)]
    rows += [(f"n{i}", f"c{i:02}", "B", "2024-03-10") for i in range(5)]
    rows += [(f"f{i}", f"c{20 + i:02}", "B", "2024-03-10") for i in range(france_buys)]
    country = [*["UK"] * 20, *["FR"] * 20, *["UK"] * 5, *["FR"] * france_buys]
    return make_lines(rows, products=["A", "B"], attributes={"country": country}, as_of=as_of)


def test_tables_of_two_windows():
    chosen = MetricSettings(window_days=31, names=("customer_cross_sell_rate", "cross_sell_velocity_unconditional"))
    before, after = (compute_metrics(shop("2024-04-01", france_buys=n), by="country", settings=chosen) for n in (2, 8))
    found = compare_metrics(before, after).to_pandas()
    rates = found[found["metric"] == "customer_cross_sell_rate"].set_index("segment")
    assert rates.loc["FR", ["before", "after", "points"]].tolist() == [0.1, 0.4, pytest.approx(0.3)]
    total = rates.loc[rates.index.isna()].iloc[0]
    assert (total["segment_by"], total["points"]) == ("country", pytest.approx(0.15))
    assert total["rate_effect"] + total["mix_effect"] == pytest.approx(0.15)
    assert total["mix_effect"] == pytest.approx(0)
    assert not total["reversal"]
    medians = found[found["metric"] == "cross_sell_velocity_unconditional"]
    assert medians["rate_effect"].isna().all()  # a median is no sum over segments
    assert medians["note"].str.contains("NOT_REACHED").all()


def test_a_metric_that_one_table_lacks():
    lines = shop("2024-04-01", france_buys=2)
    one = compute_metrics(lines, by=(), settings=MetricSettings(names=("average_order_value",), by=()))
    none = compute_metrics(lines, settings=MetricSettings(names=("repeat_customer_rate",), by=()))
    found = compare_metrics(none, one).to_pandas().set_index("metric")
    assert np.isnan(found.loc["average_order_value", "before"])
    assert found.loc["average_order_value", "note"] == "before: not there"
    assert len(compare_metrics(one.take(np.zeros(len(one), dtype=bool)), one.take(np.zeros(len(one), dtype=bool)))) == 0
