"""Events: acknowledged when they are on disk, once each, whatever dies; and as offers for the next run."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import affinity as af
from affinity.errors import OutputError
from affinity.serve import event_log
from affinity.serve.event_log import EventLog, LogBusy, read_events
from affinity.serve.export import export_offers
from tests.serve.conftest import Served, serving


def make_event(number: int, **more: Any) -> dict[str, Any]:
    """A click with an id of its own."""
    return {"event_id": f"e-{number}", "type": "click", "product_id": f"p{number % 7}", **more}


def append(folder: Path, events: list[dict[str, Any]], **options: Any) -> tuple[int, int]:
    """Open a log, append, close it."""

    async def once() -> tuple[int, int]:
        log = EventLog(folder, **options)
        try:
            return await log.append(events)
        finally:
            await log.close()

    return asyncio.run(once())


def ids_of(folder: Path) -> list[str]:
    """The ids in the log, in its order."""
    return [event["event_id"] for event in read_events(folder)]


def test_an_event_is_written_once_over_restarts_and_segments(tmp_path: Path) -> None:
    options = {"segment_bytes": 2000}
    for start in range(0, 200, 20):
        assert append(tmp_path, [make_event(n) for n in range(start, start + 20)], **options) == (20, 0)
    assert len(list(tmp_path.glob("*.jsonl"))) > 3
    assert append(tmp_path, [make_event(n) for n in range(150, 210)], **options) == (10, 50)
    for ids in tmp_path.glob("*.ids"):
        ids.unlink()
    assert append(tmp_path, [make_event(n) for n in range(210)], **options) == (0, 210)
    assert ids_of(tmp_path) == [f"e-{n}" for n in range(210)]


def test_a_torn_tail_is_set_aside_and_its_events_are_new_again(tmp_path: Path) -> None:
    append(tmp_path, [make_event(n, text="é\u2028<b>") for n in range(9)])
    path = tmp_path / "events-000001.jsonl"
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in (*range(last + 1, len(whole), 7), len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert ids_of(tmp_path) == [f"e-{n}" for n in range(8)]
        assert append(tmp_path, [make_event(n, text="é\u2028<b>") for n in range(9)]) == (1, 8)
        assert path.read_bytes() == whole
    assert (tmp_path / "events-000001.torn").stat().st_size > 0
    path.write_bytes(whole[:last] + bytes(len(whole) - last))
    assert append(tmp_path, [make_event(8)]) == (1, 0)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    with pytest.raises(OutputError, match="Another server appends"):
        EventLog(tmp_path)
    asyncio.run(log.close())
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        EventLog(tmp_path / "file")


def test_events_together_are_written_together_and_a_full_disk_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync

    def fsync(file: int) -> None:
        synced.append(file)
        real(file)

    async def go() -> None:
        log = EventLog(tmp_path)
        synced.clear()
        monkeypatch.setattr(event_log.os, "fsync", fsync)
        found = await asyncio.gather(*(log.append([make_event(n), make_event(n // 2)]) for n in range(40)))
        assert sum(written for written, _ in found) == 40
        assert len(synced) <= 3

        def fails(file: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(event_log.os, "fsync", fails)
        with pytest.raises(LogBusy):
            await log.append([make_event(100)])
        monkeypatch.setattr(event_log.os, "fsync", real)
        assert await log.append([make_event(100)]) == (1, 0)
        await log.close()

    asyncio.run(go())
    assert sorted(ids_of(tmp_path)) == sorted({f"e-{n}" for n in [*range(40), 100]})


def test_events_over_http_are_idempotent(served: Served) -> None:
    events = [make_event(n, customer_id="C-1", quantity=2.0) for n in range(3)]
    first = served.client.post("/v1/events", json={"events": [*events, events[0]]})
    assert (first.status_code, first.json()) == (200, {"accepted": 3, "duplicates": 1})
    again = served.client.post("/v1/events", json={"events": events})
    assert again.json() == {"accepted": 0, "duplicates": 3}
    assert "received_at" in next(iter(read_events(served.app.state.events_folder)))


def test_what_was_shown_and_bought_comes_back_as_offers(folder: Path, tmp_path: Path, result: af.Result) -> None:
    customer = result.sample_customer()
    with serving(folder, tmp_path / "events") as served:
        answer = served.ask(customer_id=customer, placement="home", limit=3)
        shown = [item["product_id"] for item in answer["items"]]
        said = {"request_id": answer["request_id"], "customer_id": customer, "placement": "home"}
        events = [{"event_id": f"i{n}", "type": "impression", "product_id": p, **said} for n, p in enumerate(shown)]
        events += [{**events[0], "event_id": "again"}, {"event_id": "guest", "type": "impression", "product_id": shown[0]}]
        held = {"event_id": "held", "type": "impression", "customer_id": customer, "request_id": "0" * 12 + "-c-" + "1" * 16}
        bought = {**said, "event_id": "b", "type": "purchase", "product_id": shown[1], "order_id": "o1"}
        for sent in (events, [held, bought]):
            assert served.client.post("/v1/events", json={"events": sent}).status_code == 200
    for name in ("offers.csv", "offers.parquet"):
        assert export_offers(tmp_path / "events", tmp_path / name) == 4
        offers = af.read_offers(tmp_path / name)
        table = offers.to_pandas()
        assert table["customer_id"].tolist() == [customer] * 4
        assert table["product_id"].tolist()[:3] == shown
        assert table["arm"].tolist() == ["treated"] * 3 + ["control"]
        assert offers.accepted.tolist() == [-1, 1, -1, -1]
        assert table["campaign_id"].tolist()[:3] == ["home"] * 3
        assert (np.diff(offers.offered_at) >= 0).all()


def kill_often(folder: Path, events: Path, kills: int) -> None:
    """Send events to a server that is killed again and again; every acknowledged one is in the log, none twice."""
    random_, acknowledged, sent, stop = random.Random(5), set(), 0, threading.Event()
    for _ in range(kills):
        affinity = str(Path(sys.executable).with_name("affinity"))
        command = [affinity, "serve", str(folder), "--port", "0", "--events", str(events)]
        server = subprocess.Popen([*command, "--quiet", "--rate", "0"], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        stop.clear()
        before = len(acknowledged)

        def send(first: int, url: str = url) -> None:
            with httpx.Client(base_url=url, timeout=5) as client:
                number = first
                while not stop.is_set():
                    batch = [f"k{number + n}" for n in range(random_.randint(1, 20))]
                    body = {"events": [{"event_id": n, "type": "click", "product_id": "p"} for n in [*batch, f"k{first}"]]}
                    try:
                        if client.post("/v1/events", json=body).status_code == 200:
                            acknowledged.update(batch)
                    except httpx.HTTPError:
                        return
                    number += len(batch)

        threads = [threading.Thread(target=send, args=(sent + 100_000 * n,)) for n in range(3)]
        sent += 300_000
        for thread in threads:
            thread.start()
        while len(acknowledged) == before:
            time.sleep(0.002)
        time.sleep(random_.uniform(0.0, 0.25))
        server.send_signal(signal.SIGKILL)
        server.wait()
        stop.set()
        for thread in threads:
            thread.join()
        server.stdout.close()
    found = ids_of(events)
    assert len(acknowledged) > 10 * kills
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))


def test_five_kills_lose_and_double_nothing(folder: Path, tmp_path: Path) -> None:
    kill_often(folder, tmp_path / "events", 5)


@pytest.mark.slow
def test_a_hundred_kills_lose_and_double_nothing(folder: Path, tmp_path: Path) -> None:
    kill_often(folder, tmp_path / "events", 100)


def test_lines_are_plain_json(tmp_path: Path) -> None:
    append(tmp_path, [make_event(1)])
    line = json.loads((tmp_path / "events-000001.jsonl").read_text())
    assert line["event_id"] == "e-1"
