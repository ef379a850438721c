"""Rules, segments, metric tree and trust: what they show, against the release's files by obvious pandas."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity.ingest.clean import EXPORT_REASONS, REASONS
from affinity.release import latest_backtest, publish_backtest
from affinity.release.verify import manifest_checksum
from affinity.serve.page import overview
from affinity.serve.page.desk import Desk
from affinity.serve.page.heat import Cell, Figure, judge_cells
from affinity.serve.page.rule_query import RuleFilter, RuleQuery, count_rules, list_rules, measure_columns, shrunk_lifts
from affinity.serve.page.segments import list_pairs, read_rows
from affinity.serve.page.tree import describe_change, find_change, find_tree, tell_apart
from affinity.serve.page.trust import describe_backtest, describe_fit, list_states
from affinity.serve.shelf import Shelf
from affinity.statistics.intervals import wilson_interval
from tests.serve.conftest import AS_OF, Served, run_shop, serving, visiting


@pytest.fixture(scope="module")
def home(shop: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with segments, and a product whose name is a formula."""
    products = pd.read_csv(shop["products"], dtype=str, keep_default_na=False)
    products.loc[products.product_id == "kitchen towels", "name"] = "=1+1<script>alert(1)</script>"
    folder = tmp_path_factory.mktemp("views") / "shop"
    asked = {"products": products, "conversion": {"by": "channel"}, "metrics": {"by": ("tenure", "channel")}}
    run_shop({**shop, **asked}, **{name: asked[name] for name in ("conversion", "metrics")}).publish(folder)
    return folder


@pytest.fixture(scope="module")
def desk(home: Path) -> Desk:
    """The release as views read it."""
    return Desk(Shelf(af.open_release(home)), clock=lambda: 1.75e9)


@pytest.fixture(scope="module")
def seen(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server over it."""
    with serving(home, tmp_path_factory.mktemp("events")) as found:
        yield found


def rules_of(desk: Desk) -> pd.DataFrame:
    """Its rules, with the lower bound of confidence and the gain worked out."""
    rules = desk.release.table("rules")
    lower, _ = wilson_interval(rules["count"], rules.antecedent_count)
    baskets = rules["count"] / rules.support
    size = rules.antecedents.map(len) + rules.consequents.map(len)
    return rules.assign(lower=lower, gain=lower - rules.consequent_count / baskets, size=size)


def test_rules_stand_in_an_honest_order(desk: Desk) -> None:
    rules = rules_of(desk).assign(rest=lambda found: ~(found.q_value <= 0.05))
    assert rules.rest.nunique() == 2
    order = rules.sort_values(["rest", "gain"], ascending=[True, False], kind="stable")
    shown = list_rules(desk, RuleQuery(), 20, 50)
    assert [tuple(one["antecedents"]) for one in shown] == order.antecedents.tolist()[20:70]
    np.testing.assert_allclose([one["gain"] for one in shown], order.gain[20:70], rtol=1e-9)
    np.testing.assert_allclose([one["confidence_lower"] for one in shown], order.lower[20:70], rtol=1e-9)


def test_every_measure_sorts_both_ways(desk: Desk) -> None:
    rules = rules_of(desk)
    for name in measure_columns(desk):
        for down in (True, False):
            shown = [one[name] for one in list_rules(desk, RuleQuery(sort=name, down=down), 0, 10_000)]
            assert len(shown) == len(rules)
            known = [value for value in shown if value is not None]
            if name != "gain":
                assert known == sorted(known, reverse=down), name


def test_a_filter_keeps_what_it_says_and_counts_what_it_hides(desk: Desk) -> None:
    asked = RuleFilter(antecedent="TEA", consequent="script", min_count=4, min_confidence=0.12, max_q=0.9, max_size=2)
    rules, names = rules_of(desk), desk.release.table("products").set_index("product_id").name
    parts = {
        "antecedent": rules.antecedents.map(lambda side: any("tea" in f"{one} {names[one]}".lower() for one in side)),
        "consequent": rules.consequents.map(lambda side: any("script" in f"{one} {names[one]}".lower() for one in side)),
        "min_count": rules["count"] >= 4,
        "min_confidence": rules.confidence >= 0.12,
        "max_q": rules.q_value <= 0.9,
        "max_size": rules["size"] <= 2,
    }
    counts = count_rules(desk, asked)
    kept = pd.DataFrame(parts).all(axis=1)
    assert counts["total"] == len(rules)
    assert counts["matched"] == int(kept.sum())
    assert {name: counts[name] for name in parts} == {name: int((~mask).sum()) for name, mask in parts.items()}
    for name, mask in parts.items():
        one = RuleFilter(**{name: getattr(asked, name)})
        shown = list_rules(desk, RuleQuery(one), 0, 10_000)
        assert 0 < len(shown) == int(mask.sum()), name
        assert {(*row["antecedents"], *row["consequents"]) for row in shown} == {
            (*a, *c) for a, c in zip(rules.antecedents[mask], rules.consequents[mask])
        }


def test_the_shrunk_lift_of_a_pair_is_that_of_pairs(desk: Desk) -> None:
    shown = list_rules(desk, RuleQuery(), 0, 10_000)
    pairs = desk.release.table("pairs").set_index(["antecedent", "consequent"])
    found = shrunk_lifts(desk, shown)
    assert len(found) > 10
    for key, one in found.items():
        for name in ("lift_eb", "lift_eb_lower", "lift_eb_upper"):
            assert one[name] == pairs[name][key] or (one[name] is None and np.isnan(pairs[name][key]))


def test_downloads_hold_the_rules_shown_and_no_formula(desk: Desk, seen: Served) -> None:
    asked = "?consequent=script&sort=confidence&down=1"
    rules = rules_of(desk)
    rules = rules[rules.consequents.map(lambda side: "kitchen towels" in side)]
    order = rules.sort_values("confidence", ascending=False, kind="stable")
    answer = seen.client.get(f"/page/rules.csv{asked}")
    assert answer.headers["content-disposition"] == f'attachment; filename="rules-{desk.id}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    table = pd.read_csv(io.BytesIO(answer.content), keep_default_na=False)
    assert table.antecedents.tolist() == [" + ".join(side) for side in order.antecedents]
    np.testing.assert_allclose(table.confidence, order.confidence)
    alone = [side == ("kitchen towels",) for side in order.consequents]
    assert set(table.consequents_names[alone]) == {"'=1+1<script>alert(1)</script>"}
    assert not table.consequents_names.str.match("[=+@-]").any()
    other = pd.read_parquet(io.BytesIO(seen.client.get(f"/page/rules.parquet{asked}").content))
    assert [tuple(side) for side in other.antecedents] == order.antecedents.tolist()
    assert {tuple(side) for side in other.consequents_names[alone]} == {("=1+1<script>alert(1)</script>",)}
    nothing = seen.client.get("/page/rules.csv?antecedent=nothing-has-this-name")
    assert nothing.status_code == 200
    assert nothing.text.count("\n") == 1


@pytest.mark.parametrize(
    "address",
    ["rules?sort=x", "rules?sort=lift;drop", "rules?min_count=abc", "rules?min_count=1.5", "rules?offset=-1", "rules?max_q=nan",
     "rules?offset=1e10", "rules?min_confidence=101", "rules?down=yes", f"rules?antecedent={'a' * 101}", "rules.csv?max_size=1",
     "rules.parquet?sort=x", "segments?by=x", "segments?metric=x", "segments?horizon=7"],
)  # fmt: skip
def test_a_bad_question_is_said_to_be_one(seen: Served, address: str) -> None:
    answer = seen.client.get(f"/page/{address}")
    assert answer.status_code == 400
    assert "cannot be read" in answer.text


@pytest.mark.parametrize(
    "address",
    ["rules?offset=1000000000", "rules?antecedent=%3Cscript%3Ealert(1)%3C/script%3E", "rules?consequent=%25_'\"--",
     "rules?sort=",
     "rules?unknown=1", "rules?min_count=&max_q=", "segments?by=&metric=", "tree?by=x", "trust?x=%00", "rules?antecedent=%00"],
)  # fmt: skip
def test_a_strange_question_is_harmless(seen: Served, address: str) -> None:
    answer = seen.client.get(f"/page/{address}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_cells_are_told_apart_only_beyond_chance() -> None:
    whole = Figure(0.5, 0.49, 0.51)
    random = np.random.default_rng(1)
    noise = [Figure(v, v - 0.0196, v + 0.0196) for v in 0.5 + 0.01 * random.standard_normal(400)]
    cells = [*noise, Figure(0.6, 0.58, 0.62), Figure(0.3, 0.29, 0.31), Figure(0.5, None, None), Figure(None, None, None)]
    few = [*[False] * len(cells), True]
    found = judge_cells([(cell, whole, thin) for cell, thin in zip([*cells, Figure(0.9, 0.88, 0.92)], few)])
    assert sum(one.state in ("low", "high") for one in found[:400]) <= 1
    assert found[400:] == [Cell("high", 2), Cell("low", 3), Cell("unjudged"), Cell("none"), Cell("few")]
    assert judge_cells([]) == []
    assert judge_cells([(Figure(1.0, 1.0, 1.0), Figure(1.0, 1.0, 1.0), False)]) == [Cell("same")]


def test_the_heat_map_shows_the_metrics_of_the_release(desk: Desk) -> None:
    metrics = desk.release.table("metrics")
    for by in ("tenure", "channel"):
        mine = metrics[metrics.segment_by == by]
        rows = read_rows(desk, by)
        assert {(row["metric"], name) for row in rows for name in row["cells"]} == set(zip(mine.metric, mine.segment))
        for row in rows:
            for name, cell in row["cells"].items():
                one = mine[(mine.metric == row["metric"]) & (mine.segment == name)].iloc[0]
                total = metrics[(metrics.metric == row["metric"]) & metrics.segment_by.isna()].iloc[0]
                if cell["state"] in ("low", "high"):
                    assert (one.value < total.value) == (cell["state"] == "low")
                    assert one.upper < total.lower or total.upper < one.lower
                if "SMALL_CELL" in str(one.note):
                    assert cell["style"] == "few"
                    assert "%" not in cell["said"]


def test_pairs_by_segment_put_reversals_first(desk: Desk) -> None:
    class Asked:
        query_params: dict[str, str] = {"horizon": "90"}  # noqa: RUF012

    table = desk.release.table("segment_conversions")
    mine = table[table.horizon_days == 90]
    found = list_pairs(desk, Asked())  # type: ignore[arg-type]
    assert found["reversed"] == len(mine[mine.reversal].groupby(["antecedent", "consequent"]))
    flags = [bool(row["reversal"]) for row in found["rows"]]
    assert flags == sorted(flags, reverse=True)
    assert len(found["rows"]) == min(15, len(mine.groupby(["antecedent", "consequent"])))


def test_the_tree_and_its_change_add_up(desk: Desk) -> None:
    tree, change = find_tree(desk), find_change(desk)
    assert tree is not None
    assert change is not None
    rows = desk.release.table("metric_change")
    everybody = rows[rows.segment.isna()].set_index("node")
    root = change.nodes[0]
    parts = everybody.contribution[[*root.parts, "came_or_went"]].sum()
    assert parts == pytest.approx(everybody.after[root.name] - everybody.before[root.name])
    described = describe_change(change)
    assert [row["label"] for row in described["rows"]] == [node.label for node in change.nodes]
    largest = rows[(rows.node == root.name) & rows.segment.notna()].contribution.abs().max()
    assert abs(change.contribution_of(root.name, described["segments"][0]["name"])) == pytest.approx(largest)
    published = desk.release.table("metric_tree")
    assert tree.value_of("customers") == published[(published.node == "customers") & published.segment.isna()].value.iloc[0]


def test_calibration_and_ledger_are_those_of_the_files(desk: Desk) -> None:
    found = describe_fit(desk)
    assert found is not None
    table = desk.release.table("calibration")
    lower, upper = wilson_interval(table.observed * table.rows, table.rows)
    assert [row["bounds"] for row in found["rows"]] == list(zip(lower.tolist(), upper.tolist()))
    assert found["outside"] == int(((table.predicted < lower) | (table.predicted > upper)).sum())
    assert found["slope"] == desk.report["fit"]["calibration_slope"]
    ledger = desk.release.table("ledger")
    states = list_states(desk)
    assert states["total"] == ledger.pairs.sum()
    assert sum(row["pairs"] for row in states["rows"]) == states["total"]
    assert len(states["rows"]) + len(states["unused"]) == len(ledger)
    assert all(row["means"] for row in states["rows"])


def test_a_backtest_stands_beside_the_release(shop: dict[str, Path], home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(home, folder, symlinks=True)
    table = af.backtest(shop["orders"], as_of=AS_OF, horizon_days=60)
    path = publish_backtest(folder, table)
    assert path == folder / "backtest" / f"{AS_OF}.json"
    read = latest_backtest(folder, AS_OF)
    assert read is not None
    pd.testing.assert_frame_equal(read.to_pandas(), table.to_pandas(), check_dtype=False)
    said = describe_backtest(read, AS_OF)
    assert not said["other_day"]
    fit = next(row for row in said["groups"][0]["rows"] if row["is_first"])
    assert fit["ndcg"][0] == table.find("fit", "ndcg")[0]
    for row in said["groups"][0]["rows"]:
        if not row["is_first"] and row["lead"][0] is not None:
            assert row["lead"] == table.find(f"fit − {row['name']}", "ndcg")
            assert (row["said"] == "not told apart") == (row["lead"][1] <= 0 <= row["lead"][2])
    with serving(folder, tmp_path / "events") as served:
        page = served.client.get("/page/trust").text
        assert "this engine" in page
        assert served.client.get("/page/trust/backtest.svg?dark=1").headers["content-type"] == "image/svg+xml"
        path.write_text(json.dumps({"info": {}, "columns": {}}))
        damaged = served.client.get("/page/trust")
        assert damaged.status_code == 200
        assert "is damaged" in damaged.text
    with pytest.raises(af.errors.ReleaseError, match="holds no release"):
        publish_backtest(tmp_path, table)


def leave_out(release: Path, name: str) -> None:
    """Make ``release`` one of a version that knew no such file."""
    manifest = json.loads((release / "manifest.json").read_text())
    del manifest["files"][name]
    manifest["checksum"] = manifest_checksum(manifest)
    (release / "manifest.json").write_text(json.dumps(manifest))
    (release / name).unlink()


def test_an_old_or_bare_release_says_what_it_lacks(home: Path, tmp_path: Path) -> None:
    baskets = tmp_path / "baskets.csv"
    baskets.write_text("bread,milk,butter\nbread,milk\nmilk\nbread,butter\n" * 30)
    af.run(baskets).publish(tmp_path / "bare")
    old = tmp_path / "old"
    shutil.copytree(home, old, symlinks=True)
    leave_out(old / "current", "metric_change.parquet")
    for folder, said in ((tmp_path / "bare", "No metric tree"), (old, "Run again to publish it")):
        with serving(folder, tmp_path / "events") as served:
            assert said in served.client.get("/page/tree").text
            assert served.client.get("/page/tree/change.svg").status_code == 404
            for address in ("rules", "segments", "trust"):
                assert served.client.get(f"/page/{address}").status_code == 200, address


def test_rules_in_a_browser_by_keyboard(browser: Any, seen: Served) -> None:
    with visiting(browser, seen, accept_downloads=True) as page:
        page.goto("/page/rules")
        heads = page.locator("#rules thead th[aria-sort]")
        assert heads.count() == 1
        link = page.locator("#rules thead a", has_text="Confidence")
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**sort=confidence**")
        page.wait_for_selector('#rules th[aria-sort="descending"]:has-text("Confidence")')
        page.get_by_label("Then also").fill("kitchen towels")
        page.keyboard.press("Enter")
        page.wait_for_url("**consequent=kitchen*")
        assert "hidden by the filter" in page.inner_text("#found")
        with page.expect_download() as caught:
            page.get_by_role("link", name="as CSV").click()
        assert caught.value.suggested_filename.endswith(".csv")
        assert "sort=confidence" in page.url
        page.locator("ul.terms button").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("ul.terms .said").first.is_visible()


def test_segments_are_chosen_without_javascript(browser: Any, seen: Served) -> None:
    with visiting(browser, seen, java_script_enabled=False) as page:
        page.goto("/page/segments")
        page.get_by_label("Segments by").select_option("channel")
        page.get_by_role("combobox", name="Metric").select_option("repeat_customer_rate")
        page.get_by_role("button", name="Show").first.click()
        assert "by=channel" in page.url
        assert "Repeat customer rate by channel" in page.inner_text("main")
        assert page.locator("#heat tbody th[scope=row]").count() >= 2


def test_a_download_leaves_nothing_behind(seen: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with httpx.Client(base_url=seen.client.base_url, timeout=30) as client:
        assert client.get("/page/rules.parquet").status_code == 200
    until = time.monotonic() + 30  # the file goes after the last byte was sent
    while list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_tree_and_a_change_of_other_headlines_are_told_apart(desk: Desk) -> None:
    tree, change = find_tree(desk), find_change(desk)
    assert tree is not None
    assert change is not None
    same = replace(change, nodes=(replace(change.nodes[0], label=tree.root.label), *change.nodes[1:]))
    assert tell_apart(tree, same) == tell_apart(None, change) == tell_apart(tree, None) == ""
    other = replace(change, nodes=(replace(change.nodes[0], label="Revenue of all"), *change.nodes[1:]))
    assert "all revenue of all" in tell_apart(tree, other)
    assert f"{tree.root.label.lower()} only" in tell_apart(tree, other)


def test_intervals_of_shrunk_figures_are_called_what_they_are(seen: Served) -> None:
    pair = seen.client.get("/page/pair", params={"from": "espresso machine", "to": "descaling tablets"}).text
    assert "as fast as similar buyers</p>" not in pair
    assert re.search(r"as fast as similar buyers, 90 % interval ×[\d.]+ to ×[\d.]+", pair)
    assert "Compared, 90 % interval" in seen.client.get("/page/products/espresso%20machine").text


def test_every_reason_for_setting_rows_aside_is_explained(desk: Desk) -> None:
    reasons = overview.read_reasons(desk)
    assert {name: rows for name, _, rows in reasons} == desk.report["reasons"]
    assert all(means for _, means, _ in reasons)
    assert overview.LATER.keys().isdisjoint({**REASONS, **EXPORT_REASONS})
