"""Columns in files: the same arrays, and nothing left over."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import affinity as af
from affinity import baskets, history, ingest, mapped, progress
from affinity.errors import TooLarge
from affinity.metrics import measure_facts
from affinity.settings import Settings
from affinity.steps import fingerprint_inputs, gather_facts, measure_tree, read_facts
from affinity.tables import OrderLines
from affinity.vocabulary import Vocabulary


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever may be mapped is, and blocks are of a few rows."""
    monkeypatch.setattr(mapped, "BLOCK_ROWS", 97)
    monkeypatch.setattr(mapped, "LEAST_BYTES", 1)


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """A small shop with returns, guests and rows that are set aside, its rows shuffled."""
    rows = pd.DataFrame(af.make_shop(seed=11, customers=120).orders)
    rng = np.random.default_rng(0)
    back = rows.sample(40, random_state=1).assign(quantity=-1)
    rows = pd.concat([rows, back]).sample(frac=1, random_state=2, ignore_index=True)
    rows["quantity"] = rows["quantity"].astype(object)
    rows.loc[rng.choice(len(rows), 30, replace=False), "quantity"] = "many"
    rows.loc[rng.choice(len(rows), 200, replace=False), "customer_id"] = None
    rows.loc[len(rows) - 3 :, "product_id"] = None
    rows["colour"] = rng.choice(["red", "green", None], len(rows))
    return rows


def _arrays(table: Any, name: str = "") -> dict[str, np.ndarray]:
    """Every array of a table, also of the tables in it, labels as arrays."""
    found: dict[str, np.ndarray] = {}
    for field in fields(table):
        value = getattr(table, field.name)
        if isinstance(value, np.ndarray):
            found[name + field.name] = value
        elif isinstance(value, Vocabulary):
            found[name + field.name] = np.array([value.kind, value.fingerprint])
        elif field.name == "attributes":
            for label, attribute in value.items():
                found |= _arrays(attribute, f"{name}{label}.")
        elif field.name == "report":
            found |= _arrays(value.quarantine, f"{name}quarantine.") | {"report": np.array(str(value.to_dict()))}
    return found


def _require_equal(one: Any, other: Any) -> None:
    ours, theirs = _arrays(one), _arrays(other)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype, name
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


@pytest.fixture(scope="module")
def plain(orders: pd.DataFrame) -> OrderLines:
    """The lines as they are read into memory."""
    return ingest.read_orders(orders)


@pytest.mark.usefixtures("small_blocks")
def test_lines_in_files_are_the_lines_in_memory(orders: pd.DataFrame, plain: OrderLines) -> None:
    lines = ingest.read_orders(orders, memory_budget="1kB")
    assert mapped.is_mapped(lines.order)
    assert mapped.is_mapped(lines.attributes["colour"].code)
    assert not mapped.is_mapped(plain.order)
    assert len(lines.report.reasons) == 4
    _require_equal(lines, plain)


@pytest.mark.usefixtures("small_blocks")
def test_reading_says_how_far_it_is(
    orders: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_state", {"on": True})
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LOOKS", 0.0)
    ingest.read_orders(orders, memory_budget="1kB")
    said = capsys.readouterr().err
    for label in ("rows staged", "repeated rows sought", "order lines", "customer labels sorted", "product labels looked up"):
        assert label in said


@pytest.mark.parametrize("as_of", [None, "2024-03-01"])
def test_a_history_of_lines_in_files_is_that_of_lines_in_memory(
    orders: pd.DataFrame, plain: OrderLines, as_of: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_back(lines: OrderLines) -> history.History:
        lines = baskets.exclude_customers(lines, [str(lines.customers.labels[3])])
        return history.look_back(baskets.drop_unseen_labels(baskets.cut_lines(lines, as_of)))

    def derive(past: history.History) -> list[Any]:
        settings = Settings().changed(metrics={"lapse_days": 60})
        facts = read_facts(past, None, None, None)
        by = ("tenure", "colour", "purchase_path", "revenue_tier")
        made = [baskets.group_baskets(past.gross, by=by, max_size=6) for by in ("order", "customer_day", "session")]
        seen = gather_facts(past, facts, settings, None)
        measured = [measure_facts(seen, by), measure_tree(seen, settings, ("colour",))]
        return [past.gross, past.lines, past.steps, past.holdings, facts.products, facts.customers, *made, *measured]

    whole = look_back(plain)
    expected, prints = derive(whole), fingerprint_inputs(whole, read_facts(whole, None, None, None))
    monkeypatch.setattr(mapped, "BLOCK_ROWS", 97)
    monkeypatch.setattr(mapped, "LEAST_BYTES", 1)
    past = look_back(ingest.read_orders(orders, memory_budget="1kB"))
    assert mapped.is_mapped(past.lines.quantity)
    assert mapped.is_mapped(past.holdings.product)
    for one, other in zip(derive(past), expected):
        _require_equal(one, other)
    for one, other in zip(past.returned, whole.returned):
        np.testing.assert_array_equal(one, other)
    assert fingerprint_inputs(past, read_facts(past, None, None, None)) == prints


@given(
    code=arrays(np.int32, st.integers(0, 300), elements=st.integers(-1, 8)),
    n_more=st.integers(0, 200_000),
    rows=st.integers(1, 40),
)
def test_ranges_of_codes_hold_every_row_once(code: np.ndarray, n_more: int, rows: int) -> None:
    n_codes, before = int(code.max(initial=0)) + 1 + n_more, 0
    seen = np.zeros(len(code), dtype=int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped, "BLOCK_ROWS", rows)
        for first, last, place in mapped.split_by_code(code, n_codes):
            assert first == before
            assert ((code[place] >= first) & (code[place] < last)).all()
            assert (np.diff(np.arange(len(code))[place]) > 0).all()
            seen[place] += 1
            before = last
    assert before == n_codes
    np.testing.assert_array_equal(seen, code >= 0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are told by /proc")
@pytest.mark.usefixtures("small_blocks")
def test_the_files_have_no_name_and_are_gone_with_the_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mapped_files() -> int:
        return sum(str(tmp_path) in line for line in Path("/proc/self/maps").read_text().splitlines())

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    column = mapped.Growing(np.int64, may_map=True)
    column.append(np.arange(1000))
    array = column.whole()
    filled = mapped.full(1000, 0, np.int64, may_map=True)
    filled[:] = array
    assert mapped.is_mapped(array)
    assert mapped_files() == 2
    assert os.listdir(tmp_path) == []
    mapped.unload()
    np.testing.assert_array_equal(filled, np.arange(1000))
    del array, filled, column
    gc.collect()
    assert mapped_files() == 0


@pytest.mark.usefixtures("small_blocks")
def test_a_full_disk_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with pytest.raises(TooLarge, match="No space left on device.*TMPDIR"):
        mapped.full(100, 0, np.int64, may_map=True)


def test_a_run_on_lines_in_files_publishes_the_same_release(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = af.run(orders, horizon_days=60).publish(tmp_path / "usual")
    monkeypatch.setattr(mapped, "BLOCK_ROWS", 997)
    monkeypatch.setattr(mapped, "LEAST_BYTES", 1)
    monkeypatch.setattr("affinity.ingest.orders.share_of_memory", lambda _: 0)
    result = af.run(orders, horizon_days=60, memory_budget="64GB")
    assert mapped.is_mapped(result.lines.order)
    bound = result.publish(tmp_path / "bound")
    assert bound.name == usual.name
    names = sorted(str(file.relative_to(usual)) for file in usual.rglob("*") if file.is_file())
    assert names == sorted(str(file.relative_to(bound)) for file in bound.rglob("*") if file.is_file())
    for name in names:
        assert (bound / name).read_bytes() == (usual / name).read_bytes() or name == "manifest.json", name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_reading_that_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    code = """
import os, signal, sys
from affinity import ingest, mapped
from affinity.ingest import orders

mapped.LEAST_BYTES = 1
read = orders.read_labels

def stop(*args):
    code, words = read(*args)
    assert mapped.is_mapped(code)
    os.kill(os.getpid(), int(sys.argv[1]))
    return code, words

orders.read_labels = stop
ingest.read_orders({"order_id": ["1", "2"] * 50, "product_id": ["tea"] * 100}, memory_budget="1kB")
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code, str(int(number))], env=environment, capture_output=True, check=False)
    assert done.returncode == -number, done.stderr.decode()
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]
    assert left == [], "files of passage"
    if number is signal.SIGINT:
        assert list(tmp_path.iterdir()) == []
