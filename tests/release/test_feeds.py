"""Static feeds: what the release says, in files; whole, stale and foreign ones told apart."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from affinity.errors import OutputError, ReleaseError
from affinity.release import feeds as feed_room
from affinity.release import open_release, write_release
from affinity.release.feeds import check_feed, key_hash, write_feed
from tests.release.content import REPORT, make_identity, make_tables


def publish(folder: Path, seed: int = 0, as_of: str = "2025-06-30") -> Path:
    """A release of made-up tables."""
    write_release(folder, make_tables(), report=REPORT, identity=make_identity(seed) | {"as_of": as_of})
    return folder


@pytest.mark.parametrize("a_shard", [500, 1], ids=["one shard", "many shards"])
def test_a_feed_says_what_the_release_says(tmp_path: Path, a_shard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_room, "CUSTOMERS_A_SHARD", a_shard)
    release = open_release(publish(tmp_path / "shop"))
    home = write_feed(release, tmp_path / "feed")
    said = check_feed(tmp_path / "feed", release)
    assert (said["release"], said["products"], said["customers"]) == (release.id, 6, 3)
    stamp = {"release": release.id, "as_of": release.as_of}
    database = sqlite3.connect(f"{(home / 'feed.sqlite').as_uri()}?mode=ro&immutable=1", uri=True)
    values = dict(database.execute("SELECT key, value FROM feed").fetchall())
    database.close()
    assert len(values) == 9
    for product, rows in release.also_bought.groupby("product_id"):
        found = json.loads((home / "products" / f"{key_hash(product)}.json").read_bytes())
        assert {name: found[name] for name in stamp} == stamp
        assert [item["product_id"] for item in found["items"]] == rows["recommended_id"].tolist()
        assert [item["score"] for item in found["items"]] == rows["score"].tolist()
        assert json.loads(values[f"product:{product}"]) | stamp == found
    recommendations = release.recommendations.astype(object)
    recommendations = recommendations.where(recommendations.notna(), None)
    for customer, rows in recommendations.groupby("customer_id"):
        shard = key_hash(customer)[: said["shard_digits"]] or "all"
        found = json.loads((home / "customers" / f"{shard}.json").read_bytes())
        items = found["customers"][customer]
        assert {name: found[name] for name in stamp} == stamp
        assert [item["product_id"] for item in items] == rows["product_id"].tolist()

        assert [item["score"] for item in items] == rows["fit"].tolist()
        assert [item["sentence"] for item in items] == rows["reason"].tolist()
        assert [item["kind"] for item in items] == rows["kind"].tolist()
        assert [item["because"] for item in items] == rows["because"].tolist()
        assert json.loads(values[f"customer:{customer}"]) == items


def test_a_feed_of_another_release_is_stale_or_foreign(tmp_path: Path) -> None:
    old = open_release(publish(tmp_path / "shop", seed=0))
    write_feed(old, tmp_path / "feed")
    new = open_release(publish(tmp_path / "shop", seed=1, as_of="2025-07-31"))
    with pytest.raises(ReleaseError, match=f"is stale: of release {old.id}"):
        check_feed(tmp_path / "feed", new)
    other = open_release(publish(tmp_path / "other", seed=2, as_of="2025-05-31"))
    with pytest.raises(ReleaseError, match="is foreign"):
        check_feed(tmp_path / "feed", other)
    write_feed(new, tmp_path / "feed")
    check_feed(tmp_path / "feed", new)
    assert {path.name for path in (tmp_path / "feed").iterdir()} == {old.id, new.id, "feed.json"}
    write_feed(other, tmp_path / "feed")
    assert {path.name for path in (tmp_path / "feed").iterdir()} == {new.id, other.id, "feed.json"}


def test_a_damaged_feed_and_a_foreign_folder(tmp_path: Path) -> None:
    release = open_release(publish(tmp_path / "shop"))
    with pytest.raises(ReleaseError, match="holds no feed"):
        check_feed(tmp_path, release)
    home = write_feed(release, tmp_path / "feed")
    (home / "feed.sqlite").write_bytes(b"torn")
    with pytest.raises(ReleaseError, match="damaged"):
        check_feed(tmp_path / "feed", release)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(OutputError, match="holds something else"):
        write_feed(release, tmp_path / "mine")


def test_two_feeds_of_a_release_are_the_same_bytes(tmp_path: Path) -> None:
    release = open_release(publish(tmp_path / "shop"))
    homes = [write_feed(release, tmp_path / name) for name in "ab"]
    files = [{path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()} for home in homes]
    assert files[0] == files[1]
    assert not any(b"<" in data for path, data in files[0].items() if path.suffix == ".json")
