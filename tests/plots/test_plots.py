"""Pictures say what they show, keep their labels apart, and leave pyplot alone."""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affinity.errors import MissingExtra, MissingPart, OutputError, UnknownLabel
from affinity.plots import figure as figure_module
from affinity.plots import plot_backtest, plot_calibration, plot_conversion, plot_graph, plot_rules, save_figure
from affinity.plots.figure import BLUE, GREY, ORANGE
from affinity.plots.place_labels import place_labels
from affinity.plots.registry import PLOTS
from affinity.tables import Backtest, Calibration, LifeTables, PairGraph, Rules
from affinity.vocabulary import Vocabulary
from tests.release.content import make_graph, make_rules, make_tables

PRODUCTS = Vocabulary.of("product", ["tea", "Crème, brûlée", "coffee", 'a "b"', "é", "jam"])


def _png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _texts(figure: Any) -> str:
    axes = figure.axes[0]
    texts = [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in axes.texts)]
    return "\n".join(texts)


def _graph(lift: float = 3.0) -> PairGraph:
    graph = make_graph(np.random.default_rng(0), PRODUCTS)
    values = {name: getattr(graph, name) for name in graph.__dataclass_fields__}
    return PairGraph(**(values | {"lift_eb": lift * (1 + graph.lift_eb)}))


def _life() -> LifeTables:
    n = len(PRODUCTS)
    zeros = np.zeros((2, 25), dtype=np.int64)
    return LifeTables(
        antecedent=np.array([0, 2], dtype=np.int32), consequent=np.array([1, 3], dtype=np.int32),
        indptr=np.array([0, 0, 3]), day=np.array([5, 20, 80], dtype=np.int32),
        at_risk=np.array([100, 80, 40], dtype=np.int32), events=np.array([10, 8, 4], dtype=np.int32),
        eligible=np.array([50, 100]), prior=np.zeros(2, dtype=np.int64), simultaneous=np.zeros(2, dtype=np.int64),
        followed=np.array([[50, 40], [70, 36]]), exposure=zeros, observed=zeros,
        index_exposure=np.zeros((n, 25), dtype=np.int64), index_events=np.zeros((n, 25), dtype=np.int64),
        owners=np.full(n, 100), products=PRODUCTS, horizons_days=(30, 90), longest_followed_days=200, wash_in_days=10,
    )  # fmt: skip


def _calibration(note: str | None = None) -> Calibration:
    predicted = np.array([0.001, 0.01, 0.1])
    return Calibration(predicted, np.array([0.0, 0.012, 0.09]), np.array([500, 500, 500]), 0.9, 0.004, 15_000, note=note)


def _backtest(at: tuple[str, ...] = ("2025-01-01",), *, calibrated: bool = True) -> Backtest:
    rows = []
    for day in at:
        found = {"fit": 0.30, "popularity": 0.10, "close": 0.29}
        rows += [("new_product", day, name, "ndcg", v, v - 0.02, v + 0.02, 500) for name, v in found.items()]
        rows += [("new_product", day, name, "coverage", v, np.nan, np.nan, 500) for name, v in found.items()]
        rows.append(("new_product", day, "fit − popularity", "ndcg", 0.2, 0.18, 0.22, 500))
        rows.append(("new_product", day, "fit − close", "ndcg", 0.01, -0.01, 0.03, 500))
        rows += [("new_product", day, "fit", "calibration_slope", 0.9, 0.8, 1.0, 900)] * calibrated
        rows += [("new_product", day, "fit", f"predicted_decile_{i}", i / 20, 0, 0, 900) for i in (1, 2)] * calibrated
        rows += [("new_product", day, "fit", f"observed_decile_{i}", i / 22, i / 30, i / 15, 900) for i in (1, 2)] * calibrated
    text, number = list(zip(*rows))[:4], list(zip(*rows))[4:7]
    return Backtest(
        *(np.array(column, dtype=object) for column in text),
        *(np.array(column, dtype=np.float64) for column in number),
        customers=np.array([row[7] for row in rows]), info={"cutoff": 10},
    )  # fmt: skip


def test_a_backtest_shows_every_method_with_its_interval_and_what_is_no_difference() -> None:
    figure = plot_backtest(_backtest())
    assert len(figure.axes) == 2
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["popularity", "close", "fit"]
    lines = {tuple(np.round(line.get_xdata(), 3)): line.get_color() for line in axes.lines if len(line.get_xdata()) == 2}
    assert lines == {(0.28, 0.32): BLUE, (0.08, 0.12): GREY, (0.27, 0.31): ORANGE}
    assert "at 2025-01-01; 500 customers" in _texts(figure)
    assert "NDCG@10" in axes.get_xlabel()
    assert figure.axes[1].lines[1].get_xdata().tolist() == [0.05, 0.1]
    assert _png(figure)


def test_a_backtest_of_several_landmarks_has_a_panel_each() -> None:
    figure = plot_backtest(_backtest(("b", "a", "pooled", "d"), calibrated=False), metric="coverage")
    assert len(figure.axes) == 4
    assert not [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]  # one value for all has no interval
    with pytest.raises(UnknownLabel, match="no metric 'speed'"):
        plot_backtest(_backtest(), metric="speed")


def test_a_picture_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    figure = plot_backtest(_backtest())
    save_figure(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    for bad in (tmp_path / "nowhere" / "a.png", tmp_path / "a.doc"):
        with pytest.raises(OutputError, match="cannot be written"):
            save_figure(figure, bad)


def test_every_registered_picture_exists_and_returns_a_figure_that_can_be_drawn() -> None:
    from matplotlib.figure import Figure

    tables = [_graph(), make_tables()["conversions"], _life(), make_rules(PRODUCTS), _backtest()]
    elsewhere = {"MetricTree", "TreeChange", "FitModel", "Calibration", "CampaignPlan", "CampaignResult"}
    elsewhere |= {"AdoptionCurves", "CohortTriangle"}
    assert {type(table).__name__ for table in tables} | elsewhere == set(PLOTS)
    for place in PLOTS.values():
        module, function = place.split(":")
        assert callable(getattr(importlib.import_module(module), function))
    for table in tables:
        figure = table.plot()
        assert isinstance(figure, Figure)
        assert _png(figure).startswith(b"\x89PNG")
    assert plot_calibration(_calibration())._repr_png_().startswith(b"\x89PNG")


def test_pyplot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    _graph().plot()
    assert "matplotlib.pyplot" not in sys.modules


def test_the_same_table_gives_the_same_picture() -> None:
    assert _png(plot_graph(_graph())) == _png(plot_graph(_graph()))


def test_a_table_without_picture_says_which_have_one() -> None:
    with pytest.raises(
        MissingPart, match=r"no picture of Products\. Pictures exist of AdoptionCurves, Backtest, Calibration, CampaignPlan"
    ):
        make_tables()["products"].plot()


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    figure_module._figure_class.cache_clear()
    with pytest.raises(MissingExtra, match=r"Matplotlib is not installed\. pip install 'affinity-engine\[plots\]'"):
        plot_graph(_graph())
    figure_module._figure_class.cache_clear()


def test_the_graph_names_its_products_once_and_keeps_labels_apart() -> None:
    figure = plot_graph(_graph(), top=4)
    figure.canvas.draw()
    axes = figure.axes[0]
    names = [text for text in axes.texts if text.get_text() in set(PRODUCTS.labels)]
    assert len({text.get_text() for text in names}) == len(names) >= 4
    boxes = [text.get_window_extent() for text in names]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert "4 pairs with the highest shrunk lift (of 15)" in _texts(figure)


def test_a_pair_is_drawn_once() -> None:
    assert "15 pairs with the highest shrunk lift (of 15)" in _texts(plot_graph(_graph(), top=100))


def test_labels_of_near_points_are_kept_apart_or_left_out() -> None:
    figure = figure_module.new_figure(4, 3)
    axes = figure.subplots()
    points = np.array([[0.5, 0.5], [0.5, 0.5], [0.52, 0.5], [0.5, 0.53], [0.48, 0.5], [0.51, 0.48], [0.5, 0.5], [0.49, 0.51]])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    place_labels(axes, points, [f"label number {i}" for i in range(8)], radius=np.full(8, 3.0))
    boxes = [text.get_window_extent() for text in axes.texts]
    assert 2 <= len(boxes) < 8
    overlap = [max(0.0, min(a.x1, b.x1) - max(a.x0, b.x0)) * max(0.0, min(a.y1, b.y1) - max(a.y0, b.y0))
               for i, a in enumerate(boxes) for b in boxes[:i]]  # fmt: skip
    assert max(overlap) < 0.1 * boxes[0].width * boxes[0].height


def test_the_graph_around_a_product() -> None:
    figure = plot_graph(_graph(), around="tea")
    assert "Products bought together with tea" in _texts(figure)
    with pytest.raises(UnknownLabel, match="product 'teapot' is not in the graph"):
        plot_graph(_graph(), around="teapot")


def test_a_graph_without_strong_pairs_says_so() -> None:
    assert "No pair reaches a shrunk lift of 9" in _texts(plot_graph(_graph(), min_lift=9.0))


def test_the_curve_is_kaplan_meier_and_says_how_many_were_followed() -> None:
    figure = plot_conversion(_life(), PRODUCTS.labels[2], PRODUCTS.labels[3])
    steps = figure.axes[0].lines[0].get_ydata()
    survival = 1 - np.cumprod([1 - 10 / 100, 1 - 8 / 80, 1 - 4 / 40])
    np.testing.assert_allclose(steps, [0, *survival, survival[-1]])
    text = _texts(figure)
    assert "100 eligible customers, 22 seen to convert by day 90; still at risk: 70 at day 30, 36 at day 90" in text
    assert f"From {PRODUCTS.labels[2]} to {PRODUCTS.labels[3]}" in text
    assert "days since the first purchase" in text
    shorter = plot_conversion(_life(), PRODUCTS.labels[2], horizon_days=30)
    assert "18 seen to convert by day 30; still at risk: 70 at day 30" in _texts(shorter)


def test_a_pair_without_events_is_a_flat_line() -> None:
    figure = plot_conversion(_life(), PRODUCTS.labels[0])
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0, 0]
    assert _png(figure)


def test_without_labels_the_pair_with_most_converted_is_shown() -> None:
    assert f"From {PRODUCTS.labels[2]} to {PRODUCTS.labels[3]}" in _texts(_life().plot())


def test_an_unknown_pair_is_named() -> None:
    with pytest.raises(UnknownLabel, match="no conversion from .* to .*Only pairs with enough converted"):
        plot_conversion(_life(), PRODUCTS.labels[0], PRODUCTS.labels[3])


def test_unknown_horizons_are_shown_with_their_reason() -> None:
    table = make_tables()["conversions"]
    values = {name: getattr(table, name) for name in table.__dataclass_fields__}
    rate, note = values["rate"].copy(), values["note"].copy()
    rate[table.horizon_days == 365], note[table.horizon_days == 365] = np.nan, "SHORT_FOLLOWUP"
    figure = plot_conversion(type(table)(**(values | {"rate": rate, "note": note})))
    assert "365 d: SHORT_FOLLOWUP" in _texts(figure)
    assert "365" not in _texts(plot_conversion(table, horizon_days=90))


def test_rules_are_numbered_and_spelled_out() -> None:
    figure = plot_rules(make_rules(PRODUCTS))
    text = _texts(figure)
    assert "2 rules over 20 baskets" in text
    assert '1  Crème, brûlée → a "b"' in text
    assert "support: share of baskets" in text


def test_rules_without_any_and_with_one() -> None:
    none = Rules(
        *(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32)) * 2, *(np.empty(0),) * 3, 20, np.empty(0), PRODUCTS
    )
    assert "No rules." in _texts(plot_rules(none))
    two = make_rules(PRODUCTS)
    same = Rules(**({n: getattr(two, n) for n in two.__dataclass_fields__} | {"measures": {}}))
    assert _png(plot_rules(same))


def test_calibration_shows_slope_error_and_note() -> None:
    text = _texts(plot_calibration(_calibration("order only")))
    assert "1,500 customer-product rows; slope 0.90; expected error 0.0040; from 2011-01-26" in text
    assert "order only" in text
    empty = Calibration(np.empty(0), np.empty(0), np.empty(0), np.nan, np.nan, None, note="no complete landmark")
    assert "no complete landmark" in _texts(plot_calibration(empty))
    assert _png(plot_calibration(empty))


def test_long_names_are_cut_and_dollars_are_no_formulas() -> None:
    assert figure_module.shorten("a" * 40, 10) == "aaaaaaaaa…"
    assert figure_module.shorten("$5 mug and $6 cup") == r"\$5 mug and \$6 cup"
