"""Publishing: the files, the same bytes for the same content, ids, keeping, the lock, and where it refuses."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from affinity.errors import OutputError
from affinity.release import check_output, list_releases, open_release, release_id, write_release
from affinity.release import folder as folder_module
from affinity.release.schema import TABLES
from affinity.tables import Products
from affinity.vocabulary import Vocabulary
from tests.release.content import REPORT, make_identity, make_tables

PROGRAM = """
import sys; from affinity.release import write_release; from tests.release.content import *
write_release(sys.argv[1], make_tables(3), report=REPORT, identity=make_identity(3))
"""


def _publish(folder: Path, seed: int = 0, keep: int = 5) -> Path:
    return write_release(folder, make_tables(seed), report=REPORT, identity=make_identity(seed), keep=keep)


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_file_is_there_with_its_columns(tmp_path: Path) -> None:
    release = _publish(tmp_path / "shop")
    assert release == tmp_path / "shop" / "releases" / release_id(make_identity())
    names = {path.name for path in release.iterdir()}
    assert names == {f"{name}.parquet" for name in TABLES} | {"report.json", "manifest.json", "semantic", "serving"}
    for name, columns in TABLES.items():
        schema = pq.read_schema(release / f"{name}.parquet")
        written = {field.name: str(field.type).replace("element: ", "") for field in schema}
        expected = {column: kind.replace("date32", "date32[day]") for column, kind in columns.items()}
        assert {column: written[column] for column in expected} == expected


def test_parquet_names_no_pandas_and_no_arrow_schema(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    assert pq.read_metadata(release / "pairs.parquet").metadata is None


def test_current_is_a_relative_link_to_the_release(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    assert os.readlink(tmp_path / "current") == f"releases/{release.name}"


def test_the_same_content_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    for place, threads in (("a", "1"), ("b", "3")):
        environment = os.environ | {"PYTHONHASHSEED": threads, "OMP_NUM_THREADS": threads, "TZ": f"UTC{threads}"}
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / place)]
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parents[2])
    digests = _digests(tmp_path / "a")
    assert len(digests) > 35
    assert digests == _digests(tmp_path / "b")


def test_a_release_says_nothing_of_where_and_when_it_was_made(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    text = (release / "manifest.json").read_text() + (release / "report.json").read_text()
    for secret in (str(tmp_path), socket.gethostname(), f"{os.getpid()}", os.environ.get("USER", "\0")):
        assert secret not in text or len(secret) < 4


def test_the_manifest_holds_identity_rows_and_checksums(tmp_path: Path) -> None:
    manifest = json.loads((_publish(tmp_path) / "manifest.json").read_text())
    assert manifest["identity"] == make_identity()
    assert manifest["as_of"] == "2025-06-30"
    assert manifest["rows"]["pairs"] == 30
    pairs = manifest["files"]["pairs.parquet"]
    assert set(pairs) == {"sha256", "bytes", "rows", "values"}
    assert "serving/customer_text.npy" in manifest["files"]


def test_report_is_valid_json_without_nan(tmp_path: Path) -> None:
    release = write_release(
        tmp_path,
        {},
        report={"n": np.int64(3), "x": np.float32("nan"), "list": (1, float("inf")), "day": np.datetime64("2025-01-01"),
                "ok": np.True_, "names": {"b", "a"}, "array": np.arange(2)},
        identity=make_identity(),
    )  # fmt: skip
    report = json.loads((release / "report.json").read_text(), parse_constant=lambda _: pytest.fail("not JSON"))
    assert report == {
        "n": 3,
        "x": None,
        "list": [1, None],
        "day": "2025-01-01",
        "ok": True,
        "names": ["a", "b"],
        "array": [0, 1],
    }


def test_publishing_an_id_that_exists_writes_nothing_and_repoints(tmp_path: Path) -> None:
    first = _publish(tmp_path, 0)
    _publish(tmp_path, 1)
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()}
    assert _publish(tmp_path, 0) == first
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()} == before
    assert open_release(tmp_path).id == first.name
    assert list_releases(tmp_path)[-1]["id"] == first.name  # it counts as the newest again


def test_a_damaged_release_of_the_same_id_is_replaced(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    whole = _digests(release)
    (release / "pairs.parquet").unlink()
    _publish(tmp_path)
    assert _digests(release) == whole


@pytest.mark.parametrize("damage", ["manifest.json", "report.json"])
def test_a_release_without_manifest_or_report_is_replaced_too(tmp_path: Path, damage: str) -> None:
    release = _publish(tmp_path)
    (release / damage).unlink()
    _publish(tmp_path)
    assert open_release(tmp_path).report["rows_read"] == 12


def test_the_newest_are_kept_and_older_ones_leave(tmp_path: Path) -> None:
    ids = [_publish(tmp_path, seed, keep=2).name for seed in range(4)]
    assert [release["id"] for release in list_releases(tmp_path)] == ids[-2:]
    assert open_release(tmp_path).id == ids[-1]
    assert not list(tmp_path.glob(".staging-*"))


def test_different_identities_have_different_ids_whatever_the_order_of_keys() -> None:
    assert release_id(make_identity(0)) != release_id(make_identity(1))
    assert release_id({"a": 1, "b": 2}) == release_id({"b": 2, "a": 1})
    assert len(release_id({})) == 12


def test_an_unknown_table_is_a_defect_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no table 'pair'. Did you mean 'pairs'"):
        write_release(tmp_path, {"pair": None}, report={}, identity={})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_column_is_a_defect_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ledger: the columns \['note', 'pairs'\] are missing"):
        write_release(tmp_path, {"ledger": {"state": np.array(["x"], dtype=object)}}, report={}, identity={})
    assert not list(tmp_path.glob(".staging-*"))


def test_products_with_labels_that_are_no_text_are_published_as_text(tmp_path: Path) -> None:
    products = Products.bare(Vocabulary.of("product", [3, 1, 2]))
    write_release(tmp_path, {"products": products}, report={}, identity={})
    assert open_release(tmp_path).products["product_id"].tolist() == ["1", "2", "3"]


def test_a_second_run_waits_for_the_lock(tmp_path: Path) -> None:
    _publish(tmp_path, 0)
    holder = os.open(tmp_path / ".affinity-lock", os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    done: list[Path] = []
    second = threading.Thread(target=lambda: done.append(_publish(tmp_path, 1)))
    second.start()
    second.join(0.5)
    assert not done
    os.close(holder)
    second.join(30)
    assert open_release(tmp_path).id == done[0].name


def test_a_lock_that_is_never_free_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(tmp_path, 0)
    monkeypatch.setattr(folder_module, "LOCK_TRIES", 2)
    monkeypatch.setattr(folder_module, "LOCK_PAUSE", 0.0)
    holder = os.open(tmp_path / ".affinity-lock", os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="Another run is publishing into .* Wait for it to end"):
        _publish(tmp_path, 1)
    os.close(holder)


def test_new_empty_and_release_folders_are_accepted_and_left_alone(tmp_path: Path) -> None:
    assert check_output(tmp_path / "new" / "deeper") == tmp_path / "new" / "deeper"
    assert check_output(tmp_path) == tmp_path
    assert list(tmp_path.iterdir()) == []
    _publish(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    check_output(tmp_path)


def test_a_demo_folder_before_its_release_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "orders.csv").write_text("x")
    check_output(tmp_path)
    (tmp_path / "shop" / "diary.txt").write_text("x")
    with pytest.raises(OutputError, match="holds something else: shop"):
        check_output(tmp_path)


def test_a_folder_with_something_else_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "v1.0").mkdir()
    with pytest.raises(OutputError, match=r"holds something else: letter.txt, releases\..*nothing of yours.*Name a new, empty"):
        _publish(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"letter.txt", "releases"}


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match=r"file' is not a folder\. Name a new, empty or release folder with --out"):
            check_output(path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="cannot be written"):
        check_output(tmp_path)
