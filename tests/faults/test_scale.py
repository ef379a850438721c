"""Shops of strange shapes at full size: bounded time and memory (8 GB), or a clear error that names a setting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from affinity import training
from affinity.fit import closed_form, solve_both
from affinity.settings import FitSettings
from tests.shops import make_tables, random_orders

ROOT = Path(__file__).parents[2]

#: Name -> Python that makes the columns of the orders (numpy as np, pyarrow as pa, n the size).
ORDERS = "order, who, what, day = R(n) // 3, R(n) // 30, "
SHAPES = {
    "one customer with 1 M lines": "n = 10**6; order, who, what, day = R(n) // 3, R(n) * 0, R(n) * 79 % 997, R(n) // 3 % 3650",
    "one basket of 100,000 items": (
        "n = 120_000; order = np.where(R(n) < 100_000, 0, R(n) // 4); who, what, day = order % 999, R(n) % 100_000, order % 300"
    ),
    "1 M products seen once": f"n = 10**6; {ORDERS} R(n), R(n) // 3 % 700",
    "all ids distinct": "n = 10**6; order, who, what, day = R(n), R(n), R(n), R(n) % 700",
    "ten years of one product": "n = 365_000; order, who, what, day = R(n), R(n) % 5000, R(n) * 0, R(n) % 3650",
    "ids of 10,000 characters": f"n = 3000; text = 'x' * 10_000; {ORDERS} R(n) % 40, R(n) % 300",
    "emoji and right-to-left ids": (
        f"n = 30_000; text = '\U0001f9e6\u05e9\u05dc\u05d5\u05dd\u202e'; {ORDERS} R(n) * 31 % 199, R(n) % 300"
    ),
}

PROGRAM = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
import numpy as np, pyarrow as pa
import affinity as af
from affinity.errors import AffinityError
R, text = np.arange, ""
exec(sys.argv[1])
def labels(codes): return pa.array([f"{text}{code}" for code in codes.tolist()])
when = (np.datetime64("2014-01-01", "s") + day.astype("timedelta64[D]")).astype("datetime64[s]")
table = pa.table({"order_id": labels(order), "customer_id": labels(who), "product_id": labels(what), "ordered_at": when,
                  "quantity": np.ones(n), "unit_price": np.ones(n)})
began = time.process_time()
said = {}
try:
    path = af.run(table).publish(sys.argv[2])
    report = json.loads((path / "report.json").read_text())
    assert report["rows_read"] == report["rows_kept"] + report["rows_set_aside"] == n
    af.open_release(sys.argv[2])
except AffinityError as error:
    said["error"] = f"{type(error).__name__}: {error}"
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps(said | {"cpu_seconds": round(time.process_time() - began, 1), "peak_gb": round(peak, 2)}))
"""


def test_many_products_have_no_table_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = random_orders(5, customers=60, products=40, days=100)
    steps, holdings = make_tables(orders, customers=60, products=40, end=101)
    known, chosen = SimpleNamespace(steps=steps, holdings=holdings), FitSettings(support_per_target=12, ridge=5)
    rules = {"half_life": 30.0, "co_owned_half_life": 12.5, "row_half_life": 20.0, "lasting_half_life": 90.0}
    few = training.count_here(None, known, rules)
    monkeypatch.setattr(training, "BITMAP_PRODUCTS", 39)
    monkeypatch.setattr(closed_form, "BITMAP_PRODUCTS", 39)
    many = training.count_here(None, known, rules)
    assert few.lists is not None
    assert many.lists is None
    for one, other in zip(*(solve_both(SimpleNamespace(transitions=counts), chosen) for counts in (few, many))):
        assert len(one.weight) > 100
        for name in ("indptr", "consequent", "weight"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_shops_of_strange_shapes(shape: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, SHAPES[shape], tmp_path / "shop"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert said["peak_gb"] < 8
    assert "error" not in said or any(name in said["error"] for name in ("max_", "min_", "top_", "budget")), said
