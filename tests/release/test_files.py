"""Single tables in files, and looking into a path."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from affinity.errors import InputError, OutputError, ReleaseError
from affinity.release import calibration_columns, describe_path, release_id, write_release, write_table
from affinity.tables import Calibration
from tests.release.content import REPORT, make_identity, make_tables


def test_a_table_goes_to_parquet_csv_and_json(tmp_path: Path) -> None:
    rules = make_tables()["rules"]
    assert write_table(rules, tmp_path / "r.parquet") == tmp_path / "r.parquet"
    write_table(rules, str(tmp_path / "r.csv"))
    write_table(rules, tmp_path / "r.json")
    assert pd.read_parquet(tmp_path / "r.parquet")["count"].tolist() == [5, 3]
    assert pd.read_csv(tmp_path / "r.csv")["antecedents"].tolist() == ["Crème, brûlée", 'a "b" + coffee']
    assert json.loads((tmp_path / "r.json").read_text())[1]["antecedents"] == ['a "b"', "coffee"]
    assert {path.name for path in tmp_path.iterdir()} == {"r.parquet", "r.csv", "r.json"}


def test_an_empty_table_is_valid_json(tmp_path: Path) -> None:
    quarantine = make_tables()["quarantine"]
    write_table({name: column[:0] for name, column in quarantine.columns().items()}, tmp_path / "q.json")
    assert json.loads((tmp_path / "q.json").read_text()) == []


def test_other_endings_and_bad_places_are_refused(tmp_path: Path) -> None:
    table = make_tables()["rules"]
    with pytest.raises(OutputError, match=r"ending '\.xls'.*End the name in \.parquet, \.csv, \.json"):
        write_table(table, tmp_path / "r.xls")
    with pytest.raises(OutputError, match="cannot be written: No such file or directory"):
        write_table(table, tmp_path / "no" / "r.csv")
    (tmp_path / "r.csv").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_table(table, tmp_path / "r.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_calibration_is_a_table_of_bins() -> None:
    columns = calibration_columns(
        Calibration(*(pd.Series([0.1, 0.2]).to_numpy(),) * 2, pd.Series([5, 6]).to_numpy(), 1, 0, None)
    )
    assert list(columns) == ["bin", "rows", "predicted", "observed"]
    assert columns["bin"].tolist() == [1, 2]


def test_looking_into_a_release_folder_and_a_release(tmp_path: Path) -> None:
    write_release(tmp_path / "shop", make_tables(), report=REPORT, identity=make_identity())
    name = release_id(make_identity())
    described = describe_path(tmp_path / "shop")
    assert described["kind"] == "release"
    assert (described["release"], described["current"], described["releases"]) == (name, name, [name])
    assert described["rows"]["pairs"] == 30
    assert described["report"]["rows_read"] == 12
    inner = describe_path(tmp_path / "shop" / "releases" / name)
    assert inner["release"] == name
    json.dumps(described | inner)


def test_looking_into_files(tmp_path: Path) -> None:
    table = make_tables()["pairs"]
    for ending in (".parquet", ".csv"):
        path = write_table(table, tmp_path / f"it's a file{ending}")
        described = describe_path(path)
        assert described["kind"] == ending[1:]
        assert described["rows"] == 30
        assert list(described["columns"])[:3] == ["antecedent", "consequent", "count"]
        assert len(described["first_rows"]) == 5
        assert described["first_rows"][0]["antecedent"] == "Crème, brûlée"


def test_looking_into_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        describe_path(tmp_path / "gone.csv")
    (tmp_path / "x.bin").write_bytes(b"x")
    with pytest.raises(InputError, match=r"ending '\.bin', which is not looked into"):
        describe_path(tmp_path / "x.bin")
    (tmp_path / "x.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        describe_path(tmp_path / "x.parquet")
    with pytest.raises(ReleaseError, match="holds no release"):
        describe_path(tmp_path)
