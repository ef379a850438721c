"""What is interrupted: a state before, what is done to it, what must hold after a fault, and after the next run."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affinity.campaigns import read_plan, write_plan
from affinity.cli import app as cli
from affinity.release import (
    check_output,
    list_releases,
    open_release,
    publish_backtest,
    release_id,
    use_release,
    write_release,
    write_table,
)
from affinity.release.backtests import latest_backtest
from affinity.release.feeds import check_feed, write_feed
from affinity.state import LOCK, MARKER, Part, open_state
from affinity.tables import Backtest, CampaignPlan
from tests.release.content import REPORT, make_identity, make_tables, make_vocabularies

OLD, NEW = make_identity(0), make_identity(1)


@dataclass(frozen=True)
class Scenario:
    """prepare : makes the folder; act : what a fault strikes; intact : after it; done : after acting once more; has_threads :
    acting starts threads that a fork would lose"""

    prepare: Callable[[Path], Any]
    act: Callable[[Path], Any]
    intact: Callable[[Path], None]
    done: Callable[[Path], None]
    has_threads: bool = False


def publish(folder: Path, identity: dict[str, Any], seed: int = 0, keep: int = 5) -> Path:
    """One small release."""
    return write_release(folder, make_tables(seed), report=REPORT, identity=identity, keep=keep)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _shop_is(*ids: str) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        assert open_release(folder / "shop").id == ids[0]
        assert {one["id"] for one in list_releases(folder / "shop")} == set(ids)
        for one in ids:
            open_release(folder / "shop" / "releases" / one)
        assert _names(folder / "shop") == {"releases", "current", ".affinity-lock"}
        assert _names(folder / "shop" / "releases") == set(ids)

    return check


def _whole_or_none(folder: Path) -> None:
    check_output(folder / "shop")
    if (folder / "shop" / "current").exists():
        open_release(folder / "shop")


def _whole(folder: Path) -> None:
    check_output(folder / "shop")
    assert open_release(folder / "shop").id in (release_id(OLD), release_id(NEW))
    open_release(folder / "shop" / "releases" / release_id(OLD))


def _whole_now(folder: Path) -> None:
    check_output(folder / "shop")
    assert open_release(folder / "shop").id in (release_id(OLD), release_id(NEW))


def _two_shops(folder: Path) -> None:
    publish(folder / "shop", OLD)
    publish(folder / "shop", NEW, 1)


def _shop_and_feed(folder: Path) -> None:
    publish(folder / "shop", OLD)
    write_feed(open_release(folder / "shop"), folder / "feed")
    publish(folder / "shop", NEW, 1)


def _feed(folder: Path) -> None:
    write_feed(open_release(folder / "shop"), folder / "feed")


def _feed_is_whole(folder: Path) -> None:
    said = json.loads((folder / "feed" / "feed.json").read_bytes())["release"]
    check_feed(folder / "feed", open_release(folder / "shop" / "releases" / said))


def _feed_is_whole_or_none(folder: Path) -> None:
    if (folder / "feed" / "feed.json").exists():
        _feed_is_whole(folder)


def _feed_is_new(*ids: str) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        check_feed(folder / "feed", open_release(folder / "shop"))
        assert _names(folder / "feed") == {"feed.json", *ids}

    return check


def make_backtest(value: float) -> Backtest:
    """One figure of a backtest."""
    texts = {name: np.array([word], dtype=object) for name, word in zip(("protocol", "at", "method", "metric"), "abcd")}
    numbers = {name: np.array([value]) for name in ("value", "lower", "upper")}
    return Backtest(**texts, **numbers, customers=np.array([3]), info={"as_of": "2025-06-30"})


def _shop_and_backtest(folder: Path) -> None:
    publish(folder / "shop", OLD)
    publish_backtest(folder / "shop", make_backtest(1.0))


def _backtest_is(*values: float) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        found = latest_backtest(folder / "shop", "2025-06-30")
        assert found is not None
        assert found.value[0] in values
        if len(values) == 1:
            assert _names(folder / "shop" / "backtest") == {"2025-06-30.json"}

    return check


def make_plan(salt: int) -> CampaignPlan:
    """A plan of two customers."""
    products, customers = make_vocabularies()
    numbers = {name: np.array([0.5, 0.25]) for name in ("fit", "value", "cost")}
    codes = {name: np.array([0, 1], dtype=np.int32) for name in ("customer", "product", "stratum")}
    reason = np.array(["a", None], dtype=object)
    treated = np.array([True, False])
    return CampaignPlan(
        **codes, **numbers, treated=treated, reason=reason, customers=customers, products=products, info={"salt": salt}
    )


def _plan_is(*salts: int) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        found = read_plan(folder / "plan.json")
        assert found.info["salt"] in salts
        if len(salts) == 1:
            assert _names(folder) == {"plan.json"}

    return check


def _table_file(ending: str) -> Scenario:
    def write(seed: int) -> Callable[[Path], Any]:
        return lambda folder: write_table(make_tables(seed)["pairs"], folder / f"pairs{ending}")

    def text(seed: int, folder: Path) -> bytes:
        aside = folder.with_name(f"expected-{seed}")
        aside.mkdir(exist_ok=True)
        return write_table(make_tables(seed)["pairs"], aside / f"pairs{ending}").read_bytes()

    def intact(folder: Path) -> None:
        assert (folder / f"pairs{ending}").read_bytes() in (text(0, folder), text(1, folder))

    def done(folder: Path) -> None:
        assert (folder / f"pairs{ending}").read_bytes() == text(1, folder)
        assert _names(folder) == {f"pairs{ending}"}

    return Scenario(write(0), write(1), intact, done)


def make_part(value: int) -> Part:
    """A part of a state: numbers, texts, plain values."""
    return Part({"numbers": np.full(50, value), "texts": np.array(["a", None], dtype=object)}, {"value": value})


def _keep(value: int, *names: str) -> Callable[[Path], Any]:
    def act(folder: Path) -> None:
        with open_state(folder / "state") as state:
            for name in names:
                state.save(name, f"key of {value}", make_part(value))

    return act


def _state_is(*values: int) -> Callable[[Path], None]:
    """Each part is whole under the key of one of the values; of a single one nothing else is there."""

    def check(folder: Path) -> None:
        for name in ("one", "two") if (folder / "state" / MARKER).exists() else ():
            with open_state(folder / "state") as state:
                found = [part for part in (state.load(name, f"key of {value}") for value in values) if part is not None]
            assert "damaged" not in state.notes[name]
            assert found or 0 in values
            assert all(part.arrays["numbers"].tolist() == [part.plain["value"]] * 50 for part in found)
        if len(values) == 1:
            assert _names(folder / "state") == {MARKER, LOCK, "one.npz", "two.npz"}

    return check


def _write_orders(folder: Path) -> Path:
    rows = [f"o{i // 2},c{i % 9},p{i % 7},2024-{i % 12 + 1:02}-03,1,2.5" for i in range(200)]
    (folder / "passing").mkdir(exist_ok=True)
    path = folder / "orders.csv"
    path.write_text("\n".join(["order_id,customer_id,product_id,ordered_at,quantity,unit_price", *rows, "o1,c1,,,,", ""]))
    return path


def _same(path: Path, expected: bytes) -> bool:
    """Whether a file is whole; a picture names its marks anew each time, so its length and end are looked at."""
    found = path.read_bytes()
    if path.suffix != ".svg":
        return found == expected
    return abs(len(found) - len(expected)) < 100 and found.endswith(b"</svg>\n")


def _verb(*words: str) -> Scenario:
    """A verb of the command line that writes files in place of others; {} in its words is the folder."""

    def act(folder: Path, words: Sequence[str] = words) -> None:
        before, tempfile.tempdir = tempfile.tempdir, str(folder / "passing")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                cli.app([word.format(folder) for word in words], standalone_mode=False)
        finally:
            tempfile.tempdir = before

    outputs = [Path(word).name for word in words if word.startswith("{}/out")]

    def prepare(folder: Path) -> None:
        _write_orders(folder)
        act(folder)
        for name in outputs:
            (folder / name).rename(folder.with_name(f"expected-{name}"))
            (folder / name).write_text("before")

    def intact(folder: Path) -> None:
        for name in outputs:
            new = folder.with_name(f"expected-{name}").read_bytes()
            assert (folder / name).read_bytes() == b"before" or _same(folder / name, new), name

    def done(folder: Path) -> None:
        for name in outputs:
            assert _same(folder / name, folder.with_name(f"expected-{name}").read_bytes()), name
        assert _names(folder) == {"passing", "orders.csv", *outputs}
        assert not any(any(entry.iterdir()) for entry in (folder / "passing").iterdir())

    return Scenario(prepare, act, intact, done, has_threads=True)


_A, _B = release_id(OLD), release_id(NEW)
SCENARIOS: dict[str, Scenario] = {
    "first publish": Scenario(lambda folder: None, lambda f: publish(f / "shop", NEW, 1), _whole_or_none, _shop_is(_B)),
    "publish": Scenario(lambda f: publish(f / "shop", OLD), lambda f: publish(f / "shop", NEW, 1), _whole, _shop_is(_B, _A)),
    "publish, keep one": Scenario(
        lambda f: publish(f / "shop", OLD), lambda f: publish(f / "shop", NEW, 1, keep=1), _whole_now, _shop_is(_B)
    ),
    "go back": Scenario(_two_shops, lambda f: use_release(f / "shop", _A), _whole, _shop_is(_A, _B)),
    "first feed": Scenario(lambda f: publish(f / "shop", NEW, 1), _feed, _feed_is_whole_or_none, _feed_is_new(_B)),
    "feed": Scenario(_shop_and_feed, _feed, _feed_is_whole, _feed_is_new(_A, _B)),
    "backtest": Scenario(
        _shop_and_backtest, lambda f: publish_backtest(f / "shop", make_backtest(2.0)),
        _backtest_is(1.0, 2.0), _backtest_is(2.0),
    ),
    **{f"table{ending}": _table_file(ending) for ending in (".parquet", ".csv", ".json")},
    "plan": Scenario(
        lambda f: write_plan(make_plan(0), f / "plan.json"), lambda f: write_plan(make_plan(1), f / "plan.json"),
        _plan_is(0, 1), _plan_is(1),
    ),
    "first state": Scenario(lambda folder: None, _keep(1, "one", "two"), _state_is(0, 1), _state_is(1)),
    "state": Scenario(_keep(0, "one", "two"), _keep(1, "one", "two"), _state_is(0, 1), _state_is(1)),
    "ingest": _verb("ingest", "{}/orders.csv", "--out", "{}/out.parquet", "--quarantine", "{}/out-aside.csv"),
    "metrics": _verb("metrics", "{}/orders.csv", "--out", "{}/out.csv"),
    "metric tree": _verb("metrics", "{}/orders.csv", "--tree", "--out", "{}/out.svg"),
}  # fmt: skip


def begin(scenario: Scenario, folder: Path) -> None:
    """The folder as the scenario begins, nothing else in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    scenario.prepare(folder)
