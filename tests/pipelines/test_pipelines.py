"""The jobs as a scheduler calls them: the release, what moved, going on after a stop; backtest; a campaign and its result."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

import affinity as af
from affinity.cli.app import app
from affinity.errors import AffinityError, ReleaseError, SettingsError
from affinity.release import adopt_release, compare_releases
from affinity.sample_shop import make_shop, write_shop

PIPELINES = Path(__file__).parents[2] / "pipelines"
EXAMPLES = PIPELINES / "examples"
QUICK = "horizon_days = 30\ntop_k = 5\n"


def job(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"job_{name}", PIPELINES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(monkeypatch: pytest.MonkeyPatch, module: Any, *arguments: Any) -> int:
    """The exit code of a job's main."""
    monkeypatch.setattr(sys, "argv", [module.__file__, *map(str, arguments)])
    try:
        module.main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    return 0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_shop(make_shop(seed=5, customers=300), tmp_path_factory.mktemp("pipelines"))


@pytest.fixture(scope="module")
def first(shop: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published release of the shop and, beside it, what the nightly job left."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "quick.toml").write_text(QUICK)
    with pytest.MonkeyPatch.context() as patch:
        assert call(patch, job("nightly"), shop["orders"], folder / "shop", "--config", folder / "quick.toml") == 0
    return folder


def copy(first: Path, to: Path) -> Path:
    shutil.copytree(first, to, symlinks=True)
    return to


def test_the_night_publishes_checks_and_goes_on_where_it_was(
    first: Path, shop: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, nightly = copy(first, tmp_path / "n"), job("nightly")
    before = af.open_release(folder / "shop").id
    assert af.open_release(folder / "shop.next").id == before
    # stopped before it published: the release is not made again
    shutil.rmtree(folder / "shop")
    with monkeypatch.context() as patch:
        patch.setattr(af, "run", lambda *_, **__: pytest.fail("made again"))
        assert call(patch, nightly, shop["orders"], folder / "shop", "--config", folder / "quick.toml") == 0
    assert af.open_release(folder / "shop").id == before
    # a third of the rows are lost, and every tenth date is broken: it is said, told to the command, and not published
    rows = pd.read_csv(shop["orders"], dtype=str)
    rows.loc[::10, "ordered_at"] = "yesterday"
    rows[: len(rows) // 2].to_csv(tmp_path / "less.csv", index=False)
    heard = folder / "heard.txt"
    config = folder / "alert.toml"
    listen = f"import sys; open('{heard}', 'w').write(sys.stdin.read())"
    config.write_text(f'{QUICK}[nightly]\nalert = ["{sys.executable}", "-c", "{listen}"]\n')
    capsys.readouterr()
    assert call(monkeypatch, nightly, tmp_path / "less.csv", folder / "shop", "--config", config) == nightly.DRIFTED == 3
    said = capsys.readouterr().err
    assert re.search(r"rows read: [\d,.e+]+ → [\d,.e+]+ \(-5\d\.\d%; at most 30\.0%\)", said)
    assert "share of rows set aside" in said
    assert "Not published" in said
    assert "rows read" in heard.read_text()
    assert af.open_release(folder / "shop").id == before
    assert call(monkeypatch, nightly, tmp_path / "less.csv", folder / "shop", "--config", config, "--accept") == 0
    assert af.open_release(folder / "shop").id == af.open_release(folder / "shop.next").id != before
    assert call(monkeypatch, nightly, tmp_path / "nowhere.csv", folder / "shop", "--config", config) == 1


def test_what_stands_still_is_not_beyond_and_limits_are_checked(first: Path) -> None:
    drift = compare_releases(first / "shop", first / "shop")
    assert drift.beyond == ()
    assert len(drift.figures) > 8
    assert {figure.change for figure in drift.figures} == {0.0}
    kinds = {figure.what.partition(" ")[0] for figure in drift.figures}
    assert {"rows", "share", "metric"} <= kinds
    assert not [each for each in compare_releases(first / "shop", first / "shop", limits={"metrics": None}).figures
                if each.what.startswith("metric")]  # fmt: skip
    with pytest.raises(SettingsError, match=r"no limit 'metric'.*metrics"):
        compare_releases(first / "shop", first / "shop", limits={"metric": 0.1})
    with pytest.raises(SettingsError, match=r"set_aside = 2 is out of range"):
        compare_releases(first / "shop", first / "shop", limits={"set_aside": 2})
    with pytest.raises(ReleaseError):
        compare_releases(first / "nowhere", first / "shop")


def test_a_damaged_release_is_not_adopted(first: Path, tmp_path: Path) -> None:
    copied = copy(first / "shop", tmp_path / "bad")
    victim = copied / "current" / "pairs.parquet"
    victim.write_bytes(victim.read_bytes()[:-9] + b"123456789")
    with pytest.raises(AffinityError, match=r"pairs\.parquet"):
        adopt_release(copied, tmp_path / "new")
    assert not (tmp_path / "new" / "current").exists()


def test_the_backtest_prints_its_methods(
    shop: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "quick.toml").write_text(QUICK)
    assert call(monkeypatch, job("backtest"), shop["orders"], "--config", tmp_path / "quick.toml") == 0
    out = capsys.readouterr().out
    assert "ndcg" in out
    assert "popularity" in out


def test_a_campaign_is_planned_waited_for_and_measured_once(
    shop: dict[str, Path], first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.toml").write_text('horizon_days = 30\n[campaign]\nname = "spring"\nholdout = 0.2\n')
    rows = pd.read_csv(shop["orders"], dtype=str)
    early = rows[rows["ordered_at"] < "2024-06-01"]
    early.to_csv(tmp_path / "early.csv", index=False)
    af.run(tmp_path / "early.csv", horizon_days=30, top_k=5).publish(tmp_path / "then")
    campaign, plans = job("campaign"), tmp_path / "campaigns"
    arguments = (tmp_path / "then", plans, "--config", tmp_path / "c.toml")
    assert call(monkeypatch, campaign, tmp_path / "early.csv", *arguments) == 0
    plan = next(plans.glob("spring-*.plan.json"))
    audience = pd.read_csv(next(plans.glob("spring-*.audience.csv")))
    assert set(audience["arm"]) == {"treated", "control"}
    frozen = plan.read_bytes()
    assert call(monkeypatch, campaign, tmp_path / "early.csv", *arguments) == 0
    assert "is running" in capsys.readouterr().out
    assert call(monkeypatch, campaign, shop["orders"], *arguments) == 0
    result = json.loads(next(plans.glob("spring-*.result.json")).read_text())
    assert result["info"]["label"] == "randomised"
    assert "was planned from this release already" in capsys.readouterr().out
    assert plan.read_bytes() == frozen


def calls(path: Path) -> list[str]:
    """The calls of `affinity` in a file, names filled in."""
    text = path.read_text(encoding="utf-8").replace("{ORDERS}", "/data/orders.parquet").replace("{SHOP}", "/srv/shop")
    return [found.strip() for found in re.findall(r"(?<![\w/-])affinity (?:campaign )?[a-z]+ /[^\"'\n>|;]*", text)]


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_what_the_examples_call_is_there(path: Path) -> None:
    if path.name == "__pycache__":
        pytest.skip("no example")
    if path.suffix == ".py":
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
    found = calls(path)
    assert len(found) >= 3
    root = typer.main.get_command(app)
    for each in found:
        name, *rest = shlex.split(each)
        parse(root, name, rest)
    with pytest.raises(Exception, match="No such"):
        parse(root, "affinity", ["run", "/data/orders.parquet", "--outt", "x"])


def parse(command: Any, name: str, arguments: list[str]) -> None:
    """Parse the arguments down to the verb without running it."""
    while hasattr(command, "commands"):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(name, arguments)


def test_calibration_and_coverage_are_looked_at_too(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from affinity.release import drift
    from affinity.release.opened import Release

    reports = {"rows_read": 10, "rows_set_aside": 1, "fit": {"expected_calibration_error": 0.004}}
    real = Release.report.func
    seen = iter([0.004, 0.030])
    said: dict[int, dict[str, Any]] = {}

    def report(release: Release) -> dict[str, Any]:
        key = id(release)
        if key not in said:
            said[key] = real(release) | reports | {"fit": {"expected_calibration_error": next(seen)}}
        return said[key]

    covered = iter([0.9, 0.5])
    monkeypatch.setattr(Release, "report", property(report))
    monkeypatch.setattr(drift, "_coverage", lambda release: next(covered))
    found = compare_releases(first / "shop", first / "shop")
    texts = [str(figure) for figure in found.beyond]
    assert texts == [
        "calibration error of fit: 0.004 → 0.03 (+2.60 points; at most 1.00 points)",
        "share of products recommended: 0.9 → 0.5 (-40.00 points; at most 10.00 points)",
    ]
