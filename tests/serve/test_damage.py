"""The server goes on when a release, its log or its event log cannot be used."""

from __future__ import annotations

import asyncio
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from affinity.errors import ReleaseError
from affinity.serve import event_log, follow
from affinity.serve.event_log import EventLog, read_events
from affinity.serve.follow import Follower, open_shelf
from affinity.serve.log import Log
from affinity.serve.shelf import Shelf


def test_the_next_release_is_followed_whatever_the_last_one_did(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Shelf) -> None:
        raise AttributeError("an array that is not there")

    monkeypatch.setattr(Shelf, "warm", fail)

    async def follow() -> int:
        follower = Follower(folder, log=Log(None, lambda: 0.0))
        monkeypatch.setattr(follower, "_seen", "another")
        task = asyncio.create_task(follower.follow(0.001))
        while follower.failures < 2:
            assert not task.done()
            await asyncio.sleep(0.002)
        task.cancel()
        return follower.failures

    assert asyncio.run(asyncio.wait_for(follow(), 20)) == 2


def test_a_segment_that_cannot_be_finished_grows_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = event_log._write_ids, [3]

    def no_room(*args: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError(28, "No space left on device")
        return write(*args)

    monkeypatch.setattr(event_log, "_write_ids", no_room)

    async def go() -> None:
        log = EventLog(tmp_path, segment_bytes=200)
        for n in range(12):
            event = {"event_id": f"e-{n}", "type": "click", "product_id": "p"}
            assert await asyncio.wait_for(log.append([event]), 10) == (1, 0)
            assert await asyncio.wait_for(log.append([event]), 10) == (0, 1)
        await log.close()

    asyncio.run(go())
    assert left == [0]
    assert len(list(tmp_path.glob("*.jsonl"))) > 1
    assert [event["event_id"] for event in read_events(tmp_path)] == [f"e-{n}" for n in range(12)]


def test_requests_do_not_need_the_log() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    log = Log(Gone(), lambda: 0.0)
    log.write("started")
    log.request("/a", "GET", 500, 0.1)
    assert log._lines == []


def test_a_release_found_sound_is_read_again_only_when_a_file_of_it_was_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(folder, shop, symlinks=True)
    asked: list[bool] = []

    def note(path: Path, *, verify: bool) -> Shelf:
        asked.append(verify)
        return open_shelf(path, verify=verify)

    monkeypatch.setattr(follow, "open_shelf", note)
    follower = Follower(shop, log=Log(None, lambda: 0.0))
    follower._open_sound()
    assert asked == [True, False]
    damaged = next((shop / "current" / "serving").glob("bought_score.npy"))
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)  # of the same size
    with pytest.raises(ReleaseError, match=r"bought_score\.npy was changed"):
        follower._open_sound()
    assert asked == [True, False, True]
