"""`affinity.backtest` and its verb from order lines: landmarks, protocols, sequences, and what cannot be judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.errors import AffinityError, InputError, MissingPart, SettingsError
from affinity.evaluate import label_next_baskets
from tests.cli.test_verbs import call
from tests.makers import make_lines
from tests.shops import make_landmark, make_tables, planted_orders

START = np.datetime64("2024-01-01")


def rows(clock: str, customers: int = 120, products: str = "p{:02d}") -> list[tuple]:
    return [
        (f"o{c}-{t}", f"c{c:03d}", products.format(p), str(START + t) if clock == "day" else place)
        for c, steps in planted_orders(7, customers=customers).items()
        for place, (t, basket) in enumerate(steps) for p in sorted(basket)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def lines():
    return make_lines(rows("day"))


@pytest.fixture(scope="module")
def table(lines):
    return af.backtest(lines, landmarks=2, protocols=("new_product", "next_basket"), horizon_days=40, top_k=5)


def test_every_table_names_its_protocol_and_landmark(table) -> None:
    end = START + 299
    days = [str(end - 40 + 1), str(end - 80 + 1)]
    assert table.groups() == [(p, at) for p in ("new_product", "next_basket") for at in (*days, "pooled")]
    assert table.info["horizon_days"] == 40
    assert table.info["cutoff"] == 5
    named = set(table.methods("new_product", "pooled"))
    assert {"fit", "popularity", "recent popularity", "new-buyer popularity", "confidence", "lift", "cosine"} <= named
    assert set(table.methods("next_basket", "pooled")) == named | {"personal frequency"}


def test_probabilities_are_judged_under_new_product_only(table) -> None:
    calibrated = (table.metric == "calibration_slope") | (table.metric == "observed_decile_10")
    assert set(table.protocol[calibrated]) == {"new_product"}
    pooled = table.find("fit", "calibration_error", at="pooled")
    assert 0 <= pooled[1] <= pooled[2]
    assert table.find("fit", "calibration_slope", at="pooled")[0] == pytest.approx(
        np.mean(table.find("fit", "calibration_slope", at="pooled")[1:]), abs=0.5
    )


def test_dates_may_be_named(lines) -> None:
    found = af.backtest(lines, at=["2024-08-01", "2024-09-01", "2024-08-01"], horizon_days=30)
    assert [at for _, at in found.groups()] == ["2024-09-01", "2024-08-01", "pooled"]


def test_next_baskets_by_hand() -> None:
    orders = {0: [(10, {0}), (45, {0, 1}), (50, {2})], 1: [(20, {1}), (70, {3})], 2: [(60, {2})]}
    shop = {"customers": 3, "products": 4}
    mark = make_landmark(orders, 40, now=100, horizon_days=20, **shop)
    steps, _ = make_tables(orders, end=100, **shop)
    indptr, product = label_next_baskets(steps, mark.holdings, at=40, horizon_days=20)
    assert (indptr.tolist(), product.tolist()) == ([0, 2, 2, 2], [0, 1])  # 1 is too late, 2 has no history
    every, _ = make_tables(orders, end=None, clock="order", **shop)
    _, before = make_tables({c: s[:-2] for c, s in orders.items()}, end=None, clock="order", **shop)
    indptr, product = label_next_baskets(every, before, at=-2, horizon_days=20)
    assert (indptr.tolist(), product.tolist()) == ([0, 2, 2, 2], [0, 1])


def test_personal_frequency_wins_where_customers_repeat() -> None:
    random = np.random.default_rng(0)
    usual = [(f"o{c}-{t}", f"c{c:02d}", f"p{p:02d}", str(START + 10 * t + c % 7)) for c in range(60) for t in range(20)
             for p in {c % 12, int(random.integers(0, 12))}]  # fmt: skip
    found = af.backtest(make_lines(usual), protocols=["next_basket"], horizon_days=30, top_k=3)
    best = max(found.methods(*found.groups()[0]), key=lambda name: found.find(name, "ndcg")[0])
    assert best == "personal frequency"


def test_order_sequences_need_no_dates() -> None:
    found = af.backtest(make_lines(rows("order"), "order"), landmarks=2, protocols=["next_basket", "new_product"])
    assert [at for _, at in found.groups()] == ["order -1", "order -2", "pooled"] * 2
    assert found.find("popularity", "ndcg")[0] > 0
    with pytest.raises(MissingPart, match="is a date, and the orders have none"):
        af.backtest(make_lines(rows("order"), "order"), at=["2024-08-01"])


def test_one_customer_is_enough_where_he_can_be_right() -> None:
    """Nobody else owns anything, so nothing that is new to him was known before; his next basket can be judged."""
    one = make_lines([(f"o{t}", "only", f"p{t % 7}", str(START + 5 * t)) for t in range(60)])
    with pytest.raises(MissingPart, match="No customer with a history bought a new product"):
        af.backtest(one, horizon_days=60)
    found = af.backtest(one, horizon_days=60, protocols=["next_basket"])
    assert set(found.customers[found.metric == "ndcg"]) == {1}
    value, lower, upper = found.find("popularity", "ndcg")
    assert value == lower == upper


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"at": ["2031-01-01"]}, InputError, "at=2031-01-01 with horizon_days=30 ends on 2031-01-31, after the orders"),
        ({"at": ["2024-10-20"]}, InputError, "Use a date up to 2024-09-2"),
        ({"at": ["2023-12-01"]}, InputError, "the first order line is of 2024-01-0.*nothing lies before it"),
        ({"at": ["soon"]}, InputError, "at='soon' is no date"),
        ({"horizon_days": 0}, SettingsError, "horizon_days=0 is not valid"),
        ({"landmarks": 0}, InputError, "must both be at least 1"),
        ({"landmarks": 40}, MissingPart, "landmarks=40 of horizon_days=30 do not fit .*; 7 do.*Use landmarks=7"),
        ({"horizon_days": 280}, MissingPart, "no past time to test at: horizon_days=280"),
        ({"protocols": ["next_baskets"]}, InputError, "no protocol 'next_baskets'.*Did you mean 'next_basket'"),
    ],
)
def test_what_cannot_be_judged_is_a_clear_error(lines, asked: dict, error: type[AffinityError], said: str) -> None:
    with pytest.raises(error, match=said):
        af.backtest(lines, **{"horizon_days": 30, **asked})


def test_nobody_to_judge_and_nothing_to_go_by(lines) -> None:
    with pytest.raises(MissingPart, match="no customers, or neither dates nor an order sequence"):
        af.backtest(make_lines([("o1", "a", "x", None), ("o2", "b", "y", None)], None))
    with pytest.raises(MissingPart, match="no customers"):
        af.backtest(make_lines([("o1", None, "x", "2024-01-01"), ("o2", None, "y", "2024-12-01")]), horizon_days=30)
    once = make_lines([(f"o{i}", f"c{i}", f"p{i % 3}", str(START + i)) for i in range(300)])
    with pytest.raises(MissingPart, match="No customer with a history bought a new product"):
        af.backtest(once, horizon_days=30)


def test_peers_are_compared_when_asked_for(lines) -> None:
    pytest.importorskip("implicit")
    found = af.backtest(lines, horizon_days=40, peers=True)
    assert {"EASE^R", "SAR", "implicit ALS", "fit − implicit ALS"} <= set(found.method)
    assert found.info["left_out"] == {}


def test_a_peer_that_is_not_installed_is_left_out_with_the_reason(lines, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("implicit", "implicit.cpu", "implicit.cpu.als", "implicit.nearest_neighbours"):
        monkeypatch.setitem(sys.modules, name, None)
    found = af.backtest(lines, horizon_days=40, peers=True)
    left_out = found.info["left_out"]
    assert "pip install 'affinity-engine[peers]'" in left_out["implicit ALS"]
    assert "EASE^R" in set(found.method)


def test_the_verb_prints_writes_and_draws(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    pd.DataFrame(rows("day"), columns=["order_id", "customer_id", "product_id", "ordered_at"]).to_csv(orders, index=False)
    out, plot = tmp_path / "backtest.parquet", tmp_path / "backtest.png"
    base = ("backtest", orders, "--as-of", "2024-10-27", "--horizon-days", "40")
    made = call(*base, "--landmarks", "2", "--out", out, "--plot", plot)
    assert made.code == 0, made.err
    assert "new_product at pooled" in made.out
    assert "popularity" in made.out
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert set(pd.read_parquet(out)["at"]) == {"2024-09-17", "2024-08-08", "pooled"}
    as_json = json.loads(call(*base, "--at", "2024-08-01", "--protocol", "next_basket", "--json").out)
    assert {(row["protocol"], row["at"]) for row in as_json} == {("next_basket", "2024-08-01")}
    assert call(*base, "--at", "2030-01-01").code == 1
    assert call(*base, "--horizon-days", "0").code == 1
