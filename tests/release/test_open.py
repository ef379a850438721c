"""Opening: tables come back as they went in, damage is named, releases are listed and gone back to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from affinity.errors import ReleaseError
from affinity.release import list_releases, open_release, release_id, use_release, write_release
from affinity.release.checksum import values_checksum
from affinity.release.schema import TABLES
from tests.release.content import REPORT, make_identity, make_tables, make_vocabularies


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_release(tmp_path / "shop", make_tables(), report=REPORT, identity=make_identity())
    return tmp_path / "shop"


def test_tables_come_back_as_they_went_in(folder: Path) -> None:
    release = open_release(folder)
    for name, table in make_tables().items():
        if isinstance(table, dict):
            continue
        expected = table.to_pandas()
        for column in expected:
            got = release.table(name)[column]
            assert [None if pd.isna(v) is True else v for v in got] == [
                None if not isinstance(v, tuple) and pd.isna(v) else v for v in expected[column]
            ], (name, column)


def test_values_checksums_are_those_of_the_files_read_back(folder: Path) -> None:
    release = open_release(folder)
    for name in TABLES:
        assert values_checksum(release.arrow(name)) == release.manifest["files"][f"{name}.parquet"]["values"], name


def test_the_folder_its_current_and_the_release_itself_open(folder: Path) -> None:
    name = release_id(make_identity())
    for path in (folder, folder / "current", folder / "releases" / name, str(folder)):
        assert open_release(path).id == name


def test_what_an_opened_release_offers(folder: Path) -> None:
    release = open_release(folder)
    assert set(TABLES) | {"report", "manifest", "serving", "table"} <= set(dir(release))
    assert release.as_of == "2025-06-30"
    assert release.report["rows_read"] == 12
    assert list(release.recommendations)[:4] == ["customer_id", "rank", "product_id", "fit"]
    assert release.arrow("pairs", ["count"]).column_names == ["count"]
    assert repr(release).startswith(f"Release({release.id}, as of 2025-06-30: 2 itemsets, 2 rules, 30 pairs")


def test_unknown_tables_and_attributes_are_named(folder: Path) -> None:
    release = open_release(folder)
    with pytest.raises(ReleaseError, match="no table 'recomendations'. Did you mean 'recommendations'"):
        release.table("recomendations")
    with pytest.raises(AttributeError, match="no attribute 'conversion'. Did you mean 'conversions'"):
        release.conversion  # noqa: B018


def _files() -> list[str]:
    return ["manifest.json", "report.json", "pairs.parquet", "quarantine.parquet", "serving/customer_rows.npy"]


@pytest.mark.parametrize("name", _files())
@pytest.mark.parametrize("how", ["flip", "cut", "remove"])
def test_every_damage_is_found_and_the_file_named(folder: Path, name: str, how: str) -> None:
    path = folder / "current" / name
    data = bytearray(path.read_bytes())
    if how == "remove":
        path.unlink()
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data) if how == "flip" else bytes(data[:-3]))
    with pytest.raises(ReleaseError, match=f"{name}.*(missing|damaged|changed|bytes).*affinity publish FOLDER --use ID"):
        open_release(folder)


def test_a_manifest_edited_by_hand_is_found(folder: Path) -> None:
    path = folder / "current" / "manifest.json"
    path.write_text(path.read_text().replace("2025-06-30", "2025-07-30"))
    with pytest.raises(ReleaseError, match=r"manifest\.json was changed after it was written"):
        open_release(folder)


def test_without_verifying_only_the_manifest_is_read(folder: Path) -> None:
    (folder / "current" / "pairs.parquet").unlink()
    release = open_release(folder, verify=False)
    assert len(release.recommendations) == 6
    with pytest.raises(ReleaseError, match=r"has lost pairs\.parquet"):
        release.table("pairs")
    (folder / "current" / "report.json").unlink()
    with pytest.raises(ReleaseError, match=r"no readable report\.json"):
        release.report  # noqa: B018


def test_no_release_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"nowhere' does not exist\. Publish one with: affinity run ORDERS --out"):
        open_release(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReleaseError, match="empty' holds no release"):
        open_release(tmp_path / "empty")
    with pytest.raises(ReleaseError, match="holds no release"):
        list_releases(tmp_path / "empty")
    name = release_id(make_identity())
    with pytest.raises(ReleaseError, match=f"no release '{name[:-1]}x'.*Did you mean '{name}'"):
        open_release(folder / "releases" / f"{name[:-1]}x")
    (folder / "current").unlink()
    with pytest.raises(ReleaseError, match=f"its current one is missing.*affinity publish .* --use ID. Known: {name}"):
        open_release(folder)


def test_going_back_and_forth(folder: Path) -> None:
    first = release_id(make_identity())
    second = write_release(folder, make_tables(1), report=REPORT, identity=make_identity(1)).name
    assert [(r["id"], r["current"], r["as_of"]) for r in list_releases(folder)] == [
        (first, False, "2025-06-30"),
        (second, True, "2025-06-30"),
    ]
    assert use_release(folder, first) == folder / "releases" / first
    assert open_release(folder).id == first
    use_release(folder, second[:6])
    assert open_release(folder).id == second


def test_going_to_an_unknown_ambiguous_or_damaged_release_changes_nothing(folder: Path, tmp_path: Path) -> None:
    first = release_id(make_identity())
    second = write_release(folder, make_tables(1), report=REPORT, identity=make_identity(1)).name
    with pytest.raises(ReleaseError, match=f"no release 'x{first[1:]}' .*Did you mean '{first}'"):
        use_release(folder, f"x{first[1:]}")
    with pytest.raises(ReleaseError, match="no release ''"):
        use_release(folder, "")
    (folder / "releases" / first / "pairs.parquet").write_bytes(b"")
    with pytest.raises(ReleaseError, match=r"damaged: pairs\.parquet holds 0 bytes"):
        use_release(folder, first)
    assert open_release(folder).id == second
    with pytest.raises(ReleaseError, match="There is no release 'abc' .*Publish one with"):
        use_release(tmp_path / "nowhere", "abc")


def test_serving_arrays_say_what_the_tables_say(folder: Path) -> None:
    release = open_release(folder)
    serving, table = release.serving, release.recommendations
    products, customers = make_vocabularies()
    for customer in customers.labels:
        expected = table[table["customer_id"] == customer].sort_values("rank")
        position = serving.find("customer", customer)
        assert (position >= 0) == (len(expected) > 0)
        if position < 0:
            continue
        rows = serving.rows("customer", position)
        shown = [serving.text("product", code) for code in serving["fit_product"][rows]]
        assert shown == expected["product_id"].tolist()
        np.testing.assert_array_equal(serving["fit_value"][rows], expected["fit"].to_numpy())
        because = [serving.text("product", code) if code >= 0 else None for code in serving["fit_because"][rows]]
        assert because == [None if pd.isna(label) else label for label in expected["because"]]
        codes = [serving.text("reason_code", code) for code in serving["fit_reason_code"][rows]]
        assert codes == expected["reason_code"].tolist()
        reasons = [serving.text("reason", code) if code >= 0 else None for code in serving["fit_reason"][rows]]
        assert reasons == [None if pd.isna(reason) else reason for reason in expected["reason"]]
        assert serving["fit_is_fallback"][rows].tolist() == expected["is_fallback"].tolist()
    bought = release.also_bought
    for product in products.labels:
        rows = serving.rows("bought", serving.find("product", product))
        shown = [serving.text("product", code) for code in serving["bought_product"][rows]]
        assert shown == bought[bought["product_id"] == product].sort_values("rank")["recommended_id"].tolist()
    assert serving.find("customer", "nobody") == -1


def test_an_empty_release_can_be_served(tmp_path: Path) -> None:
    write_release(tmp_path, {}, report={}, identity={})
    serving = open_release(tmp_path).serving
    assert serving.find("customer", "C-1") == -1
    assert serving.find("product", "tea") == -1
