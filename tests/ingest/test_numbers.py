"""Numbers written by people."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from affinity.ingest import read_orders

NAN = float("nan")


@pytest.mark.parametrize(
    ("written", "read", "rule"),
    [
        (["2.5", "+3", "1e2", " 4 "], [2.5, 3, 100, 4], None),
        (["2,50", "3,1", "4"], [2.5, 3.1, 4], "decimal comma"),
        (["1.234,50", "7"], [1234.5, 7], "decimal comma"),
        (["2,50", "3.1"], [NAN, 3.1], None),
        (["1,234", "7"], [NAN, 7], None),
        (["1,234.50", "7"], [1234.5, 7], "thousands separated by commas"),
        (["$2.50", "$1,002.00", "3"], [2.5, 1002, 3], "$ is left out, thousands separated by commas"),
        (["2,50 €", "3,10 €"], [2.5, 3.1], "€ is left out, decimal comma"),
        (["$2.50", "£3.10", "4"], [NAN, NAN, 4], None),
    ],
)
def test_unit_prices(written: list[str], read: list[float], rule: str | None) -> None:
    n = len(written)
    lines = read_orders(pa.table({"order_id": [str(i) for i in range(n)], "product_id": ["x"] * n, "unit_price": written}))
    amounts = dict(zip(lines.row.tolist(), lines.net_amount.tolist()))
    np.testing.assert_array_equal([amounts.get(i, NAN) for i in range(n)], read)
    assert lines.report.rules.get("unit_price") == rule
    assert set(lines.report.reasons) <= {"bad_price"}
