"""`affinity metrics`: the table, a change, the tree, interventions, and what a metric is."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from affinity.sample_shop import make_shop, write_shop
from tests.cli.test_verbs import Called, call


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop."""
    return write_shop(make_shop(seed=3, customers=600), tmp_path_factory.mktemp("shop"))


def ask(shop: dict[str, Path], *more: object) -> Called:
    """`affinity metrics ORDERS …` as of a day in the middle, with the customer file."""
    return call("metrics", shop["orders"], "--as-of", "2024-06-01", "--customers", shop["customers"], *more)


def test_a_change_tells_both_periods_and_what_drove_it(shop: dict[str, Path]) -> None:
    said = ask(shop, "--by", "segment", "--compare", "previous")
    assert said.code == 0, said.err
    for words in (
        "rate_effect",
        "2023-12-04/2024-03-03  against  2024-03-03/2024-06-01",
        "├─ × Conversion",
        "mix",
        "home barista",
    ):
        assert words in said.out
    rows = json.loads(ask(shop, "--by", "segment", "--compare", "2024-01-01/2024-03-31", "--json").out)
    one = next(row for row in rows if row["metric"] == "multi_product_rate" and row["segment"] is None)
    assert one["points"] == pytest.approx(one["after"] - one["before"])
    assert one["points"] == pytest.approx(one["rate_effect"] + one["mix_effect"])


def test_the_tree_as_text_picture_and_table(shop: dict[str, Path], tmp_path: Path) -> None:
    said = ask(shop, "--tree", "--owner", "conversion=success team")
    assert "[success team]" in said.out
    assert "└─ × Value of each" in said.out
    for name in ("tree.svg", "tree.png"):
        made = ask(shop, "--tree", "--compare", "previous", "--by", "segment", "--out", tmp_path / name)
        assert made.code == 0, made.err
        assert (tmp_path / name).stat().st_size > 10_000
    assert ask(shop, "--tree", "--by", "segment", "--by", "region", "--out", tmp_path / "tree.parquet").code == 0
    table = pd.read_parquet(tmp_path / "tree.parquet")
    whole = table[(table.node == "cross_sell_revenue") & table.segment.isna()].value.item()
    parts = table[(table.node == "cross_sell_revenue") & table.segment.notna()]
    assert parts.value.sum() == pytest.approx(whole)
    assert parts.segment.str.contains(" · ").all()


def test_the_tree_with_offers_has_reach(shop: dict[str, Path]) -> None:
    rows = json.loads(
        call("metrics", shop["orders"], "--as-of", "2024-03-15", "--offers", shop["offers"], "--tree", "--json").out
    )
    value = {row["node"]: row["value"] for row in rows if row["segment"] is None}
    product = value["eligible_customers"] * value["reach"] * value["conversion"] * value["value_each"]
    assert product == pytest.approx(value["cross_sell_revenue"])
    assert 0 < value["reach"] < 1


def test_interventions_are_labelled(shop: dict[str, Path], tmp_path: Path) -> None:
    record = tmp_path / "done.toml"
    record.write_text(
        '[[intervention]]\ndate = 2024-03-15\nnode = "conversion"\nwhat = "new page"\nsegment = "host"\n'
        'comparison_segment = "camper"\n[[intervention]]\ndate = 2024-03-15\nnode = "value_each"\nwhat = "prices"\n'
        'segment = "keen baker"\n'
    )
    said = ask(shop, "--by", "segment", "--interventions", record)
    assert said.code == 0, said.err
    assert said.out.startswith("difference_in_differences: new page in host")
    assert "Only 78 days have been observed, against 90 before." in said.out
    record.write_text('[[intervention]]\ndate = 2023-01-20\nnode = "conversion"\nwhat = "too early"\n')
    early = ask(shop, "--interventions", record)
    assert early.code == 1
    assert "no window of 90 days before it" in early.err


def test_a_metric_is_explained_without_orders_and_with_them(shop: dict[str, Path]) -> None:
    plain = call("metrics", "--explain", "multi_product_rate")
    for words in ("formula", "population", "needs", "source"):
        assert words in plain.out
    assert "here" not in plain.out
    assert "multi_product_rate = 0." in ask(shop, "--explain", "multi_product_rate").out
    bare = ask(shop, "--explain", "cross-sell rate", "--json")
    meant = {one["metric"]: one for one in json.loads(bare.out)["may_mean"]}
    assert len(meant) > 8
    assert meant["multi_product_rate"]["values"][0]["value"] != meant["customer_cross_sell_rate"]["values"][0]["value"]
    assert "NO_OFFERS" in meant["offer_conversion_rate"]["values"][0]["note"]


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--explain", "multi_product_rat"], 1, "Did you mean 'multi_product_rate'?"),
        ([], 2, "Missing argument 'ORDERS'"),
    ],
)
def test_bad_usage_without_orders(more: list[str], code: int, said: str) -> None:
    found = call("metrics", *more)
    assert found.code == code
    assert said in found.err


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--compare", "yesterday"], 1, "'yesterday' is no period"),
        (["--compare", "2020-01-01"], 1, "is not inside the data"),
        (["--owner", "conversoin=me", "--tree"], 1, "Did you mean 'conversion'?"),
        (["--owner", "conversion", "--tree"], 2, "names no owner"),
    ],
)
def test_bad_questions_are_answered(shop: dict[str, Path], more: list[str], code: int, said: str) -> None:
    found = ask(shop, *more)
    assert found.code == code
    assert said in found.err


def test_everybody_comes_first_and_what_hides_a_change_is_said(shop: dict[str, Path], tmp_path: Path) -> None:
    said = ask(shop, "--by", "segment").out.splitlines()
    segments = [line for line in said if " segment " in line and "segment_by" not in line]
    assert said.index(segments[0]) > next(i for i, line in enumerate(said) if "cohort_adoption_rate" in line)
    plain = call("metrics", shop["orders"], "--config", write(tmp_path / "t.toml", "[metrics]\nby = []\n")).out
    assert "None" not in plain
    assert "segment_by" in plain  # campaigns and cohorts are splits of their own
    overlapping = ask(shop, "--compare", "2024-02-01/2024-04-01")
    assert "Warning: The periods 2024-02-01/2024-04-01 and 2024-03-03/2024-06-01 have 29 days in common" in overlapping.err
    assert "Warning" not in ask(shop, "--compare", "previous").err


def test_a_picture_is_of_the_tree_and_a_file_does_not_hide_the_text(shop: dict[str, Path], tmp_path: Path) -> None:
    wrong = ask(shop, "--out", tmp_path / "metrics.svg")
    assert (wrong.code, "add --tree" in wrong.err) == (2, True)
    said = ask(shop, "--tree", "--out", tmp_path / "tree.csv").out
    assert "└─ × Value of each" in said
    assert "(no rows)" not in said
    assert said.splitlines()[-1].startswith("Wrote ")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
