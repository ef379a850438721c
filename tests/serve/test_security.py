"""What must be refused, or be neutral; and what the server says of itself."""

from __future__ import annotations

import functools
import json
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

import affinity as af
from affinity.cli import main
from affinity.errors import InputError, SettingsError
from affinity.release import use_release
from affinity.release.folder import point_to
from affinity.serve.keys import add_key, read_keys
from affinity.serve.limits import TokenBuckets
from affinity.serve.options import ServeOptions, is_loopback
from tests.serve.conftest import Served, run_shop, serving

RECOMMENDATIONS = "/v1/recommendations"


def raw(client: httpx.Client, data: bytes) -> bytes:
    """What the server answers to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=10) as wire:
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        found = b""
        while part := wire.recv(65536):
            found += part
    return found


@pytest.mark.parametrize(
    "path", ["/static/../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "/../manifest.json", "//etc/passwd"]
)
def test_no_path_leads_to_a_file(served: Served, path: str) -> None:
    answer = raw(served.client, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"root:" not in answer
    assert b"passwd" not in answer


def test_headers_and_the_log_take_nothing_from_a_request(served: Served) -> None:
    evil = 'x\r\nSet-Cookie: a=b\n{"what":"forged"}'
    for answer in (
        served.client.get(RECOMMENDATIONS, params={"customer_id": evil}),
        served.client.get(RECOMMENDATIONS, params={"placement": evil, "customer_id": "personal-C-77"}),
        served.client.get(f"/{evil.replace(chr(13), '%0d').replace(chr(10), '%0a')}"),
        served.client.get(RECOMMENDATIONS, headers={"X-Request-Id": "personal-C-77"}, params={"customer_id": "personal-C-77"}),
    ):
        assert "set-cookie" not in answer.headers
    bad = raw(served.client, b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rSet-Cookie: b\r\nConnection: close\r\n\r\n")
    assert b"set-cookie" not in bad.lower()
    lines = [json.loads(line) for line in served.log.getvalue().splitlines()]
    assert {line["what"] for line in lines} <= {"started", "request", "release_switched"}
    assert {tuple(line) for line in lines if line["what"] == "request"} == {("at", "what", "route", "method", "status", "ms")}
    for word in ("forged", "personal", "127.0.0.1"):
        assert word not in served.log.getvalue()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000 + b"]" * 100_000, 422),
        (b'{"filters":' * 20_000 + b"1" + b"}" * 20_000, 422),
        (b'{"product_ids":["' + b"x" * 300_000 + b'"]}', 413),
        (b'{"limit": 1e99}', 422),
        (b'{"limit": 101}', 422),
        (b'{"limit": "many"}', 422),
        (b'{"limit": NaN}', 422),
        (b'{"customer_id": {"$gt": ""}}', 422),
        (b'{"customer_id": "\\ud800"}', 422),
        (b'{"customer_id": "a\\u0000b"}', 422),
        (b'{"product_ids": "one"}', 422),
        (b'{"context": "shelf"}', 422),
        (b'{"context": "product"}', 422),
        (b'{"context": "order_confirmation", "product_ids": []}', 422),
        (b'{"<script>": 1}', 422),
        (b"\xff\xfe", 422),
        (b"", 422),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bodies_that_are_too_large_too_deep_or_wrong(served: Served, body: bytes, status: int) -> None:
    answer = served.client.post(RECOMMENDATIONS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert "script" not in answer.text


def test_sizes_hold_without_a_stated_length(served: Served) -> None:
    def parts() -> Any:
        for _ in range(40):
            yield b"x" * 10_000

    answer = served.client.post(RECOMMENDATIONS, content=parts(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert served.client.get(RECOMMENDATIONS, params={"customer_id": "x" * 9000}).status_code == 414
    assert served.client.get("/v1/health", headers={"X": "y" * 20_000}).status_code == 431
    assert served.client.post("/v1/events", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert served.client.get("/v1/events").status_code == 405
    assert served.client.get(RECOMMENDATIONS, params=[("limit", "1"), ("limit", "2")]).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": "a b"}, {"event_id": ""}, {"type": "refund"}, {"product_id": None}, {"request_id": "forged"},
        {"occurred_at": "yesterday"}, {"occurred_at": "2026-13-41T00:00:00Z"}, {"quantity": -1}, {"rank": 0}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_events_that_are_not_valid_are_refused_whole(served: Served, change: dict[str, Any]) -> None:
    good = {"event_id": "good", "type": "click", "product_id": "p"}
    answer = served.client.post("/v1/events", json={"events": [good, good | {"event_id": "other"} | change]})
    assert answer.status_code == 422
    assert "good" not in (served.app.state.events_folder / "events-000001.jsonl").read_text()


def test_names_with_script_are_only_ever_data(shop: dict[str, Path], tmp_path: Path) -> None:
    products = pd.read_csv(shop["products"], dtype=str)
    products["name"] = "<script>alert(1)</script>"
    run_shop({**shop, "products": products}).publish(tmp_path / "shop")  # type: ignore[dict-item]
    with serving(tmp_path / "shop", tmp_path / "events") as served:
        answer = served.client.get(RECOMMENDATIONS)
        assert answer.json()["items"][0]["name"] == "<script>alert(1)</script>"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_keys_are_needed_kept_as_hashes_and_told_apart(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    key, other = add_key(file, "storefront"), add_key(file, "mail")
    assert key not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="There is a key of 'mail' already"):
        add_key(file, "mail")
    with serving(folder, tmp_path / "events", keys=read_keys(file), rate=0.001, burst=2) as served:
        ask = functools.partial(served.client.get, RECOMMENDATIONS)
        assert ask().status_code == 401
        assert ask(headers={"X-API-Key": key + "x"}).status_code == 401
        assert served.client.get("/metrics").status_code == 401
        assert served.client.post("/v1/events", json={}).status_code == 401
        assert served.client.get("/v1/health").status_code == 200
        assert [ask(headers={"X-API-Key": key}).status_code for _ in range(3)] == [200, 200, 429]
        assert ask(headers={"Authorization": f"Bearer {other}"}).status_code == 200
    file.write_text("storefront nonsense\n")
    with pytest.raises(InputError, match="Line 1 of"):
        read_keys(file)
    file.write_text("# nothing\n")
    with pytest.raises(InputError, match="holds no key"):
        read_keys(file)


def test_a_token_bucket_fills_with_time() -> None:
    now = [0.0]
    buckets = TokenBuckets(2.0, 3, lambda: now[0])
    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b")
    now[0] = 0.5
    assert [buckets.take("a") for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False]


def test_only_this_machine_without_keys(served: Served) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.4", "shop.example"):
        with pytest.raises(SettingsError, match="can be reached from outside, and no API keys"):
            ServeOptions(host=host)
    assert all(is_loopback(host) for host in ("127.0.0.1", "::1", "[::1]", "localhost"))
    assert served.client.get("/v1/health", headers={"Host": "evil.example"}).status_code == 421
    with pytest.raises(SettingsError, match="every web page"):
        ServeOptions(origins=("*",))


def test_origins_are_a_list(served: Served) -> None:
    for origin, allowed in (("https://shop.example", "https://shop.example"), ("https://evil.example", None)):
        answer = served.client.get(RECOMMENDATIONS, headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        wanted = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        assert served.client.options("/v1/events", headers=wanted).headers.get("access-control-allow-origin") == allowed


def test_what_the_server_says_of_itself(served: Served, folder: Path) -> None:
    release = af.open_release(folder)
    assert served.client.get("/v1/health").json() == {"status": "ok", "release": release.id}
    said = served.client.get("/v1/release").json()
    assert (said["release"], said["as_of"], said["rows"]) == (release.id, release.as_of, release.manifest["rows"])
    assert said["contexts"] == ["customer", "product", "cart", "order_confirmation"]
    served.ask()
    text = served.client.get("/metrics").text
    assert f'affinity_release_info{{release="{release.id}"}} 1.0' in text
    assert 'affinity_requests_total{route="/v1/recommendations",status="200"}' in text
    assert "C-1" not in text


def test_a_new_release_is_taken_up_without_a_failed_request(shop: dict[str, Path], tmp_path: Path) -> None:
    home = tmp_path / "shop"
    results = [run_shop(shop, top_k=k) for k in (3, 5)]
    ids = [result.publish(home).name for result in results]
    customer = results[0].sample_customer()
    seen: list[tuple[int, str, int]] = []
    with serving(home, tmp_path / "events") as served:
        stop = threading.Event()

        def ask() -> None:
            with httpx.Client(base_url=served.client.base_url, timeout=30) as client:
                while not stop.is_set():
                    answer = client.get(RECOMMENDATIONS, params={"customer_id": customer})
                    seen.append((answer.status_code, answer.json()["release"], len(answer.json()["items"])))

        thread = threading.Thread(target=ask)
        thread.start()
        for turn in range(6):
            use_release(home, ids[turn % 2])
            while served.client.get("/v1/health").json()["release"] != ids[turn % 2]:
                stop.wait(0.02)
        (home / "releases" / ids[0] / "serving" / "fit_product.npy").write_bytes(b"torn")
        point_to(home, ids[0])
        while "affinity_release_failures 1.0" not in served.client.get("/metrics").text:
            stop.wait(0.02)
        assert served.client.get("/v1/health").json()["release"] == ids[1]
        stop.set()
        thread.join()
    assert set(seen) == {(200, ids[0], 3), (200, ids[1], 5)}


def test_the_command_refuses_what_cannot_be_served(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sys
    from unittest.mock import patch

    def call(*arguments: object) -> str:
        with patch.object(sys, "argv", ["affinity", *map(str, arguments)]), pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 1
        return capsys.readouterr().err

    assert "holds no release" in call("serve", tmp_path, "--events", tmp_path / "log")
    assert "no API keys are given" in call("serve", folder, "--host", "0.0.0.0")
    assert "needs a file" in call("serve", folder, "--new-key", "a")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "cannot be listened on" in call("serve", folder, "--port", port, "--events", tmp_path / "log")
