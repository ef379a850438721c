"""`affinity campaign plan` and `measure`: the sample shop end to end, and bad input with its message."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from affinity.cli import app as cli
from affinity.sample_shop import make_shop, write_shop
from tests.cli.test_verbs import call


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_shop(make_shop(seed=5, customers=500), tmp_path_factory.mktemp("campaign"))


def test_both_verbs_have_help_with_examples() -> None:
    for verb in ("plan", "measure"):
        shown = CliRunner().invoke(cli.app, ["campaign", verb, "--help"]).output
        assert "Example:" in shown
        assert f"affinity campaign {verb}" in shown


def test_the_sample_shop_from_plan_to_verdict(shop: dict[str, Path], tmp_path: Path) -> None:
    plan, audience, picture = tmp_path / "plan.json", tmp_path / "audience.csv", tmp_path / "plan.png"
    done = call(
        "campaign", "plan", shop["orders"], "--as-of", "2024-06-01", "--horizon-days", "30", "--budget", "100", "--cost", "1",
        "--cost", "dish soap=2", "--capacity", "30", "--where", "region=north", "--where", "region=east", "--customers",
        shop["customers"], "--holdout", "0.3", "--out", plan, "--audience", audience, "--plot", picture,
    )  # fmt: skip
    assert done.code == 0, done.err
    for words in ("are held out", "Expected, by product:", "power", f"Wrote {plan}."):
        assert words in done.out
    frame = pd.read_csv(audience)
    assert set(frame.region) == {"north", "east"}
    assert set(frame.arm) == {"treated", "control"}
    assert frame.reason.notna().all()
    assert frame.cost.sum() <= 100
    assert set(frame[frame.product_id == "dish soap"].cost) <= {2.0}
    assert picture.read_bytes().startswith(b"\x89PNG")
    out, effects = tmp_path / "effects.parquet", tmp_path / "effects.png"
    done = call(
        "campaign", "measure", shop["orders"], "--plan", plan, "--as-of", "2024-08-01", "--by", "region", "--out", out,
        "--plot", effects,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.startswith("[randomised]")
    assert effects.read_bytes().startswith(b"\x89PNG")
    assert {"east", "north"} <= set(pd.read_parquet(out).segment.dropna())
    early = call("campaign", "measure", shop["orders"], "--plan", plan, "--as-of", "2024-06-20")
    assert early.code == 1
    assert early.err.startswith("HorizonUnobserved: The campaign of 2024-06-01")


def test_json_for_machines(tmp_path: Path) -> None:
    fits, outcomes = tmp_path / "fits.csv", tmp_path / "outcomes.csv"
    pd.DataFrame({"customer_id": [f"c{i}" for i in range(50)], "product_id": "tea", "fit": 0.1}).to_csv(fits, index=False)
    plan = tmp_path / "p.json"
    done = call("campaign", "plan", "--fits", fits, "--size", "40", "--out", plan, "--json")
    assert json.loads(done.out)["info"]["sizes"] == {"audience": 40, "treated": 36, "control": 4}
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in range(50)], "bought": [1, 0] * 25})
    frame.to_csv(outcomes, index=False)
    done = call("campaign", "measure", "--outcomes", outcomes, "--map", "converted=bought", "--plan", plan, "--json")
    found = json.loads(done.out)
    assert found["info"]["label"] == "randomised"
    assert found["info"]["ignored_customers"] == 10


def test_hillstrom_as_in_the_help(shared_data: Path) -> None:
    done = call(
        "campaign", "measure", "--outcomes", shared_data / "offers" / "hillstrom.parquet", "--map",
        "arm=segment,converted=visit,revenue=spend", "--control", "No E-Mail", "--treated", "Womens E-Mail", "--randomised",
        "--by", "newbie", "--cost", "2000",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "+4.52 points (95% interval +3.89 points to +5.16 points)" in done.out
    assert "Incremental revenue / cost" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["plan"], 1, "orders, a release, or fits"),
        (["plan", "--fits", "nowhere.csv"], 1, "nowhere.csv"),
        (["plan", "--fits", "x.csv", "--cost", "a=b"], 2, "no number"),
        (["plan", "--fits", "x.csv", "--where", "region"], 2, "COLUMN=VALUE"),
        (["plan", "--fits", "x.csv", "--holdout", "1"], 1, "holdout"),
        (["measure"], 1, "orders or by outcomes"),
        (["measure", "--outcomes", "x.csv", "--plan", "nowhere.json"], 1, "nowhere.json"),
        (["measure", "--outcomes", "x.csv", "--level", "2"], 2, "level"),
    ],
)
def test_bad_usage_is_explained(arguments: list[str], code: int, words: str) -> None:
    failed = call("campaign", *arguments)
    assert failed.code == code
    assert words in failed.err
    assert "Traceback" not in failed.err
