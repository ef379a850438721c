"""The comparison of recommenders: splits on real data, parameters from validation only, a report that says what was run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from affinity.evaluate.protocols import know_truth
from affinity.ranking import Buyers, complete_cart
from affinity.ranking.cart import POPULARITY
from affinity.tables import Products
from affinity.vocabulary import Vocabulary
from benchmarks.quality import cart, data, measure, methods
from benchmarks.quality.__main__ import main
from benchmarks.quality.report import methods_of, write_markdown
from benchmarks.quality.split import WINDOWS, Window, split
from tests.shops import planted_orders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        (f"c{c}", f"p{p}", pd.Timestamp("2014-01-01") + pd.Timedelta(days=2 * t))
        for c, steps in planted_orders(3, customers=200).items() for t, basket in steps for p in sorted(basket)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "ordered_at"])
    frame.assign(order_id="x").to_parquet(tmp_path / data.FILES["groceries"])
    return tmp_path


def test_reversed_sales_go_and_the_latest_earlier_one_first() -> None:
    def line(order: str, day: int, quantity: int, product: str = "12345") -> tuple:
        return (order, "c", product, pd.Timestamp("2011-01-01") + pd.Timedelta(days=day), quantity, 1.0)

    columns = ["order_id", "customer_id", "product_id", "ordered_at", "quantity", "unit_price"]
    frame = pd.DataFrame(
        [line("1", 0, 2), line("2", 5, 2), line("C3", 9, -2), line("4", 12, 2), line("5", 1, 3), line("C6", 2, -4),
         line("7", 3, 1, "POST"), line("8", 3, 1, "12345ab")],
        columns=columns,
    )  # fmt: skip
    assert sorted(data._clean_online(frame).order_id) == ["1", "4", "5", "8"]


def test_windows_judge_what_the_published_figures_judged(shared_data: Path) -> None:
    counts = {}
    for window in WINDOWS:
        if window.name in ("groceries_2015_07", "tafeng_last_order"):
            _, landmark, _ = split(window, shared_data / "retail", window.test)
            counts[window.name] = len(know_truth(landmark).customer)
    assert counts == {"groceries_2015_07": 2_141, "tafeng_last_order": 13_137}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "customers"), [("online_2011_09", 2_228), ("online_2011_03", 1_492)])
def test_windows_of_online_retail_judge_the_same_customers(shared_data: Path, name: str, customers: int) -> None:
    window = next(window for window in WINDOWS if window.name == name)
    assert len(know_truth(split(window, shared_data / "retail", window.test)[1]).customer) == customers


def test_validation_ends_where_the_test_begins() -> None:
    for window in WINDOWS:
        (at, _), (before, horizon) = window.test, window.validation
        if isinstance(at, str):
            assert pd.Timestamp(before) + pd.Timedelta(days=horizon) <= pd.Timestamp(at)
        else:
            assert before < at


def test_parameters_are_chosen_at_the_validation_landmark(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The landmark at which peers are tried is the validation one, and the first of the best is taken."""
    tried = []

    def choose(name: str, landmark):
        tried.append(landmark.at)
        return methods.choose(name, landmark)

    monkeypatch.setattr(measure, "choose", choose)
    window = Window("tiny", "groceries", ("2015-03-01", 60), ("2015-01-01", 59))
    found = measure.measure(window, folder, peers=["SAR", "EASE^R"], resamples=20, seed=1)
    assert {str(pd.Timestamp(at, unit="D").date()) for at in tried} == {"2015-01-01"}
    for given in found["chosen"].values():
        best = max(one["ndcg"] for one in given["tried"])
        assert next(one["parameters"] for one in given["tried"] if one["ndcg"] == best) == given["parameters"]
    assert methods_of([found])[0] == "fit"
    assert {"SAR", "EASE^R", "closed form", "popularity"} <= set(methods_of([found]))
    run = {"commit": "abc", "python": "3", "versions": {"numpy": "1"}, "seed": 1, "resamples": 20}
    text = write_markdown([json.loads(json.dumps(found))], run, None)
    for said in ("| fit |", "| SAR |", "Commit abc", "slope", "2015-01-01, 59", "tiny, EASE^R: ridge"):
        assert said in text


def test_the_command_writes_table_figures_and_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = folder / "out"
    window = Window("tiny", "groceries", ("2015-03-01", 60), ("2015-01-01", 59), 0.5)
    monkeypatch.setattr("benchmarks.quality.__main__.WINDOWS", (window, WINDOWS[3]))
    data.load.cache_clear()
    asked = ["--data", str(folder), "--out", str(out), "--resamples", "20"]
    assert main([*asked, "--windows", "tafeng_last_order"]) == 1  # its file is not there
    assert main(asked) == 0
    assert json.loads((out / "tiny.json").read_text())["run"]["seed"] == 0
    assert "| tiny |" in (out / "quality.md").read_text()
    assert (out / "quality.png").read_bytes().startswith(b"\x89PNG")


def test_the_cart_benchmark_ranks_as_the_package_does(folder: Path) -> None:
    """What it sweeps the weight of is the score of `complete_cart`: the same products for every cart."""
    data.load.cache_clear()
    window = Window("tiny", "groceries", ("2015-03-01", 60), ("2015-01-01", 59))
    graph, carts = cart.hide(window, folder, window.test, 0)
    nobody = Vocabulary("customer", [])
    buyers = Buyers(graph.n_item, graph.n)
    assert carts
    for inside, hidden in carts[:40]:
        assert hidden not in inside
        scores = cart.score_all(graph, inside, (POPULARITY,))
        assert np.array_equal(scores[cart.OURS], scores[f"ours, weight {POPULARITY:g}"])
        open_ = np.setdiff1d(np.flatnonzero(graph.n_item), inside)
        right = open_[np.lexsort((open_, -scores[cart.OURS][open_]))][:5]
        shown = complete_cart(
            inside, graph=graph, products=Products.bare(graph.products), buyers=buyers, customers=nobody, top_k=5
        )
        assert shown.product.tolist() == right.tolist()
        hits = cart.find_hits(graph, [(inside, int(right[0]))], (POPULARITY,))
        assert hits[cart.OURS].tolist() == [1.0]


def test_the_cart_benchmark_chooses_its_weight_on_validation(folder: Path) -> None:
    data.load.cache_clear()
    found = cart.measure(Window("tiny", "groceries", ("2015-03-01", 60), ("2015-01-01", 59)), folder)
    rows = {row["method"]: row for row in found["rows"]}
    best = rows[f"ours, weight {found['weight_chosen']:g}"]["validation"]
    assert best == max(row["validation"] for name, row in rows.items() if name.startswith("ours, weight"))
    assert rows[cart.OURS]["ours_minus"] == 0
    assert rows["popularity"]["lower"] <= rows["popularity"]["hit_rate"] <= rows["popularity"]["upper"]
