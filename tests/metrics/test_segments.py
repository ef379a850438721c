"""Segments that are worked out, the smallest cell that has a rate, and the spread beside every blend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from affinity.metrics import compute_metrics
from affinity.metrics.bands import MAX_LABELS, name_cohorts
from affinity.settings import MetricSettings
from affinity.tables import Customers
from tests.makers import day_number, make_lines

ROWS = [
    ("o1", "a", "A", "2022-01-05", 1, 200_000.0),
    ("o2", "a", "B", "2023-06-01", 1, 30_000.0),
    ("o3", "a", "C", "2023-12-01", 1, 10.0),
    ("o4", "b", "A", "2023-03-01", 1, 25_000.0),
    ("o5", "b", "B", "2023-03-01", 1, 1.0),
    ("o6", "c", "B", "2023-12-10", 1, 5.0),
    ("o7", None, "B", "2023-12-11", 1, 5.0),
]
LINES = make_lines(ROWS, as_of="2024-01-01")


def split(by, lines=LINES, customers=None, metric="multi_product_rate", **given):
    chosen = MetricSettings(names=(metric,), **{"min_cell": 1, **given})
    frame = compute_metrics(lines, customers=customers, by=by, settings=chosen).to_pandas()
    return {r.segment: (r.numerator, r.denominator) for r in frame.itertuples() if r.segment_by == by}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("tenure", {"Y1": (1, 2), "Y2": (1, 1)}),
        ("cohort", {"2022-Q1": (1, 1), "2023-Q1": (1, 1), "2023-Q4": (0, 1)}),
        ("revenue_tier", {"tier 2": (2, 2), "tier 3": (0, 1)}),
        ("combination", {"A + B": (2, 2), "(new in the window)": (0, 1)}),
        ("purchase_path", {"A > B": (1, 1), "A + B": (1, 1), "(new in the window)": (0, 1)}),
        ("first_product", {"A": (1, 1), "A + B": (1, 1), "B": (0, 1)}),
    ],
)
def test_bands(by, expected):
    assert split(by) == expected


def test_bands_of_numbers_of_the_customer_file():
    customers = replace(
        Customers.bare(LINES.customers),
        started_at=np.array([-1, day_number("2020-01-01"), -1], dtype=np.int32),
        health=np.array([60.0, 75.5, np.nan]),
        usage=np.array([0.5, 0.51, 0.1]),
        segments={"employees": np.array(["1,000", "200", "x"], dtype=object)},
    )
    assert split("tenure", customers=customers) == {"Y1": (0, 1), "Y2": (1, 1), "Y3+": (1, 1)}
    assert split("health", customers=customers) == {"low": (1, 1), "high": (1, 1), "(unknown)": (0, 1)}
    assert split("usage", customers=customers) == {"medium": (1, 1), "high": (1, 1), "low": (0, 1)}
    assert split("employees", customers=customers) == {"200-1,000": (2, 2), "(unknown)": (0, 1)}
    others = replace(customers, segments={"employees": np.array(["199", "1001", None], dtype=object)})
    assert split("employees", customers=others) == {"<200": (1, 1), ">1,000": (1, 1), "(unknown)": (0, 1)}


def test_a_column_of_the_user_stands_before_a_band():
    lines = make_lines(ROWS, attributes={"cohort": ["x"] * 7}, as_of="2024-01-01")
    assert split("cohort", lines) == {"x": (2, 3)}


def test_rare_labels_are_pooled():
    rows = [(f"o{i}-{k}", f"c{i}", f"P{k}", "2023-01-01") for i in range(30) for k in (i, i + 1)]
    found = split("first_product", make_lines(rows, as_of="2024-01-01"))
    assert len(found) == MAX_LABELS + 1
    assert found["(other)"] == (10, 10)


def test_cohorts_have_names():
    days = np.array([day_number("2024-02-29"), day_number("2025-12-31")])
    assert name_cohorts(days, "year").tolist() == ["2024", "2025"]
    assert name_cohorts(days, "quarter").tolist() == ["2024-Q1", "2025-Q4"]
    assert name_cohorts(days, "month").tolist() == ["2024-02", "2025-12"]


def kinds(small_cells):
    rows = [(f"o{i}", f"c{i:02}", "AB"[i % 2], "2023-12-01") for i in range(26)]
    kind = [*["X"] * 12, *["Y"] * 11, "p", "p", "q"]
    chosen = MetricSettings(names=("repeat_customer_rate",), small_cells=small_cells)
    frame = compute_metrics(make_lines(rows, attributes={"kind": kind}), by="kind", settings=chosen).to_pandas()
    return frame[frame["segment_by"] == "kind"].set_index("segment")


def test_small_cells_have_no_rate_and_keep_their_counts():
    found = kinds("null")
    assert found["value"].notna().to_dict() == {"X": True, "Y": True, "p": False, "q": False}
    assert found.loc["p", "note"] == "SMALL_CELL: fewer than 10"
    assert found.loc["p", "interval"] == "none: no value"
    assert found["denominator"].sum() == 26


def test_small_cells_can_be_pooled():
    found = kinds("pool")
    assert found["denominator"].to_dict() == {"X": 12, "Y": 11, "(other)": 3}
    assert found.loc["(other)", "note"] == "SMALL_CELL: fewer than 10"  # even together they are few


def test_a_blend_carries_its_spread_even_where_no_segment_is_asked_for():
    rows = [(f"o{i}", f"c{i:02}", "A", "2023-12-01") for i in range(40)] + [
        (f"p{i}", f"d{i:02}", "A", "2021-01-01") for i in range(40)
    ]
    rows += [(f"q{i}", f"d{i:02}", "B", "2021-02-01") for i in range(10)]
    row = (
        compute_metrics(make_lines(rows, as_of="2024-01-01"), settings=MetricSettings(names=("multi_product_rate",)))
        .to_pandas()
        .iloc[0]
    )
    assert (row["spread_by"], row["spread_low"], row["spread_low_segment"]) == ("tenure", 0, "Y1")
    assert (row["spread_high"], row["spread_high_segment"]) == (0.25, "Y3+")


def test_orders_of_one_customer_are_no_independent_trials():
    rows = [
        (f"o{i}-{k}", f"c{i}", p, f"2023-12-{k + 1:02}") for i in range(20) for k in range(10) for p in ("AB" if i % 2 else "A")
    ]
    chosen = MetricSettings(names=("multi_item_order_rate",))
    row = compute_metrics(make_lines(rows, as_of="2024-01-01"), settings=chosen).to_pandas().iloc[0]
    assert (row["numerator"], row["denominator"], row["interval"]) == (100, 200, "Wilson, customers as clusters")
    assert row["upper"] - row["lower"] > 0.4  # 20 customers, not 200 orders
