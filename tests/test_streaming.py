"""Lists are ranked, kept and published a block at a time: the same rows and files, in bounded memory, nothing left over."""

from __future__ import annotations

import dataclasses
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import affinity as af
from affinity import contexts, mapped
from affinity.frames import LabelColumn, TextColumn, WordColumn
from affinity.ranking.sentences import ReasonWriter
from affinity.release.feeds import write_feed
from affinity.release.parquet import write_published
from affinity.tables.table import pick_rows

OUTSIDE = ("manifest.json", "report.json")  # checksums of the others; sums over customers in another order


@pytest.fixture(scope="module")
def result() -> af.Result:
    """A run with newcomers whose ids come first and last."""
    shop = af.make_shop(seed=4, customers=300)
    listed = pd.DataFrame({"customer_id": ["0-new", "zz-new", "zz-newer"]})
    return af.run(pd.DataFrame(shop.orders), customers=listed, horizon_days=60)


@pytest.fixture(scope="module")
def whole(result: af.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, published."""
    return result.publish(tmp_path_factory.mktemp("whole"))


def in_small_blocks(patch: pytest.MonkeyPatch) -> None:
    """Everything that is done in blocks is done in many; columns stand in files."""
    patch.setattr(contexts, "CUSTOMERS_AT_ONCE", 37)
    patch.setattr(contexts, "share_of_memory", lambda budget: 0)
    patch.setattr(mapped, "LEAST_BYTES", 0)
    patch.setattr("affinity.release.served.ROWS_AT_ONCE", 11)
    patch.setattr("affinity.release.said.ROWS_AT_ONCE", 13)
    patch.setattr("affinity.release.said.TEXTS_AT_ONCE", 5)


def again(result: af.Result) -> af.Result:
    """The same run with its lists ranked anew."""
    shop = result.recommender.args[0]  # type: ignore[union-attr]
    recs, newcomers = contexts.recommend_customers(shop), contexts.recommend_newcomers(shop)
    return dataclasses.replace(result, recommendations=recs, newcomers=newcomers)


def files(release: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(release)): path.read_bytes() for path in release.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name not in OUTSIDE}


def test_small_blocks_give_the_same_files(result: af.Result, whole: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        in_small_blocks(patch)
        streamed = again(result)
        assert all(mapped.is_mapped(getattr(streamed.everybody, name)) for name in ("customer", "fit", "because"))
        assert files(streamed.publish(tmp_path)) == files(whole)


def test_a_large_release_lists_the_parts_of_its_sentences(result: af.Result, whole: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        in_small_blocks(patch)
        patch.setattr("affinity.release.served.ROWS_WITH_WHOLE_SENTENCES", 0)
        parts = af.open_release(result.publish(tmp_path))
    reasons = parts.table("recommendations").groupby("customer_id", sort=False)["reason"]
    a = parts.serving
    assert {label: a.sentences(a.rows("customer", a.find("customer", label))) for label, _ in reasons} == {
        label: said.tolist() for label, said in reasons
    }
    assert "fit_opening" in a
    assert "| fit_opening, fit_since |" in (parts.path / "serving" / "README.md").read_text()
    assert "fit_opening" not in af.open_release(whole).serving
    feeds = [write_feed(release, tmp_path / name) for name, release in (("parts", parts), ("whole", af.open_release(whole)))]
    one, other = ({p.relative_to(feed): p.read_bytes() for p in feed.rglob("*.json")} for feed in feeds)
    assert {name: one[name] for name in one if name.name != "feed.json"} == {
        name: other[name] for name in other if name.name != "feed.json"
    }


def test_row_groups_hold_the_same_rows(result: af.Result, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    found = {}
    for rows in (1 << 18, 100):
        with pytest.MonkeyPatch.context() as patch, (tmp_path / f"{rows}").open("wb") as file:
            patch.setattr("affinity.release.parquet.ROWS_A_GROUP", rows)
            found[rows] = write_published("recommendations", result.everybody, file)
    assert found[100] == found[1 << 18]
    assert pq.ParquetFile(tmp_path / "100").num_row_groups == -(-found[100][0] // 100) > 10
    assert pq.read_table(tmp_path / "100").equals(pq.read_table(tmp_path / f"{1 << 18}"))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_a_failure_in_the_middle_leaves_what_was_there(
    result: af.Result, tmp_path: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = result.publish(tmp_path / "out")
    beside = tmp_path / "temporary"
    beside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(beside))
    in_small_blocks(monkeypatch)
    monkeypatch.setattr("affinity.release.parquet.ROWS_A_GROUP", 100)
    monkeypatch.setattr("affinity.release.served.ROWS_WITH_WHOLE_SENTENCES", 0)
    calls = []
    texts = ReasonWriter.texts

    def fail(self: ReasonWriter, part: int, keys: np.ndarray) -> np.ndarray:
        calls.append(part)
        if len(calls) == 20:
            raise error
        return texts(self, part, keys)

    monkeypatch.setattr(ReasonWriter, "texts", fail)
    other = dataclasses.replace(again(result), inputs={"orders": "others"})
    with pytest.raises((af.errors.OutputError, type(error))):
        other.publish(tmp_path / "out")
    assert len(calls) >= 20
    assert af.open_release(tmp_path / "out").path == before
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [".affinity-lock", "current", "releases"]
    assert list(beside.iterdir()) == []


class Repeated(TextColumn):
    """``n`` texts of a kilobyte."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def take(self, rows: Any) -> TextColumn:
        return Repeated(len(range(self.n)[rows]) if isinstance(rows, slice) else len(rows))

    def parts(self) -> tuple[LabelColumn, ...]:
        labels = np.array([f"{k} {'x' * 1000}" for k in range(50)], dtype=object)
        return (LabelColumn((np.arange(self.n) % 50).astype(np.int32), labels),)


def test_what_is_written_is_never_held_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    n = 100_000  # a hundred megabytes of text
    code, number = np.zeros(n, dtype=np.int32), np.zeros(n)
    label, word = LabelColumn(code, np.array(["p"], dtype=object)), WordColumn.of(code, ["popular"])
    content = {
        "customer_id": label, "rank": code, "product_id": label, "fit": number, "because": label, "kind": word,
        "reason": Repeated(n), "reason_code": word, "is_fallback": code > 0, "fallback_level": word, "score": number,
    }  # fmt: skip
    monkeypatch.setattr("affinity.release.parquet.ROWS_A_GROUP", 2_000)
    usual, pool = pa.default_memory_pool(), pa.system_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        with (tmp_path / "recommendations.parquet").open("wb") as file:
            assert write_published("recommendations", content, file)[0] == n
        assert tracemalloc.get_traced_memory()[1] < 10e6
        assert pool.max_memory() < 20e6
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.data())
def test_lists_of_some_customers(sizes: list[int], data: st.DataObject) -> None:
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    who = np.array(sorted(data.draw(st.sets(st.integers(0, len(sizes) - 1)))), dtype=np.int32)
    bounds, rows = pick_rows(indptr, who)
    column = np.arange(int(indptr[-1]))
    expected = [column[indptr[c] : indptr[c + 1]].tolist() for c in who]
    assert [column[rows][begin:end].tolist() for begin, end in zip(bounds, bounds[1:])] == expected


@given(st.lists(st.sampled_from([None, "a", "b"])), st.data())
def test_words_look_like_an_object_array(words: list[str | None], data: st.DataObject) -> None:
    plain = np.array([*words, "b"], dtype=object)
    coded = WordColumn.of(np.array([-1 if one is None else "ab".index(one) for one in plain]), ["a", "b"])
    rows = np.array(data.draw(st.lists(st.integers(0, len(words)))), dtype=np.int64)
    assert coded.tolist() == list(coded) == np.asarray(coded).tolist() == plain.tolist()
    assert coded[rows].tolist() == coded.take(rows).tolist() == plain[rows].tolist()
    assert (coded == "a").tolist() == (plain == "a").tolist() == (~(coded != "a")).tolist()
    assert coded[0] == plain[0]
    assert coded.narrowed().decode().tolist() == plain.tolist()


def test_sentences_are_written_when_asked_for(result: af.Result) -> None:
    recs = result.recommendations
    assert recs is not None
    every = recs.reason.tolist()
    assert recs.reason[3] == every[3]
    assert recs.reason[-1] == every[-1]
    assert recs.reason[recs.rank == 1].tolist() == [text for text, rank in zip(every, recs.rank) if rank == 1]
    assert recs.reason[2:5].tolist() == every[2:5]
    assert list(recs.take(np.array([5, 1])).reason) == [every[5], every[1]]
    sent = recs.detached()
    assert sent.written_by(recs.reason.writer).reason.tolist() == every  # type: ignore[union-attr]
    assert recs.to_pandas()["reason"].tolist() == every == recs.to_arrow()["reason"].to_pylist()
