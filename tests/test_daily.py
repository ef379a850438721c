"""Daily runs on a state: whatever came since, the release is the bytes of a run without one, and the state says what it did."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import affinity as af
from affinity import ingest
from affinity.contexts import Facts, Listed
from affinity.errors import OutputError, SettingsError
from affinity.learning import facts_before, learning_day
from affinity.release.known import KnownFile, copy_known
from affinity.settings import Settings
from affinity.state import Part, State, open_state
from affinity.steps import read_past
from affinity.tables import Customers, Products
from affinity.vocabulary import Vocabulary

EVERY = 7
LEARNING_DAY = dt.date(2024, 10, 3)  # day 19,999 + 1 of the epoch is a multiple of 7


@pytest.fixture(scope="module")
def shop() -> dict[str, pd.DataFrame]:
    """A small sample shop: clean order lines with days, and the files beside them."""
    made = af.make_shop(seed=5, customers=260)
    frames = {name: pd.DataFrame(getattr(made, name)) for name in ("orders", "products", "customers", "offers")}
    orders = frames["orders"].astype({"ordered_at": str})
    orders = orders[orders["ordered_at"].str.match(r"\d{4}-\d\d-\d\d")]
    frames["orders"] = orders.reset_index(drop=True)
    return frames


def files_of(release: Path) -> dict[str, bytes]:
    """Every file of a release."""
    return {str(file.relative_to(release)): file.read_bytes() for file in sorted(release.rglob("*")) if file.is_file()}


def run_both(orders: pd.DataFrame | Path, folder: Path, as_of: dt.date, **known: Any) -> af.Result:
    """A run with the state in ``folder`` and one without: the same release. Returns the first."""
    asked = {"as_of": as_of, "learn_every_days": EVERY, **known}
    daily = af.run(orders, state=folder / "state", **asked)
    whole = af.run(orders, **asked)
    one, other = files_of(daily.publish(folder / "daily")), files_of(whole.publish(folder / "whole"))
    assert {name for name in one if one[name] != other.get(name)} == set()
    assert one.keys() == other.keys()
    return daily


def taken(result: af.Result) -> tuple[bool, bool]:
    """Whether what is learnt, and whether lists, came from the state."""
    return result.kept["learnt"].startswith("taken"), "lists taken" in result.kept["lists"]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_days_with_late_lines_returns_and_corrections_equal_full_runs(
    shop: dict[str, pd.DataFrame], tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    orders = shop["orders"]
    day = orders["ordered_at"].str[:10]
    late = rng.random(len(orders)) < 0.02  # known two days after their day only
    seen: list[tuple[bool, bool]] = []
    added = orders[:0]
    for step, as_of in enumerate(LEARNING_DAY + dt.timedelta(days=d) for d in (1, 2, 4, 8)):
        known = (day < str(as_of)) & ~(late & (day >= str(as_of - dt.timedelta(days=2))))
        old = orders[known]
        if step == 2:  # returns of orders of long ago, and a new product of a new customer
            back = old.sample(3, random_state=seed).assign(quantity="-1", ordered_at=f"{as_of - dt.timedelta(days=1)} 08:00:00")
            new = old[-1:].assign(
                order_id="new-1", customer_id="new", product_id="new thing", ordered_at=back["ordered_at"].iloc[0]
            )
            added = pd.concat([added, back, new])
        kept = run_both(pd.concat([old, added]).reset_index(drop=True), tmp_path, as_of)
        seen.append(taken(kept))
    assert seen[0] == (False, False)
    assert seen[3] == (False, False)  # the next learning day lies between
    assert any(lists for _, lists in seen)  # late lines of before the learning day make it learn anew, else lists are kept


def write_parts(orders: pd.DataFrame, folder: Path, *names: str) -> None:
    """Typed Parquet parts of the lines, cut into as many runs by time as there are names."""
    folder.mkdir(exist_ok=True)
    typed = orders.assign(ordered_at=pd.to_datetime(orders["ordered_at"], format="mixed", errors="coerce"))
    for name in ("quantity", "unit_price"):
        typed[name] = pd.to_numeric(typed[name], errors="coerce").astype(float)
    typed = typed.sort_values("ordered_at", kind="stable")
    bounds = np.linspace(0, len(typed), len(names) + 1).astype(int)
    for name, begin, end in zip(names, bounds, bounds[1:]):
        typed[begin:end].to_parquet(folder / f"{name}.parquet", index=False)


def test_parts_that_were_read_before_are_not_read_again(
    shop: dict[str, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders, folder, as_of = shop["orders"], tmp_path / "in", LEARNING_DAY + dt.timedelta(days=1)
    read: list[int] = []
    plain = ingest.read_parts

    def count(parts: ingest.ParquetParts, *rest: Any) -> ingest.PartsRead:
        read.append(len(parts.paths))
        return plain(parts, *rest)

    monkeypatch.setattr(ingest, "read_parts", count)
    said: list[str] = []

    def run() -> list[int]:
        read.clear()
        said.append(run_both(folder, tmp_path, as_of).kept["lines"])
        return read.copy()

    write_parts(orders[:2000], folder, "a", "b", "c")
    assert run() == [3]
    assert run() == []
    write_parts(orders[2000:2050], folder, "d")  # kept apart, as it is little
    assert run() == [1]
    write_parts(orders[2050:2100], folder, "e")
    assert run() == [1]
    assert run() == []
    write_parts(orders[2100:3500], folder, "f", "g")
    assert run() == [2]
    nothing = orders[:1].assign(product_id=None)
    write_parts(nothing, folder, "h")  # no row of it can be kept, which is no error among all others
    assert run() == [1, 8]
    write_parts(orders[2100:3500], folder, "g")
    assert run() == [8]
    write_parts(orders[3500:3600], folder, "0")
    assert run() == [9]
    anew = "read anew: the parts that were read before are not the first ones any more"
    assert said == [
        "made: the state had none", "3 of 3 parts not read again", "3 of 4 parts not read again",
        "4 of 5 parts not read again", "5 of 5 parts not read again", "5 of 7 parts not read again",
        "read anew: the new parts cannot be read alone", anew, anew,
    ]  # fmt: skip


def test_what_the_files_say_later_is_no_reason_to_learn_anew(shop: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    orders = shop["orders"]
    day = orders["ordered_at"].str[:10]
    first, second = LEARNING_DAY + dt.timedelta(days=1), LEARNING_DAY + dt.timedelta(days=2)
    known = {name: shop[name] for name in ("products", "customers", "offers")}
    assert taken(run_both(orders[day < str(first)], tmp_path, first, **known)) == (False, False)
    people = known["customers"].copy()
    people.loc[people.index[:5], "ended_at"] = str(first)
    result = run_both(orders[day < str(second)], tmp_path, second, **{**known, "customers": people})
    assert result.kept["learnt"] == "taken from the state"
    goods = known["products"].copy()
    goods["product_name" if "product_name" in goods else "name"] += (
        " (new)"  # only sentences name it, and they are written anew
    )
    goods["category"] = "other"
    result = run_both(orders[day < str(second)], tmp_path, second, **{**known, "customers": people, "products": goods})
    assert taken(result) == (True, False)  # the category is ranking's


def test_learning_every_day_is_learning_at_as_of(shop: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    known = {name: shop[name] for name in ("products", "customers", "offers")} | {"as_of": "2024-10-05"}
    segment = {"fit": {"segment": "segment"}} if "segment" in shop["customers"] else {}
    plain = files_of(af.run(shop["orders"], **known, **segment).publish(tmp_path / "plain"))
    daily = files_of(af.run(shop["orders"], **known, **segment, learn_every_days=1).publish(tmp_path / "daily"))
    differ = {name for name in plain if plain[name] != daily.get(name)}
    assert differ <= {"manifest.json", "report.json", "serving/shop.json"}, differ  # these hold the setting, and the day


def test_other_settings_do_not_share_what_is_kept(shop: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    orders, as_of = shop["orders"], LEARNING_DAY + dt.timedelta(days=1)
    asked: dict[str, Any] = {"as_of": as_of, "learn_every_days": EVERY, "state": tmp_path / "state"}
    af.run(orders, **asked)
    again = af.run(orders, **asked, top_k=3)
    assert taken(again) == (True, False)  # how many are shown changes lists, nothing that is learnt
    other = af.run(orders, **asked, fit={"ridge": 200})
    assert taken(other) == (False, False)
    assert other.kept["learnt"] == "made anew: its lines or settings changed"


@pytest.fixture
def part() -> Part:
    """A small part with numbers, texts and None."""
    texts = np.array(["tea", None, "Łódź", "tea"], dtype=object)
    return Part(
        {"numbers": np.arange(5.0), "texts": texts, "none": np.empty(0, dtype=object)}, {"day": 3, "names": ["a", None]}
    )


def test_a_part_is_read_as_it_was_kept(tmp_path: Path, part: Part) -> None:
    with open_state(tmp_path / "state") as state:
        state.save("part", "key", part)
        found = state.load("part", "key")
        assert state.load("part", "another key") is None
    assert found is not None
    assert found.arrays["numbers"].tolist() == part.arrays["numbers"].tolist()
    assert found.arrays["texts"].tolist() == part.arrays["texts"].tolist()
    assert found.arrays["none"].tolist() == []
    assert found.plain == part.plain
    assert found.arrays["numbers"].flags.aligned
    assert not found.arrays["numbers"].flags.owndata  # mapped, not copied
    with np.load(tmp_path / "state" / "part.npz") as plain:  # a plain archive, whoever reads it
        assert plain["numbers"].tolist() == part.arrays["numbers"].tolist()


@pytest.mark.parametrize("harm", ["cut short", "one byte", "empty", "something else"])
def test_a_damaged_part_is_named_and_not_used(tmp_path: Path, part: Part, harm: str) -> None:
    with open_state(tmp_path / "state") as state:
        state.save("part", "key", part)
        path = tmp_path / "state" / "part.npz"
        data = bytearray(path.read_bytes())
        at = data.index(np.arange(5.0).tobytes()) + 9
        data[at] ^= 1
        harmed = {
            "cut short": bytes(data[: len(data) // 2]),
            "one byte": bytes(data),
            "empty": b"",
            "something else": b"PK\x03\x04" * 9,
        }
        path.write_bytes(harmed[harm])
        assert state.load("part", "key") is None
        assert str(path) in state.notes["part"]
        assert "damaged" in state.notes["part"]
        state.save("part", "key", part)
        assert state.load("part", "key") is not None


def test_a_run_on_a_damaged_state_makes_it_anew(shop: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    as_of = LEARNING_DAY + dt.timedelta(days=1)
    run_both(shop["orders"], tmp_path, as_of)
    for name in ("learnt.npz", "lists.npz"):
        path = tmp_path / "state" / name
        path.write_bytes(path.read_bytes()[:-200])
    result = run_both(shop["orders"], tmp_path, as_of)
    assert all("damaged" in result.kept[name] for name in ("learnt", "lists"))
    assert taken(run_both(shop["orders"], tmp_path, as_of)) == (True, True)


def test_files_of_what_was_learnt_are_copied_from_the_last_release(
    shop: dict[str, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: dict[str, bool] = {}

    def copy(known: KnownFile, path: Path) -> bool:
        copied[path.stem] = copy_known(known, path)
        return copied[path.stem]

    monkeypatch.setattr("affinity.release.write.copy_known", copy)
    learnt = {"conversions", "curves", "pairs", "segment_conversions"}
    first, second, third, fourth = (LEARNING_DAY + dt.timedelta(days=k) for k in (1, 2, 3, 4))
    run_both(shop["orders"], tmp_path, first)
    assert copied == {}
    result = run_both(shop["orders"], tmp_path, second)
    assert copied == dict.fromkeys(learnt, True)
    release = Path(os.readlink(tmp_path / "daily" / "current"))
    file = tmp_path / "daily" / release / "conversions.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    (file.parent / "pairs.parquet").unlink()
    run_both(shop["orders"], tmp_path, third)
    assert copied == {"conversions": False, "curves": True, "pairs": False, "segment_conversions": True}
    copied.clear()
    replace(result, curves=None).publish(tmp_path / "other")
    assert copied == dict.fromkeys(learnt - {"curves"}, True)  # a table that is not the one that was learnt is written
    run_both(shop["orders"], tmp_path, fourth)
    assert copied == dict.fromkeys(learnt, True)


def test_a_save_that_is_broken_off_leaves_what_was_kept(tmp_path: Path, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_state(tmp_path / "state") as state:
        state.save("part", "key", part)

        def stop(file: Any, arrays: Any) -> None:
            file.write(b"half")
            raise KeyboardInterrupt

        monkeypatch.setattr("affinity.state._write", stop)
        with pytest.raises(KeyboardInterrupt):
            state.save("part", "new key", part)
        assert state.load("part", "key") is not None
    assert sorted(file.name for file in (tmp_path / "state").iterdir()) == [".lock", "affinity-state.json", "part.npz"]


def test_a_full_disk_is_said_and_leaves_what_was_kept(tmp_path: Path, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_state(tmp_path / "state") as state:
        state.save("part", "key", part)
        monkeypatch.setattr("affinity.state._write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OutputError, match="No space left"):
            state.save("part", "new key", part)
        assert state.load("part", "key") is not None


def test_one_run_at_a_time_has_a_state(tmp_path: Path) -> None:
    with (
        open_state(tmp_path / "state"),
        pytest.raises(OutputError, match="in use by another run"),
        open_state(tmp_path / "state"),
    ):
        pass
    with open_state(tmp_path / "state") as again:
        assert isinstance(again, State)


def test_a_folder_of_other_files_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id\n")
    with pytest.raises(OutputError, match="no state of a run"), open_state(tmp_path):
        pass


@pytest.mark.parametrize(
    ("changes", "said"),
    [({}, "learn_every_days is unset"), ({"learn_every_days": 7, "engine": "spark"}, "counts on a cluster")],
)
def test_a_state_that_could_keep_nothing_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        af.run(pd.DataFrame(), state=tmp_path / "state", **changes)
    assert not (tmp_path / "state").exists()


def lines_of(*days: str) -> pd.DataFrame:
    """One line a day."""
    return pd.DataFrame(
        {"order_id": range(len(days)), "customer_id": "a", "product_id": "tea", "ordered_at": pd.to_datetime(list(days))}
    )


@pytest.mark.parametrize(
    ("first", "as_of", "every", "day"),
    [
        ("2024-01-01", "2024-10-03", 7, "2024-10-03"),
        ("2024-01-01", "2024-10-09", 7, "2024-10-03"),
        ("2024-01-01", "2024-10-09", 1, "2024-10-09"),
        ("2024-10-04", "2024-10-09", 7, "2024-10-09"),  # nothing lies before the learning day
        ("2024-10-03", "2024-10-09", 7, "2024-10-09"),
    ],
)
def test_the_learning_day_is_the_last_multiple_that_has_lines_before_it(first: str, as_of: str, every: int, day: str) -> None:
    settings = Settings(as_of=as_of, learn_every_days=every)
    past = read_past(lines_of(first, "2024-10-08"), settings)
    assert str(np.datetime64(learning_day(past, settings), "D")) == day


def test_learning_days_need_dates() -> None:
    orders = pd.DataFrame({"order_id": ["1", "1"], "product_id": ["tea", "milk"]})
    with pytest.raises(SettingsError, match="needs dates"):
        af.run(orders, learn_every_days=7)


def test_learning_knows_nothing_of_the_files_that_came_later() -> None:
    past = read_past(lines_of("2024-01-01", "2024-03-01"), Settings())
    lines, day = past.lines, int(np.datetime64("2024-02-01", "D").astype(int))
    people = replace(Customers.bare(lines.customers), ended_at=np.array([day], dtype=np.int32), health=np.array([9.0]))
    goods = replace(Products.bare(lines.products), price=np.array([5.0]), available=np.array([False]))
    log = af.read_offers(
        pd.DataFrame(
            {
                "offer_id": ["1", "2", "3"],
                "customer_id": "a",
                "product_id": "tea",
                "offered_at": pd.to_datetime(["2024-01-05", "2024-01-30", "2024-02-01"]),
                "accepted": [1, 1, 1],
                "accepted_at": pd.to_datetime(["2024-01-06", "2024-02-02", "2024-02-03"]),
            }
        )
    )
    known: Facts = facts_before(day, lines, lambda: past, Listed(goods, people, log), Settings())
    assert known.customers.ended_at.tolist() == [-1]  # left on the day itself: not known before it
    assert np.isnan(known.customers.health).all()
    assert np.isnan(known.products.price).all()
    assert known.products.available.all()
    assert known.offers is not None
    assert known.offers.offer.tolist() == ["1", "2"]
    assert known.offers.accepted.tolist() == [1, -1]  # the second was accepted later
    assert known.offers.accepted_at[1] == -1
    assert known.customers.customers == Vocabulary("customer", ["a"])
