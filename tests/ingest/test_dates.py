"""One reading of a whole time column."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from affinity.errors import InputError
from affinity.ingest import read_orders
from affinity.settings import IngestSettings


def times_of(values, *, name: str = "ordered_at", **options) -> list[str]:
    n = len(values)
    column = values if isinstance(values, pa.Array) else pa.array(values)
    table = pa.table({"order_id": [str(i) for i in range(n)], "product_id": ["x"] * n, name: column})
    lines = read_orders(table, **options)
    assert lines.ordered_at is not None
    return [str(moment) for moment in lines.ordered_at.astype("datetime64[us]").astype("datetime64[s]")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2011-09-01", "2011-09-01T00:00:00"),
        ("2011-09-01 08:26", "2011-09-01T08:26:00"),
        ("2011-09-01T08:26:59.5", "2011-09-01T08:26:59"),
        ("2011/09/01", "2011-09-01T00:00:00"),
        ("2011.09.01", "2011-09-01T00:00:00"),
        ("20110901", "2011-09-01T00:00:00"),
        ("13/9/2011", "2011-09-13T00:00:00"),
        ("13.09.2011 08:26", "2011-09-13T08:26:00"),
        ("13-09-2011 08:26:01", "2011-09-13T08:26:01"),
        ("9/13/2011 8:26", "2011-09-13T08:26:00"),
        ("9/13/11 8:26 PM", "2011-09-13T20:26:00"),
        ("13/09/11", "2011-09-13T00:00:00"),
        ("01 Sep 2011", "2011-09-01T00:00:00"),
        ("Sep 1, 2011", "2011-09-01T00:00:00"),
        ("2026-03-15 16:10:00 -0500", "2026-03-15T21:10:00"),
        ("2026-03-15T16:10:00Z", "2026-03-15T16:10:00"),
        ("2026-03-15 16:10:00+02:00", "2026-03-15T14:10:00"),
        ("2026-03-15 16:10:00 UTC", "2026-03-15T16:10:00"),
        ("1300000000", "2011-03-13T07:06:40"),
        ("1300000000000", "2011-03-13T07:06:40"),
    ],
)
def test_common_forms(value: str, expected: str) -> None:
    assert times_of([value]) == [expected]


def test_aware_times_become_the_wall_clock_of_the_reporting_zone() -> None:
    settings = IngestSettings(timezone="Europe/Amsterdam")
    assert times_of(["2026-07-15T23:30:00Z"], settings=settings) == ["2026-07-16T01:30:00"]
    aware = pa.array([dt.datetime(2026, 1, 15, 23, 30, tzinfo=dt.UTC)], pa.timestamp("us", tz="America/New_York"))
    assert times_of(aware, settings=settings) == ["2026-01-16T00:30:00"]
    assert times_of(["2026-07-15 23:30:00"], settings=settings) == ["2026-07-15T23:30:00"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_times(unit: str) -> None:
    assert times_of(pa.array([dt.datetime(2011, 9, 1, 8, 26)], pa.timestamp(unit))) == ["2011-09-01T08:26:00"]
    assert times_of(pa.array([dt.date(1970, 1, 1)])) == ["1970-01-01T00:00:00"]


def test_the_whole_column_decides_day_or_month() -> None:
    assert times_of(["3/4/2011", "25/4/2011"]) == ["2011-04-03T00:00:00", "2011-04-25T00:00:00"]
    assert times_of(["3/4/2011", "4/25/2011"]) == ["2011-03-04T00:00:00", "2011-04-25T00:00:00"]
    assert times_of(["3/3/2011"]) == ["2011-03-03T00:00:00"]
    with pytest.raises(InputError, match="'3/4/2011' can be month first or day first; no value settles it"):
        times_of(["3/4/2011", "5/6/2011"])
    with pytest.raises(InputError, match="1 values can only be month first and 1 only day first"):
        times_of(["3/4/2011", "25/4/2011", "4/25/2011"])
    month = IngestSettings(date_order="month_first")
    assert times_of(["3/4/2011"], settings=month) == ["2011-03-04T00:00:00"]
    day = IngestSettings(date_order="day_first")
    assert times_of(["3/4/2011"], settings=day) == ["2011-04-03T00:00:00"]


def test_uci_dates_are_month_first() -> None:
    frame = pd.DataFrame(
        {
            "InvoiceNo": ["1"],
            "StockCode": ["85123A"],
            "UnitPrice": [1.0],
            "InvoiceDate": ["12/1/2010 8:26"],
            "CustomerID": [1.0],
        }
    )
    lines = read_orders(frame)
    assert lines.report.format == "uci_online_retail"
    assert lines.ordered_at is not None
    assert lines.ordered_at[0] == np.datetime64("2010-12-01T08:26", "us").astype(np.int64)


def test_naive_and_aware_times_do_not_mix() -> None:
    with pytest.raises(InputError, match=r"1 values have a time zone and 2 have none \(such as '2026-03-15 10:00:00'\)"):
        times_of(["2026-03-15T16:10:00Z", "2026-03-15 10:00:00", "2026-03-16 10:00:00"])


def test_integers_that_are_no_dates() -> None:
    with pytest.raises(InputError, match="integers such as 123456, which are no dates"):
        times_of([123456, 234567])
    lines = read_orders(pa.table({"BASKET_ID": [1], "PRODUCT_ID": [2], "SALES_VALUE": [1.0], "DAY": [711]}))
    assert lines.report.format == "dunnhumby"
    assert lines.day is not None
    assert lines.day.tolist() == [711]
    assert "mean nothing as dates" in str(lines.report.rules["time"])


def test_order_sequences() -> None:
    table = pa.table({"order_id": ["a", "b", "c"], "product_id": ["x"] * 3, "order_seq": ["0", "1.5", "2"]})
    lines = read_orders(table)
    assert lines.clock == "order"
    assert lines.order_seq is not None
    assert lines.order_seq.tolist() == [0, 2]
    assert lines.report.reasons == {"bad_date": 1}
    without = read_orders(pa.table({"customer_id": ["c", "c"], "product_id": ["x", "y"], "order_seq": [0, 1]}))
    assert without.orders.labels.tolist() == ["c 0", "c 1"]
