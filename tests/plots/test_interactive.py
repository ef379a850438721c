"""Interactive pictures hold the numbers of the static ones, stay within their size, and need no network."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affinity.errors import MissingExtra, MissingPart
from affinity.plots import (
    plot_adoption,
    plot_calibration,
    plot_cohorts,
    plot_conversion,
    plot_graph,
    plot_rules,
    plot_waterfall,
)
from affinity.plots.campaign import plot_power
from affinity.plots.interactive import chart as chart_module
from affinity.plots.interactive.registry import CHARTS
from affinity.plots.interactive.rules import chart_rules
from affinity.tables import AdoptionCurves, CampaignPlan, CohortTriangle, Conversion, Rules
from affinity.tables.metric_tree import TreeChange, TreeNode
from affinity.vocabulary import Vocabulary
from tests.plots.test_plots import PRODUCTS, _calibration, _graph, _life
from tests.release.content import make_rules, make_tables


def rows(chart: Any, field: str) -> list[dict[str, Any]]:
    """The rows of the first data of ``chart`` that have ``field``."""
    found = list(chart.to_dict().get("datasets", {}).values())
    spec = chart.to_dict()
    found += [layer["data"]["values"] for layer in [spec, *spec.get("layer", [])] if "values" in layer.get("data", {})]
    return next(values for values in found if values and field in values[0])


def column(chart: Any, field: str) -> list[Any]:
    return [row[field] for row in rows(chart, field)]


def subtitle(chart: Any) -> str:
    return " ".join(chart.to_dict()["title"].get("subtitle", []))


def curves() -> AdoptionCurves:
    return AdoptionCurves(
        segment=np.array(["a", "a", "b"], dtype=object), customers=np.array([10, 10, 5]), day=np.array([3, 9, 4]),
        at_risk=np.array([10, 7, 5]), events=np.array([2, 4, 1]), rate=np.array([0.2, 0.66, 0.2]),
        lower=np.array([0.1, 0.4, 0.05]), upper=np.array([0.4, 0.8, 0.5]), segment_by="plan",
        segments={"a": (10, 20), "b": (5, 12)},
    )  # fmt: skip


def triangle() -> CohortTriangle:
    rate = np.array([0.2, 0.4, 0.3, np.nan])
    return CohortTriangle(
        cohort=np.array(["2024-Q1"] * 2 + ["2024-Q2"] * 2, dtype=object), month=np.array([1, 2, 1, 2]),
        customers=np.array([10, 10, 20, 20]), followed=np.array([10, 9, 12, 0]), adopted=np.array([2, 4, 5, 5]),
        rate=rate, lower=rate - 0.1, upper=rate + 0.1, complete=np.array([True, False, False, False]),
    )  # fmt: skip


def change() -> TreeChange:
    nodes = (
        TreeNode("r", "Revenue", "product", "money", "revenue", ("n", "v")),
        TreeNode("n", "Buyers", "leaf", "count", "buyers"), TreeNode("v", "Value", "leaf", "money", "value"),
    )  # fmt: skip
    nothing = np.full((3, 1), np.nan)
    return TreeChange(
        nodes, (), before=np.array([[100.0], [10], [10]]), after=np.array([[96.0], [12], [8]]),
        contribution=np.array([[-4.0], [18], [-22]]), came_or_went=np.zeros(1), rate=nothing, mix=nothing,
        size_effect=0.0, mix_effect=0.0, rate_effect=0.0, method="shapley",
    )  # fmt: skip


def plan(least: float | None = 0.04) -> CampaignPlan:
    n, fit = 4, np.array([0.1, 0.2, 0.3, 0.4])
    return CampaignPlan(
        customer=np.arange(n, dtype=np.int32), product=np.zeros(n, dtype=np.int32), fit=fit, value=np.full(n, np.nan),
        cost=np.zeros(n), treated=np.array([True, True, True, False]), stratum=np.zeros(n, dtype=np.int32),
        reason=np.full(n, None, dtype=object), customers=Vocabulary("customer", list("abcd")), products=PRODUCTS,
        info={
            "name": "spring", "horizon_days": 30, "sizes": {"audience": 4, "treated": 900, "control": 300},
            "power": {"base_rate": 0.1, "alpha": 0.05, "power": 0.8, "smallest_detectable": least, "note": "no control group"},
            "expected": [{"conversions": {"value": 90.0, "lower": 70.0, "upper": 110.0}, "revenue": None}],
        },
    )  # fmt: skip


def many_rules(n: int) -> Rules:
    """``n`` rules with ever more evidence."""
    both = np.arange(1, n + 1)
    indptr, items = np.arange(n + 1), np.zeros(n, dtype=np.int32)
    return Rules(indptr, items, indptr, items + 1, both, both + 5, both + 9, 10 * n, np.full(n, 0.5), PRODUCTS)


def test_rules_lie_where_the_static_picture_has_them() -> None:
    table = make_rules(PRODUCTS)
    drawn = plot_rules(table).axes[0].collections[0]
    chart = table.plot(interactive=True)
    points = list(zip(column(chart, "support"), column(chart, "confidence")))
    np.testing.assert_allclose(points, drawn.get_offsets())
    np.testing.assert_allclose(column(chart, "lift"), drawn.get_array())
    row = next(row for row in rows(chart, "rule") if row["n_xy"] == "5")
    assert (row["n_x"], row["n_y"]) == ("9", "8")
    assert row["said_confidence"] == "56 % [27, 81]"  # Wilson of 5 of 9
    assert {row["q"] for row in rows(chart, "rule")} == {".010", "–"}


def test_beyond_the_limit_the_rules_of_most_evidence_are_kept_and_said() -> None:
    chart = chart_rules(many_rules(chart_module.MOST_ROWS + 7))
    assert len(rows(chart, "rule")) == chart_module.MOST_ROWS == 5_000
    assert "5,007 rules over 50,070 baskets, the 5,000 of surely highest lift shown" in subtitle(chart)
    assert "shown" not in subtitle(chart_rules(many_rules(9)))
    kept = chart_rules(many_rules(30), most=10)
    static = plot_rules(many_rules(30)).axes[0].collections[0].get_offsets()[-10:]  # drawn last: the surest
    np.testing.assert_allclose(list(zip(column(kept, "support"), column(kept, "confidence"))), static)


def test_the_graph_has_the_places_of_the_static_one_and_tells_both_directions() -> None:
    graph = _graph()
    chart = graph.plot(interactive=True, top=4)
    axes = plot_graph(graph, top=4).axes[0]
    nodes = rows(chart, "product")
    np.testing.assert_allclose([(row["x"], row["y"]) for row in nodes], axes.collections[1].get_offsets())
    ends = [[(row["x"], row["y"]), (row["x2"], row["y2"])] for row in rows(chart, "pair")]
    np.testing.assert_allclose(ends, [path.vertices for path in axes.collections[0].get_paths()])
    assert "4 pairs with the highest shrunk lift (of 15)" in subtitle(chart)
    for row in rows(chart, "pair"):
        a, b = row["of"]
        frame = graph.to_pandas().set_index(["antecedent", "consequent"])
        assert row["count"] == f"{frame.loc[(a, b), 'count']:,}"
        assert {b in next(node["of"] for node in nodes if node["product"] == a)} == {True}
    assert "No pair reaches" in column(graph.plot(interactive=True, min_lift=99.0), "why")[0]


def test_curves_are_those_of_the_static_picture() -> None:
    life = _life()
    chart = life.plot(interactive=True)
    line = plot_conversion(life).axes[0].lines[0]
    np.testing.assert_allclose(list(zip(column(chart, "day"), column(chart, "rate"))), np.column_stack(line.get_data()))
    assert column(chart, "converted") == ["0", "10", "18", "22", "22"]
    assert "100 eligible customers, 22 seen to convert by day 90" in subtitle(chart)
    chart = curves().plot(interactive=True)
    shown = {row["segment"]: [] for row in rows(chart, "said")}
    for row in rows(chart, "said"):
        shown[row["segment"]].append((row["day"], row["rate"]))
    drawn = [np.column_stack(line.get_data()) for line in plot_adoption(curves()).axes[0].lines if len(line.get_xdata()) > 2]
    for mine, theirs in zip(shown.values(), drawn, strict=True):
        np.testing.assert_allclose(mine, theirs)


def test_horizons_calibration_and_waterfall_are_those_of_the_static_pictures() -> None:
    table: Conversion = make_tables()["conversions"]
    chart = table.plot(interactive=True)
    line = plot_conversion(table).axes[0].lines[0]
    np.testing.assert_allclose(list(zip(column(chart, "day"), column(chart, "rate"))), np.column_stack(line.get_data()))
    bins = importlib.import_module("affinity.plots.interactive.calibration").chart_calibration(_calibration("order only"))
    line = plot_calibration(_calibration()).axes[0].lines[1]
    said = rows(bins, "promised")
    np.testing.assert_allclose([(row["predicted"], row["observed"]) for row in said], np.column_stack(line.get_data()))
    assert "order only" in subtitle(bins)
    bars = plot_waterfall(change()).axes[0].patches
    chart = change().plot(interactive=True)
    assert [(row["start"], row["end"]) for row in rows(chart, "start")] == [
        (b.get_x(), b.get_x() + b.get_width()) for b in bars
    ]
    assert column(chart, "text") == ["100.00", "+18.00", "−22.00", "96.00"]


def test_cohorts_and_power_are_those_of_the_static_pictures() -> None:
    chart = triangle().plot(interactive=True)
    texts = {text.get_text() for text in plot_cohorts(triangle()).axes[0].texts} & set(column(chart, "text"))
    assert texts == {"20%", "~40%", "~30%"} == set(column(chart, "text"))
    chart = plan().plot(interactive=True)
    line = plot_power(plan()).axes[0].lines[0]
    drawn = [(row["points"], 100 * row["chance"]) for row in rows(chart, "next")]
    np.testing.assert_allclose(drawn, np.column_stack(line.get_data()))
    assert "The test can tell nothing." in column(plan(None).plot(interactive=True), "why")


def test_what_has_no_interactive_picture_says_which_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in CHARTS.values():
        module, function = place.split(":")
        assert callable(getattr(importlib.import_module(module), function))
    with pytest.raises(
        MissingPart, match=r"no interactive picture of Products\. Pictures exist of AdoptionCurves, Calibration"
    ):
        make_tables()["products"].plot(interactive=True)
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    with pytest.raises(MissingExtra, match=r"Altair is not installed\. pip install 'affinity-engine\[plots\]'"):
        _graph().plot(interactive=True)


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_a_saved_file_asks_for_nothing_and_shows_awkward_names_as_text(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    awkward = Vocabulary.of("product", ["</script><script>document.title='owned'</script>", "<b>tea</b>", "c", "d", "e", "f"])
    table = make_rules(awkward)
    path = tmp_path / "rules.html"
    chart = table.plot(interactive=True)
    chart.save(str(path), inline=True)
    titled = chart_module.dress_chart(chart, "</script><!--", "<script>").to_dict()["title"]
    assert (titled["text"], titled["subtitle"]) == ("<\u2060/script><\u2060!--", ["<\u2060script>"])
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        picture = page.locator("canvas, svg.marks").first.bounding_box()
        told = page.locator("#vg-tooltip-element.visible")
        for place in np.ndindex(60, 40):
            page.mouse.move(*(picture[at] + picture[size] * (i + 0.5) / n
                              for at, size, i, n in zip("xy", ("width", "height"), place, (60, 40))))  # fmt: skip
            if told.count():
                break
        assert "baskets with both" in told.inner_text()
        assert "<" in told.inner_text()  # the name as written
        assert page.title() != "owned"
        browser.close()
    assert asked == [path.as_uri()]
