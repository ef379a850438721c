"""The command line: every verb on a small shop, every bad input with its message and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from affinity.cli import app as cli
from affinity.cli import main
from affinity.sample_shop import make_shop, write_shop

AS_OF = "2024-06-01"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop."""
    return write_shop(make_shop(seed=3, customers=600), tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def released(shop: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release folder that `affinity run` made of the small shop."""
    out = tmp_path_factory.mktemp("out") / "shop"
    assert call("run", shop["orders"], "--as-of", AS_OF, "--out", out).code == 0
    return out


class Called:
    """What a command left: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def call(*arguments: object) -> Called:
    """Run `affinity ARGUMENTS` in this process, as the console script does."""
    from contextlib import redirect_stderr, redirect_stdout
    from io import StringIO

    out, err, before = StringIO(), StringIO(), sys.argv
    sys.argv = ["affinity", *map(str, arguments)]
    code = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = before
    return Called(code, out.getvalue(), err.getvalue())


def test_every_verb_has_help_with_an_example() -> None:
    listed = CliRunner().invoke(cli.app, ["--help"]).output
    for command in cli.app.registered_commands:
        assert command.name is not None
        assert command.name in listed
        shown = CliRunner().invoke(cli.app, [command.name, "--help"]).output
        assert "Example:" in shown
        assert f"affinity {command.name}" in shown


def test_run_publishes_and_says_what_it_found(shop: dict[str, Path], released: Path) -> None:
    again = call("run", shop["orders"], "--as-of", AS_OF, "--out", released)
    assert again.code == 0
    for words in ("Bought together", "Bought next", "The highest-fit cross-sell", "Metrics", "Published"):
        assert words in again.out
    assert len(list((released / "releases").iterdir())) == 1
    report = json.loads((released / "current" / "report.json").read_text())
    assert report["rows_read"] == report["rows_kept"] + report["rows_set_aside"]


def test_run_says_what_it_took_from_a_state_and_refuses_one_that_keeps_nothing(shop: dict[str, Path], tmp_path: Path) -> None:
    run = ("run", shop["orders"], "--as-of", AS_OF, "--out", tmp_path / "shop", "--state", tmp_path / "state")
    refused = call(*run)
    assert refused.code == 1
    assert "Set learn_every_days" in refused.err
    assert not (tmp_path / "shop").exists()
    made = call(*run, "--learn-every-days", "7", "--json")
    assert made.code == 0
    assert "State, learnt: made: the state had none" in made.err
    assert json.loads(made.out)["report"]["learnt_as_of"] == "2024-05-30"


def test_run_prints_json_for_machines(shop: dict[str, Path], released: Path) -> None:
    made = json.loads(call("run", shop["orders"], "--as-of", AS_OF, "--out", released, "--json").out)
    assert (released / "releases" / made["release"]).is_dir()
    assert made["report"]["as_of"] == AS_OF


@pytest.mark.parametrize(
    ("verb", "more", "columns"),
    [
        ("ingest", [], {"order_id", "product_id", "ordered_at"}),
        ("mine", ["--min-count", "10"], {"itemset", "count", "support"}),
        ("mine", ["--target", "closed", "--min-count", "10", "--memory-budget", "1GB"], {"itemset", "count"}),
        ("mine", ["--top-k", "20", "--min-size", "2", "--including", "espresso machine"], {"itemset", "count"}),
        (
            "rules",
            ["--consequent", "espresso machine", "--min-confidence", "0.01", "--correction", "by"],
            {"antecedents", "consequents", "q_value"},
        ),
        ("rules", ["--min-count", "10", "--prune", "redundant"], {"antecedents", "consequents", "q_value"}),
        ("rules", ["--min-count", "10", "--min-confidence", "0.2"], {"antecedents", "consequents", "lift", "q_value"}),
        ("graph", [], {"antecedent", "consequent", "lift_eb"}),
        ("convert", ["--as-of", AS_OF, "--horizon-days", "60"], {"antecedent", "consequent", "rate", "eligible"}),
        ("recommend", ["--as-of", AS_OF, "--top-k", "3"], {"customer_id", "rank", "product_id", "fit", "reason"}),
        ("metrics", ["--by", "channel"], {"metric", "numerator", "denominator", "value"}),
        ("backtest", ["--horizon-days", "60"], {"method", "metric", "value"}),
    ],
)
def test_the_steps_write_tables(shop: dict[str, Path], tmp_path: Path, verb: str, more: list[str], columns: set[str]) -> None:
    out = tmp_path / "table.parquet"
    made = call(verb, shop["orders"], *more, "--out", out)
    assert made.code == 0, made.err
    table = pd.read_parquet(out)
    assert columns <= set(table.columns)
    assert len(table)


def test_restrictions_of_mining_hold(shop: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "table.parquet"
    call("mine", shop["orders"], "--top-k", "20", "--min-size", "2", "--including", "espresso machine", "--out", out)
    itemsets = pd.read_parquet(out)["itemset"]
    assert len(itemsets) == 20
    assert all("espresso machine" in itemset for itemset in itemsets)
    call("rules", shop["orders"], "--consequent", "espresso machine", "--min-confidence", "0.01", "--out", out)
    assert {tuple(consequents) for consequents in pd.read_parquet(out)["consequents"]} == {("espresso machine",)}
    unknown = call("mine", shop["orders"], "--excluding", "espreso machine")
    assert unknown.code == 1
    assert "espresso machine" in unknown.err


def test_metrics_as_json_by_segment(shop: dict[str, Path]) -> None:
    rows = json.loads(call("metrics", shop["orders"], "--by", "channel", "--json").out)
    assert {row["segment_by"] for row in rows} >= {None, "channel"}


def test_graph_as_graphml_and_neighbours(shop: dict[str, Path], tmp_path: Path) -> None:
    assert "edges" in call("graph", shop["orders"], "--out", tmp_path / "graph.graphml").out
    assert (tmp_path / "graph.graphml").read_text().startswith("<?xml")
    assert "consequent" in call("graph", shop["orders"], "--product", "espresso machine").out
    assert call("graph", shop["orders"], "--product", "espreso machine").code == 1


def test_one_customer_explained(shop: dict[str, Path], released: Path) -> None:
    customer = pd.read_parquet(released / "current" / "recommendations.parquet")["customer_id"].iloc[0]
    shown = call("recommend", shop["orders"], "--as-of", AS_OF, "--customer", customer, "--explain", "--top-k", "3")
    assert shown.out.startswith(customer)
    assert shown.out.count("fit") >= 3
    unknown = call("recommend", shop["orders"], "--as-of", AS_OF, "--customer", "nobody")
    assert unknown.code == 1
    assert "customer 'nobody' is not among" in unknown.err


def test_carts_orders_and_products_from_the_command_line(shop: dict[str, Path], released: Path) -> None:
    pair = pd.read_parquet(released / "current" / "also_bought.parquet").iloc[0]
    given = ["--as-of", AS_OF, "--products", f"{pair['product_id']}, {pair['recommended_id']}", "--top-k", "3"]
    cart = call("recommend", shop["orders"], "--context", "cart", *given, "--explain")
    assert cart.out.startswith("guest")
    assert "score 0." in cart.out
    beside = json.loads(call("recommend", shop["orders"], "--context", "product", *given, "--json").out)
    assert {row["product_id"] for row in beside} <= {pair["product_id"], pair["recommended_id"]}
    after = json.loads(call("recommend", shop["orders"], "--context", "order_confirmation", *given, "--json").out)
    assert [row["rank"] for row in after] == [1, 2, 3]
    assert not {pair["product_id"], pair["recommended_id"]} & {row["product_id"] for row in after}
    assert call("recommend", shop["orders"], "--context", "order_confirmation", "--as-of", AS_OF).code == 1


def test_what_value_diversity_and_caps_cost_is_printed(shop: dict[str, Path]) -> None:
    asked = ["--rank-by", "expected_value", "--diversity", "0.4", "--max-per-category", "2"]
    made = call("recommend", shop["orders"], "--as-of", AS_OF, "--product-facts", shop["products"], *asked)
    assert "Cost of rank_by and diversity and max_per_category: mean fit 0." in made.out, made.err
    plain = call("recommend", shop["orders"], "--as-of", AS_OF)
    assert "Cost" not in plain.out


def test_inspect_publish_and_doctor(released: Path, shop: dict[str, Path]) -> None:
    name = next((released / "releases").iterdir()).name
    assert name in call("inspect", released).out
    assert "order_id" in call("inspect", shop["orders"]).out
    assert name in call("publish", released).out
    assert call("publish", released, "--use", name).code == 0
    wrong = call("publish", released, "--use", "0" * 12)
    assert wrong.code == 1
    assert json.loads(call("doctor", "--json").out)["affinity"]


def write(path: Path, data: str | bytes) -> Path:
    """A file with this content."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


HEADER = "order_id,customer_id,product_id,ordered_at,quantity,unit_price\n"
GOOD = HEADER + "o1,c1,p1,2024-01-01,1,2\no1,c1,p2,2024-01-01,1,2\no2,c1,p1,2024-02-01,1,2\n"

BAD_ORDERS = {
    "missing file": (None, "no file"),
    "empty file": ("", "empty"),
    "header only": (HEADER, "no rows"),
    "missing columns": ("colour,size\nred,3\nblue,4\n", "--columns"),
    "wrong types": (HEADER + "o1,c1,p1,someday,many,cheap\n", "bad_"),
    "all rows bad": (HEADER + ",c1,p1,2024-01-01,1,2\n,c2,p1,2024-01-01,1,2\n", "missing_order_id"),
    "unreadable encoding": (GOOD.encode() + b"o3,c\xff\xfe1,p1,2024-01-01,1,2\n", "UTF-8"),
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_bad_orders_end_with_a_message_and_write_nothing(name: str, tmp_path: Path) -> None:
    data, words = BAD_ORDERS[name]
    path = tmp_path / "orders.csv" if data is None else write(tmp_path / "orders.csv", data)
    failed = call("run", path, "--out", tmp_path / "out")
    assert failed.code == 1
    assert words.lower() in failed.err.lower()
    assert "Traceback" not in failed.err
    assert not (tmp_path / "out").exists()


def test_a_directory_is_no_order_file(tmp_path: Path) -> None:
    failed = call("run", tmp_path, "--out", tmp_path / "out")
    assert (failed.code, "folder" in failed.err or "directory" in failed.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--min-support", "2"], "min_support=2"),
        (["--horizon-days", "-5"], "horizon_days=-5 is not valid"),
        (["--horizon-days", "400"], "HorizonUnobserved: horizon_days=400, but as of 2024-02-02 no customer"),
        (["--as-of", "yesterday"], "as_of='yesterday'"),
        (["--as-of", "2023-01-01"], "nothing lies before it"),
        (["--columns", "order_id"], "is no mapping"),
        (["--config", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_bad_options_end_with_a_message_and_write_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    failed = call("run", write(tmp_path / "orders.csv", GOOD), "--out", tmp_path / "out", *arguments)
    assert failed.code == 1
    assert words in failed.err
    assert not (tmp_path / "out").exists()


def test_an_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    config = write(tmp_path / "t.toml", "horizn_days = 30\n")
    failed = call("run", write(tmp_path / "orders.csv", GOOD), "--config", config, "--out", tmp_path / "out")
    assert (failed.code, "Did you mean 'horizon_days'?" in failed.err) == (1, True)
    assert not (tmp_path / "out").exists()


def test_output_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    orders = write(tmp_path / "orders.csv", GOOD)
    file = write(tmp_path / "file", "mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "letter.txt", "mine")
    for out in (file, folder):
        failed = call("run", orders, "--out", out)
        assert failed.code == 1
        assert failed.err.startswith("OutputError")
    assert file.read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_output(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    failed = call("run", write(tmp_path / "orders.csv", GOOD), "--out", locked / "out")
    assert (failed.code, failed.err.startswith("OutputError")) == (1, True)


def test_lines_of_the_future_need_an_as_of(tmp_path: Path) -> None:
    orders = write(tmp_path / "orders.csv", GOOD + "o9,c1,p1,2999-01-01,1,2\n")
    failed = call("run", orders, "--out", tmp_path / "out")
    assert failed.code == 1
    assert "--as-of" in failed.err or "as_of" in failed.err
    assert call("run", orders, "--as-of", "2024-03-01", "--out", tmp_path / "out").code == 0


def test_bad_usage_exits_with_2() -> None:
    assert call("run").code == 2
    assert call("runn").code == 2


def test_a_small_shop_runs(tmp_path: Path) -> None:
    """One customer, two products: nothing to learn from, and still a release."""
    made = call("run", write(tmp_path / "orders.csv", GOOD), "--out", tmp_path / "out")
    assert made.code == 0, made.err


def test_the_console_script_starts_quickly_and_imports_lazily() -> None:
    code = "import sys, affinity; print(sorted({'pandas', 'numba', 'scipy', 'duckdb', 'pyarrow'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
