"""The large generated shop: as many lines as asked for, seeded, and with what was planted in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import affinity as af
from affinity.ingest import read_orders
from benchmarks import large_shop


def test_parts_are_read_as_one_shop(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(large_shop, "LINES_A_PART", 8_000)
    folder = large_shop.write_shop(tmp_path / "shop", 30_000, customers=1_500, products=300)
    parts = sorted(folder.glob("*.parquet"))
    lines = read_orders(folder)
    assert len(parts) == 4
    assert lines.report.rows_read == lines.report.rows_kept == 30_000
    assert sum(len(read_orders(part)) for part in parts) == 30_000
    assert len(lines.orders) == sum(len(read_orders(part).orders) for part in parts)  # no order crosses parts
    assert 0.9 * 1_500 < len(lines.customers) <= 1_500
    assert 0 < np.mean(lines.quantity < 0) < 0.01
    assert 0.03 < np.mean(lines.customer < 0) < 0.07


def test_seeded_and_planted(tmp_path: Path) -> None:
    one, two = (large_shop.make_part(0, 20_000, (0, 1_000), 400, planted=20) for _ in range(2))
    assert all((one[name] == two[name]).all() for name in one)
    other = large_shop.make_part(0, 20_000, (0, 1_000), 400, planted=20, seed=1)
    assert not (one["product"] == other["product"]).all()
    order, product = one["order"], one["product"]
    baskets: dict[int, set[int]] = {}
    for number, code in zip(order.tolist(), product.tolist()):
        baskets.setdefault(number, set()).add(code)
    with_a = [basket for basket in baskets.values() if 3 in basket]
    partner = np.mean([23 in basket for basket in with_a])
    others = np.mean([23 in basket for basket in baskets.values() if 3 not in basket])
    assert partner > 0.15 > 3 * others


def test_a_folder_of_parts_is_one_file_in_pieces(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pa.table(
        {"order_id": ["1", "1", "2", "3"], "product_id": ["b", "a", "c", "a"], "customer_id": ["x", "x", None, "y"]}
    )
    pq.write_table(rows, tmp_path / "whole.parquet")
    (tmp_path / "parts").mkdir()
    pq.write_table(rows.slice(0, 1), tmp_path / "parts" / "b.parquet")
    pq.write_table(rows.slice(1, 3), tmp_path / "parts" / "c.parquet")
    pq.write_table(rows, tmp_path / "parts" / "_temporary.parquet")  # as other engines name what is not finished
    whole, parts = read_orders(tmp_path / "whole.parquet"), read_orders(tmp_path / "parts")
    assert whole.to_pandas().equals(parts.to_pandas())
    assert whole.row.tolist() == parts.row.tolist()
    assert af.group_baskets(parts).sizes.tolist() == [2, 1, 1]
